"""The variables and secrets of the repositories."""

from __future__ import annotations

from typing import Any

import pytest

from anchor_tui.domain.policy.evidence.facts import MissingEvidence, RepositorySettings
from tests.domain.policy.checks.check_runs import check_facts
from tests.values import replace

NO_RIGHT = MissingEvidence("the token may not list them: it needs Secrets: read")


def ops(**changes: Any) -> RepositorySettings:
    base = RepositorySettings(
        "anchor/anchor-msp-ops", {"ENGINE_ID": "anchor-msp"}, frozenset({"STATUS_API_URL", "STATUS_API_TOKEN"})
    )
    return replace(base, **changes)


@pytest.mark.parametrize(
    ("settings", "statuses", "words"),
    [
        (ops(), ["pass"], "ENGINE_ID of anchor/anchor-msp-ops is anchor-msp"),
        (ops(secrets=NO_RIGHT), ["unknown"], "it needs Secrets: read"),
        (ops(variables=NO_RIGHT, secrets=frozenset()), ["fail", "fail"], "has no secret STATUS_API_URL"),
        (ops(variables={}), ["fail"], "has no variable ENGINE_ID"),
        (ops(variables={"ENGINE_ID": "other"}), ["fail"], "is other, but the configuration has anchor-msp"),
        (
            ops(variables={"ENGINE_ID": "anchor-msp", "STATUS_API_TOKEN": "x"}, secrets=frozenset({"STATUS_API_URL"})),
            ["fail"],
            "only a variable of that name",
        ),
        (NO_RIGHT, ["unknown"], "it needs Secrets: read"),
    ],
)
def test_settings_are_compared_by_name(settings: Any, statuses: list[str], words: str) -> None:
    found = check_facts("settings.ops-repo", ops_settings=settings)

    assert [finding.status for finding in found] == statuses
    assert words in found[0].message


def test_the_app_repo_names_the_ops_repo_in_any_case() -> None:
    names = frozenset({"STATUS_API_URL", "STATUS_API_TOKEN", "OPS_REPO_PAT"})
    good = {"ENGINE_ID": "anchor-msp", "OPS_REPO": "Anchor/Anchor-MSP-Ops"}
    app = RepositorySettings("anchor/anchor-msp", good, names)

    assert [finding.status for finding in check_facts("settings.app-repo", app_settings=app)] == ["pass"]
    wrong = replace(app, variables={**good, "OPS_REPO": "anchor/other"})
    assert [finding.status for finding in check_facts("settings.app-repo", app_settings=wrong)] == ["fail"]


def test_a_variable_of_a_github_environment_counts() -> None:
    only = ops(variables={}, environment_variables={"prod": {"ENGINE_ID": "anchor-msp"}})
    assert [finding.status for finding in check_facts("settings.ops-repo", ops_settings=only)] == ["pass"]
    other = ops(environment_variables={"prod": {"ENGINE_ID": "other"}})
    assert [finding.status for finding in check_facts("settings.ops-repo", ops_settings=other)] == ["fail"]
