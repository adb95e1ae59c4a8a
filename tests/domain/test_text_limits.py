from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anchor_tui.domain.foreign_text import MAX_DISPLAY_LENGTH
from anchor_tui.domain.model import AppId, ApplicationCondition
from anchor_tui.domain.source_data import OpsRepoData
from anchor_tui.domain.text_limits import has_short_texts, iterate_full_texts, limit_text, limit_texts
from tests.values import application, ops_repo, pull_request, release

LONG = "x" * 1_000_096


def test_a_long_text_keeps_its_beginning_and_its_size() -> None:
    assert limit_text(LONG) == "x" * MAX_DISPLAY_LENGTH + "… 996 KB more"


def test_short_values_are_not_copied() -> None:
    value = (application(conditions=(ApplicationCondition("SyncError", "é ✓"),)), release("1.44.0"), None, 7)
    assert limit_texts(value) is value


def test_nested_texts_are_shortened() -> None:
    app = limit_texts(application(images=("short", LONG), conditions=(ApplicationCondition("SyncError", LONG),)))
    assert app.images == ("short", limit_text(LONG))
    assert app.conditions[0].message == limit_text(LONG)


def test_a_shortened_message_is_kept_in_full() -> None:
    condition = limit_texts(ApplicationCondition("SyncError", LONG))
    assert condition.full_message == LONG
    assert limit_texts(condition) is condition
    assert limit_texts(ApplicationCondition("SyncError", "short")).full_message is None


def test_files_and_labels_stay_complete() -> None:
    repo = limit_texts(ops_repo(files={"values.yaml": LONG}, name=LONG))
    assert repo.files["values.yaml"] == LONG
    assert repo.name == limit_text(LONG)


def test_values_in_mappings_are_limited() -> None:
    environments = {"dev": ops_repo().environments["dev"], "prod": ops_repo().environments["prod"]}
    long = {**environments, "prod": environments["prod"].__class__(release=release("1.44.0"), history=())}
    repo: OpsRepoData = limit_texts(ops_repo(environments=long))
    assert repo.environments == long


def test_a_named_tuple_keeps_its_class() -> None:
    assert limit_texts(AppId("argocd", "argocd", LONG)) == AppId("argocd", "argocd", limit_text(LONG))


def test_a_lone_surrogate_becomes_the_replacement_character() -> None:
    assert limit_texts(pull_request(title="caf\udce9")).title == "caf\ufffd"


def test_full_texts_are_found_in_nested_values() -> None:
    conditions = limit_texts((ApplicationCondition("A", LONG), ApplicationCondition("B", "short")))
    assert list(iterate_full_texts((application(conditions=conditions), None))) == [LONG]


PIECES = st.sampled_from(['"', "\\", "\n", "ü", "\ud800", "word ", "x" * 900, "y" * MAX_DISPLAY_LENGTH])
TEXTS = st.lists(PIECES, max_size=9).map("".join)


@given(st.lists(TEXTS, max_size=4), st.booleans())
def test_json_with_short_texts_needs_no_limits(texts: list[str], is_ascii: bool) -> None:
    has_surrogate = "\ud800" in "".join(texts)  # UTF-8 cannot contain one: JSON has it as an escape only
    body = json.dumps(texts, ensure_ascii=is_ascii or has_surrogate).encode()
    if has_short_texts(body):
        assert limit_texts(tuple(texts)) == tuple(texts)


@pytest.mark.parametrize("text", ["short", "two\nlines", 'a "quote"', "x" * MAX_DISPLAY_LENGTH])
def test_many_short_texts_are_recognized(text: str) -> None:
    assert has_short_texts(json.dumps([text] * 50).encode())


@pytest.mark.parametrize("text", ["x" * (MAX_DISPLAY_LENGTH + 1), 'a"b' * 2_000, "\\" * 5_000, "\ud800"])
def test_json_that_may_need_limits_is_recognized(text: str) -> None:
    assert not has_short_texts(json.dumps([text, "x"]).encode())
