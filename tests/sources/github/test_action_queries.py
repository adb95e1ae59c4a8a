"""The GraphQL documents of the actions."""

from __future__ import annotations

from importlib import resources

import pytest
from graphql import build_schema, parse, validate

from anchor_tui.sources.github.action_queries import (
    ACTION_QUERY_TEXTS,
    BRANCH_QUERY,
    HISTORY_PAGE_QUERY,
    PULL_REQUEST_QUERY,
)

SCHEMA = build_schema(resources.files("anchor_tui.sandbox").joinpath("schema.graphql").read_text())


@pytest.mark.parametrize("text", sorted(ACTION_QUERY_TEXTS), ids=lambda text: text.split("(")[0])
def test_every_query_is_valid_against_the_schema(text):
    assert validate(SCHEMA, parse(text)) == []


def test_action_queries_are_registered_and_not_mutations():
    assert {BRANCH_QUERY.text, PULL_REQUEST_QUERY.text, HISTORY_PAGE_QUERY.text} == ACTION_QUERY_TEXTS
    assert not any("mutation" in text for text in ACTION_QUERY_TEXTS)
