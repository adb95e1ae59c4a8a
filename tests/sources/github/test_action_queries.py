"""The GraphQL documents of the actions."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import pytest
from graphql import build_schema, parse, validate

from anchor_tui.sources.github.action_queries import (
    ACTION_QUERY_TEXTS,
    BRANCH_QUERY,
    HISTORY_PAGE_QUERY,
    PULL_REQUEST_QUERY,
)
from anchor_tui.sources.github.queries import MORE_CHECKS_QUERY, build_queries
from tests.values import config

GITHUBS_SCHEMA = build_schema(
    (Path(__file__).parents[2] / "data" / "github" / "schema.graphql").read_text(), assume_valid=True
)
SCHEMA = build_schema(resources.files("anchor_tui.sandbox.github").joinpath("schema.graphql").read_text())


@pytest.mark.parametrize("text", sorted(ACTION_QUERY_TEXTS), ids=lambda text: text.split("(")[0])
def test_every_query_is_valid_against_the_schema(text):
    assert validate(SCHEMA, parse(text)) == []


def test_every_query_is_valid_in_githubs_own_schema():
    configured = config()
    polls = build_queries(configured.github, configured.environments, configured.chart).texts
    for text in ACTION_QUERY_TEXTS | polls:
        assert validate(GITHUBS_SCHEMA, parse(text)) == [], text


def test_action_queries_are_registered_and_not_mutations():
    documents = (BRANCH_QUERY, PULL_REQUEST_QUERY, HISTORY_PAGE_QUERY, MORE_CHECKS_QUERY)
    assert {document.text for document in documents} == ACTION_QUERY_TEXTS
    assert not any("mutation" in text for text in ACTION_QUERY_TEXTS)
