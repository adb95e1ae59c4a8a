"""A megabyte in every text of the wire: no text of the snapshot takes long to draw, and messages stay complete."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import msgspec.inspect
import pytest

from anchor_tui.config.model import ApplicationSelector
from anchor_tui.domain.foreign_text import MAX_DISPLAY_LENGTH
from anchor_tui.domain.model import Snapshot
from anchor_tui.domain.readings import Fresh
from anchor_tui.domain.snapshot_builder import SourceReadings, build_snapshot
from anchor_tui.services.observe.policy import PolicyEvaluator
from anchor_tui.sources.argocd.application_api import ApplicationDetail, to_app_state
from anchor_tui.sources.argocd.application_store import ApplicationStore
from anchor_tui.sources.argocd.response import ApiResponse
from anchor_tui.sources.argocd.schema import ApplicationJson
from anchor_tui.sources.errors import ServerError
from anchor_tui.sources.github.response import GraphQLResponse
from anchor_tui.sources.github.schema import PullRequestNode
from tests.sources.github.fakes import (
    FakeGitHub,
    denied_error,
    make_source,
    poll_response,
    pull_request_page,
    tree_entry,
)
from tests.values import NOW, config, environment_config, fresh

LENGTH = 1_000_000
COMPOSED = 3 * MAX_DISPLAY_LENGTH
"""Of a sentence that quotes several foreign texts, such as a reason."""


def fill_type(kind: Any, text: str) -> Any:
    """Return JSON of a type with this text in every text field."""
    match kind:
        case msgspec.inspect.StrType():
            return text
        case msgspec.inspect.UnionType():
            return fill_type(next(t for t in kind.types if not isinstance(t, msgspec.inspect.NoneType)), text)
        case msgspec.inspect.StructType():
            return {field.encode_name: fill_type(field.type, text) for field in kind.fields}
        case msgspec.inspect.ListType():
            return [fill_type(kind.item_type, text)]
        case msgspec.inspect.DictType():
            return {}
        case msgspec.inspect.BoolType():
            return False
        case msgspec.inspect.DateTimeType():
            return "2026-11-23T14:00:00Z"
        case _:
            return 7


def iterate_texts(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Yield every text of a value with the name of its field."""
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, msgspec.Struct):
        for field in value.__struct_fields__:
            yield from iterate_texts(getattr(value, field), field)
    elif isinstance(value, tuple):
        for item in value:
            yield from iterate_texts(item, name)


CONFIG = config(environment_config("prod", applications=ApplicationSelector((("app", "anchor"),))))


@pytest.fixture
async def snapshot() -> Snapshot:
    text = "x" * LENGTH
    item = fill_type(msgspec.inspect.type_info(ApplicationJson), text)
    item["metadata"]["labels"] = {"app": "anchor", "other": text}
    item["metadata"]["name"] = "anchor"
    del item["operation"]
    malformed = {"metadata": {**item["metadata"], "name": text}, "status": {"sync": 7}}
    store = ApplicationStore(CONFIG.servers_in_use[0], CONFIG.environments, lambda: NOW)
    store.apply_list(ApiResponse(msgspec.json.encode({"items": [item, malformed]}), 0.01))
    store.record_stream_failure(ServerError(text), 30)
    pull = fill_type(msgspec.inspect.type_info(PullRequestNode), text)
    release = f"version: {text}\nimages:\n  gateway:\n    repository: {text}\n    tag: {text}\n"
    values = f"gateway:\n  env:\n    CONTROL_CENTER_URL: {text}\n"
    head = {
        "oid": "a" * 40,
        "messageHeadline": text,
        "e0Release": tree_entry(release),
        "e0Values": tree_entry(values),
        "e0Change": {"nodes": [{"oid": text, "author": {"name": text}}]},
    }
    answer = poll_response(head, pull_request_page(pull))
    client = FakeGitHub(Poll=GraphQLResponse(answer, (denied_error(message=text),)))
    github = await make_source(CONFIG, client).read()
    assert isinstance(github, Fresh)
    readings = SourceReadings(argocd={"argocd": fresh(store.data, problems=store.problems)}, github=github)
    return build_snapshot(CONFIG, readings, NOW, PolicyEvaluator(CONFIG).evaluate(readings, NOW))


async def test_no_displayed_text_is_long(snapshot: Snapshot) -> None:
    texts = list(iterate_texts(snapshot))
    long = {name for name, text in texts if len(text) > COMPOSED and name != "full_message"}
    assert max(len(text) for name, text in texts) >= LENGTH
    assert long == set()


async def test_a_long_message_stays_complete_beside_its_beginning(snapshot: Snapshot) -> None:
    (app, _) = sorted(snapshot.environments[0].applications, key=lambda app: len(app.name))
    assert app.conditions[0].full_message == "x" * LENGTH
    assert app.operation is not None
    assert app.operation.full_message == "x" * LENGTH
    assert app.unhealthy[0].full_message == "x" * LENGTH
    assert app.conditions[0].message.endswith("… 996 KB more")


def test_the_state_that_an_action_reads_is_limited() -> None:
    text = "x" * LENGTH
    item = fill_type(msgspec.inspect.type_info(ApplicationDetail), text)
    item = item | {"metadata": {"name": "anchor"}, "spec": {"project": text}}
    state = to_app_state(ApiResponse(msgspec.json.encode(item), 0.01), "argocd", "")
    assert state.operation is not None
    assert state.operation.message.endswith("… 996 KB more")
    assert {name for name, found in iterate_texts(state) if len(found) > 2 * MAX_DISPLAY_LENGTH} == {"full_message"}
