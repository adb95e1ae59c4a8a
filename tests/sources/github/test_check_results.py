"""GitHub's responses as the domain's values."""

from __future__ import annotations

import pytest

from anchor_tui.sources.github.conversion import summarize_required_checks
from anchor_tui.sources.github.schema import BranchRef, CheckContext, CheckContexts, CheckRollup, convert_json


def test_required_checks_come_from_protection_and_rulesets():
    ref = convert_json(
        {
            "refUpdateRule": {"requiredStatusCheckContexts": ["ci", None]},
            "rules": {
                "nodes": [
                    None,
                    {"parameters": None},
                    {"parameters": {}},
                    {"parameters": {"requiredStatusChecks": [{"context": "lint"}, {"context": "ci"}]}},
                ]
            },
        },
        BranchRef,
    )
    assert ref.required_check_names == {"ci", "lint"}
    assert convert_json({"refUpdateRule": None, "rules": None}, BranchRef).required_check_names == frozenset()


def checks(*contexts: CheckContext | None) -> CheckRollup:
    return CheckRollup("SUCCESS", CheckContexts(list(contexts)))


GREEN = CheckContext(name="ci", status="COMPLETED", conclusion="SUCCESS")


@pytest.mark.parametrize(
    ("rollup", "required", "state"),
    [
        (checks(GREEN), {"ci"}, "success"),
        (checks(GREEN), set(), "none"),
        (checks(GREEN, CheckContext(context="lint", state="FAILURE")), {"ci"}, "success"),
        (checks(GREEN, CheckContext(context="lint", state="FAILURE")), {"ci", "lint"}, "failure"),
        (checks(CheckContext(name="ci", status="COMPLETED", conclusion="FAILURE"), GREEN), {"ci"}, "failure"),
        (checks(GREEN, None), {"ci", "lint"}, "pending"),
        (checks(CheckContext(name="ci", status="IN_PROGRESS")), {"ci"}, "pending"),
        (checks(CheckContext(name="ci", status="COMPLETED", conclusion="SKIPPED")), {"ci"}, "success"),
        (checks(CheckContext(name="ci", status="COMPLETED", conclusion="NEW_WORD")), {"ci"}, "unknown"),
        (CheckRollup("FAILURE", None), {"ci"}, "unknown"),
        (None, {"ci"}, "pending"),
    ],
)
def test_only_the_required_checks_count(rollup, required, state):
    assert summarize_required_checks(rollup, frozenset(required), denied=False) == state


def test_denied_checks_are_unknown():
    assert summarize_required_checks(checks(GREEN), frozenset({"ci"}), denied=True) == "unknown"
