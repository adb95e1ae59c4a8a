"""The snapshot contract: lossless, valid by its own schema, with stable keys."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from anchor_tui.domain.model import Snapshot
from anchor_tui.services.snapshot_json import (
    SCHEMA,
    SnapshotFormatError,
    snapshot_from_document,
    snapshot_from_json,
    snapshot_schema,
    snapshot_to_document,
    snapshot_to_json,
)
from tests import golden, rich

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    str: TEXT,
    bool: st.booleans(),
    int: st.integers(-(2**53), 2**53),
    float: st.floats(allow_nan=False, allow_infinity=False),
    datetime: st.datetimes(timezones=st.just(UTC)),
    NoneType: st.none(),
}


def values_of(kind: Any) -> st.SearchStrategy[Any]:
    """Return a strategy for any value of a type of the model."""
    if kind in PLAIN:
        return PLAIN[kind]
    if get_origin(kind) is Annotated:
        return values_of(get_args(kind)[0])
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return st.one_of([values_of(argument) for argument in arguments])
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin is tuple and ... not in arguments:
        return st.tuples(*map(values_of, arguments))
    if origin is tuple:
        return st.lists(values_of(arguments[0]), max_size=2).map(tuple)
    if issubclass(kind, Enum):
        return st.sampled_from(list(kind))
    return st.builds(kind, **{name: values_of(hint) for name, hint in get_type_hints(kind).items()})


VALIDATOR = jsonschema_rs.validator_for(snapshot_schema(), validate_formats=True)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(values_of(Snapshot))
def test_a_written_snapshot_is_valid_and_read_back_equal(snapshot: Snapshot) -> None:
    text = snapshot_to_json(snapshot)
    assert snapshot_from_json(text) == snapshot
    assert snapshot_from_json(text.decode()) == snapshot
    assert snapshot_to_json(snapshot_from_json(text)) == text
    VALIDATOR.validate(json.loads(text))


def test_the_rich_snapshot_matches_the_golden_document() -> None:
    golden.assert_matches_file(
        Path(__file__).parent / "golden" / "snapshot.json", snapshot_to_json(rich.snapshot()).decode()
    )


def test_the_golden_document_is_read_as_the_rich_snapshot() -> None:
    assert snapshot_from_json((Path(__file__).parent / "golden" / "snapshot.json").read_bytes()) == rich.snapshot()


PROBLEM = "subject, kind, message, file, line, column, full_message"
FINDING = (
    "check, title, level, status, evidence, message, fix, file, line, column, resource, since, pending, full_message, "
    "first_seen, since_pull_request"
)
FIRST_SEEN = {"at", "observed_start", "continuous"}
REF = {"number", "title", "url"}
PULL = (
    "number, title, url, kind, environments, version, draft, author, labels, head_sha, checks, review, mergeable, "
    "created_at"
)
METRIC = {"state", "unit", "count", "value", "percentile_90", "excluded", "reason", "basis"}
VERDICT = {"level", "reasons", "cause"}


def keys(text: str) -> set[str]:
    return set(text.split(", "))


CONTRACT: dict[str, set[str]] = {
    "": keys(
        "schema, taken_at, engine_id, read_only, verdict, problems, findings, pull_requests, sources, environments"
    ),
    "verdict": VERDICT,
    "problems": keys(PROBLEM),
    "findings": keys(FINDING),
    "pull_requests": keys(PULL),
    "sources": keys("id, kind, url, version, state, taken_at, age_s, error, latency_ms, budget"),
    "sources.error": {"kind", "message"},
    "sources.budget": keys("limit, remaining, cost, reset_at"),
    "environments": keys(
        "name, rules, tier, protected, source, verdict, problems, release, applications, position, last_known_good, "
        "findings, pull_requests, delivery, verdicts"
    ),
    "environments.delivery": keys(
        "days, since, until, watched_s, deployment_frequency, lead_time, change_failure_rate, time_to_restore"
    ),
    "environments.delivery.deployment_frequency": METRIC,
    "environments.delivery.lead_time": METRIC,
    "environments.delivery.change_failure_rate": METRIC,
    "environments.delivery.time_to_restore": METRIC,
    "environments.verdicts": {"verdict", "since", "until"},
    "environments.applications.sync_seen": FIRST_SEEN,
    "environments.applications.health_seen": FIRST_SEEN,
    "environments.findings.first_seen": FIRST_SEEN,
    "findings.first_seen": FIRST_SEEN,
    "environments.verdict": VERDICT,
    "environments.problems": keys(PROBLEM),
    "environments.release": keys("version, commit, released, images, changed_at, changed_by, pull_request"),
    "environments.release.images": keys("name, repository, tag, digest"),
    "environments.release.pull_request": REF,
    "environments.applications": keys(
        "source, namespace, name, project, url, presence, sync, health, health_since, target_revision, "
        "compared_revision, synced_revision, synced_at, automated, operation, conditions, images, prunable, unhealthy, "
        "resources, reconciled_at, problems, diagnosis, sync_seen, health_seen, labels"
    ),
    "environments.applications.automated": keys("enabled, prune, self_heal"),
    "environments.applications.operation": keys(
        "phase, message, started_at, finished_at, initiated_by, revision, full_message"
    ),
    "environments.applications.conditions": {"type", "message", "full_message"},
    "environments.applications.prunable": keys("group, kind, namespace, name, kept"),
    "environments.applications.unhealthy": keys("group, kind, namespace, name, health, message, full_message"),
    "environments.applications.resources": keys("total, out_of_sync, unhealthy"),
    "environments.applications.problems": keys(PROBLEM),
    "environments.applications.diagnosis": keys("cause, rule, resource, blocking, since, evidence, next_step, also"),
    "environments.position": keys("state, environment, versions, pull_requests, since"),
    "environments.position.pull_requests": REF,
    "environments.last_known_good": {"version", "seen_at"},
    "environments.findings": keys(FINDING),
    "environments.pull_requests": keys(PULL),
}


def required_keys(name: str) -> dict[str, set[str]]:
    """Return the keys that the schema requires, by their path."""
    definitions = snapshot_schema()["$defs"]
    found: dict[str, set[str]] = {}

    def walk(path: str, part: Any) -> None:
        if "$ref" in part:
            definition = definitions[part["$ref"].rpartition("/")[2]]
            if "properties" in definition:
                optional = {"labels"} if path == "environments.applications" else set()
                assert set(definition["required"]) == set(definition["properties"]) - optional
                found[path] = set(definition["properties"])
                for key, value in definition["properties"].items():
                    walk(f"{path}.{key}".strip("."), value)
        for alternative in part.get("anyOf", ()):
            walk(path, alternative)
        if isinstance(part.get("items"), dict):
            walk(path, part["items"])

    walk("", {"$ref": name})
    return found


def test_the_schema_requires_exactly_the_contracts_keys() -> None:
    assert required_keys("#/$defs/Snapshot") == CONTRACT


def test_a_document_without_the_newest_keys_is_read() -> None:
    document = snapshot_to_document(rich.snapshot())
    del document["verdict"]["cause"]
    assert snapshot_from_document(document).verdict.cause is None


def test_the_schema_describes_the_last_known_good_release() -> None:
    described = snapshot_schema()["$defs"]["Environment"]["properties"]["last_known_good"]["description"]
    assert described.startswith("The release that was last observed Synced and Healthy")


def test_a_document_without_later_keys_is_read() -> None:
    document = snapshot_to_document(rich.snapshot())
    for environment in document["environments"]:
        for finding in environment["findings"]:
            del finding["pending"]
    assert snapshot_from_document(document) == rich.snapshot()


def test_the_schema_describes_arrays_and_times() -> None:
    snapshot = snapshot_schema()["$defs"]["Snapshot"]["properties"]
    assert snapshot["schema"] == {"const": SCHEMA}
    assert snapshot["taken_at"] == {"type": "string", "format": "date-time"}
    assert snapshot["sources"]["type"] == "array"


def test_labels_are_omitted_if_there_are_none() -> None:
    document = snapshot_to_document(rich.snapshot())
    written = [app.get("labels") for environment in document["environments"] for app in environment["applications"]]
    assert [["team", "payments"], ["tier", "prod"]] in written
    assert None in written
    assert [] not in written


def test_absent_values_are_null_and_times_are_utc() -> None:
    document = json.loads(snapshot_to_json(rich.snapshot()))
    assert document["taken_at"] == "2026-11-23T14:02:31Z"
    assert document["environments"][1]["last_known_good"] is None
    assert document["environments"][0]["applications"][0]["operation"]["finished_at"] is None


def document() -> dict[str, Any]:
    return json.loads(snapshot_to_json(rich.snapshot()))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda it: it.pop("taken_at"), "taken_at"),
        (lambda it: it.update(taken_at="yesterday"), "$.taken_at"),
        (lambda it: it.update(taken_at="2026-11-23T14:02:31"), "$.taken_at"),
        (lambda it: it["environments"][1].update(name=7), "$.environments[1].name"),
        (lambda it: it["environments"][0]["verdict"].update(level="splendid"), "$.environments[0].verdict.level"),
        (lambda it: it["sources"][0].update(kind="gitlab"), "$.sources[0].kind"),
        (lambda it: it.update(schema="anchor-tui/snapshot/v2"), "its schema is 'anchor-tui/snapshot/v2'"),
        (lambda it: it.pop("schema"), "its schema is None"),
    ],
)
def test_the_error_of_a_broken_document_names_the_place(change: Any, words: str) -> None:
    broken = document()
    change(broken)
    with pytest.raises(SnapshotFormatError) as caught:
        snapshot_from_document(broken)
    assert words in str(caught.value)
    assert not VALIDATOR.is_valid(broken)


@pytest.mark.parametrize("text", [b"", b"{", b"null", b"[]", b"7", b'"x"', b"\xff\xfe", b'{"schema": 1}'])
def test_other_documents_are_refused(text: bytes) -> None:
    with pytest.raises(SnapshotFormatError):
        snapshot_from_json(text)


def test_the_plain_document_equals_the_json() -> None:
    assert json.loads(json.dumps(snapshot_to_document(rich.snapshot()))) == json.loads(
        snapshot_to_json(rich.snapshot())
    )


def test_the_json_contains_no_terminal_controls() -> None:
    foreign = "\x1b[31m \x7f \x9b31m \x85 \u2028 \u202e é ✓"
    snapshot = replace(rich.snapshot(), engine_id=foreign)
    text = snapshot_to_json(snapshot).decode()
    assert all(char.isprintable() or char == "\n" for char in text)
    assert "é ✓" in text
    assert snapshot_from_json(text) == snapshot
