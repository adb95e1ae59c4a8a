"""The state of a commit's checks: the newest run of each name and app counts."""

from __future__ import annotations

from datetime import timedelta

import pytest

from anchor_tui.sources.github.check_results import (
    CheckResults,
    newest_checks,
    summarize_required_checks,
    summarize_rollup,
)
from anchor_tui.sources.github.schema import (
    BranchRef,
    CheckApp,
    CheckContext,
    CheckContexts,
    CheckRollup,
    CheckSuite,
    PageInfo,
    RequiredCheck,
    convert_json,
)
from tests.values import NOW

ACTIONS, OTHER_APP = 15368, 240117


def test_required_checks_come_from_protection_and_rulesets():
    ref = convert_json(
        {
            "refUpdateRule": {"requiredStatusCheckContexts": ["ci", "classic", None]},
            "rules": {
                "nodes": [
                    {"parameters": None},
                    {"parameters": {}},
                    {
                        "parameters": {
                            "requiredStatusChecks": [{"context": "lint"}, {"context": "ci", "integrationId": 7}]
                        }
                    },
                ]
            },
        },
        BranchRef,
    )
    assert ref.required_checks == {RequiredCheck("ci", 7), RequiredCheck("lint"), RequiredCheck("classic")}
    assert not ref.is_rule_list_cut
    assert convert_json({"refUpdateRule": None, "rules": None}, BranchRef).required_checks == frozenset()


@pytest.mark.parametrize("rules", [{"nodes": [None]}, {"nodes": [], "pageInfo": {"hasNextPage": True}}])
def test_hidden_rules_and_further_rules_are_noticed(rules):
    assert convert_json({"rules": rules}, BranchRef).is_rule_list_cut


def checks(*contexts: CheckContext | None, state: str = "FAILURE", more: bool = False) -> CheckRollup:
    return CheckRollup(state, CheckContexts(list(contexts), PageInfo(more, "cursor" if more else None)))


def run(conclusion: str | None, minute: int = 0, *, name: str = "ci", app: int | None = ACTIONS) -> CheckContext:
    """A run that starts at a minute and takes ten; without a conclusion it is in progress."""
    started_at = NOW + timedelta(minutes=minute)
    return CheckContext(
        name=name,
        status="COMPLETED" if conclusion else "IN_PROGRESS",
        conclusion=conclusion,
        started_at=started_at,
        completed_at=started_at + timedelta(minutes=10) if conclusion else None,
        check_suite=CheckSuite(CheckApp(app, f"app-{app}")),
    )


GREEN = CheckContext(name="ci", status="COMPLETED", conclusion="SUCCESS")
RED = CheckContext(name="ci", status="COMPLETED", conclusion="FAILURE")


def required_state(rollup: CheckRollup | None, *names: str) -> str:
    return summarize_required_checks(rollup, frozenset(map(RequiredCheck, names)), denied=False).state


def test_a_malformed_check_leaves_the_state_unknown():
    nodes = [{"name": "ci", "status": "COMPLETED", "conclusion": "SUCCESS"}, {"name": 7}]
    rollup = convert_json({"state": "FAILURE", "contexts": {"nodes": nodes}}, CheckRollup)
    assert required_state(rollup, "ci") == "unknown"


@pytest.mark.parametrize(
    ("rollup", "required", "state"),
    [
        (checks(GREEN), ["ci"], "success"),
        (checks(GREEN), [], "none"),
        (checks(GREEN, CheckContext(context="lint", state="FAILURE")), ["ci"], "success"),
        (checks(GREEN, CheckContext(context="lint", state="FAILURE")), ["ci", "lint"], "failure"),
        (checks(GREEN), ["ci", "lint"], "pending"),
        (checks(GREEN, None), ["ci"], "unknown"),
        (checks(CheckContext(name="ci", status="IN_PROGRESS")), ["ci"], "pending"),
        (checks(CheckContext(name="ci", status="COMPLETED", conclusion="NEW_WORD")), ["ci"], "unknown"),
        (CheckRollup("FAILURE", None), ["ci"], "unknown"),
        (None, ["ci"], "pending"),
    ],
)
def test_only_the_required_checks_count(rollup, required, state):
    assert required_state(rollup, *required) == state


def test_denied_checks_are_unknown():
    assert summarize_required_checks(checks(GREEN), frozenset({RequiredCheck("ci")}), denied=True).state == "unknown"


# --- superseded runs ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("runs", "state"),
    [
        ([run("FAILURE", 0), run("SUCCESS", 20)], "success"),
        ([run("CANCELLED", 0), run("SUCCESS", 5)], "success"),
        ([run("STALE", 0), run("SUCCESS", 20)], "success"),
        ([run("SUCCESS", 0), run("FAILURE", 20)], "failure"),
        ([run("SUCCESS", 0), run(None, 20)], "pending"),
        ([run("FAILURE", 0), run(None, 20)], "pending"),
        ([run("FAILURE", 0), CheckContext("ci", "QUEUED", check_suite=run(None).check_suite)], "pending"),
    ],
)
def test_the_newest_run_of_a_check_counts(runs, state):
    for given in (runs, runs[::-1]):
        assert required_state(checks(*given), "ci") == state
        assert summarize_rollup(checks(*given), denied=False).state == state


def test_runs_in_an_unknown_order_all_count():
    assert newest_checks([RED, GREEN]) == (RED, GREEN)
    assert required_state(checks(RED, GREEN), "ci") == required_state(checks(GREEN, RED), "ci") == "failure"


def test_each_app_has_its_own_newest_run():
    rollup = checks(run("FAILURE", 0, app=OTHER_APP), run("SUCCESS", 20))
    assert summarize_rollup(rollup, denied=False) == CheckResults("failure", ("ci",))
    assert required_state(rollup, "ci") == "failure"


@pytest.mark.parametrize(("app", "state"), [(ACTIONS, "success"), (OTHER_APP, "failure"), (99, "pending")])
def test_a_rule_can_name_the_app_that_has_to_report(app, state):
    rollup = checks(run("FAILURE", 20, app=OTHER_APP), run("SUCCESS", 0))
    assert summarize_required_checks(rollup, frozenset({RequiredCheck("ci", app)}), denied=False).state == state


@pytest.mark.parametrize("conclusion", ["SUCCESS", "NEUTRAL", "SKIPPED"])
def test_neutral_and_skipped_checks_pass(conclusion):
    assert required_state(checks(run(conclusion)), "ci") == "success"


@pytest.mark.parametrize(
    "conclusion", ["ACTION_REQUIRED", "CANCELLED", "FAILURE", "STALE", "STARTUP_FAILURE", "TIMED_OUT"]
)
def test_every_other_conclusion_fails(conclusion):
    found = summarize_rollup(checks(run(conclusion)), denied=False)
    assert (found.state, found.failed) == ("failure", ("ci",))
    assert found.needs_person == (("ci",) if conclusion == "ACTION_REQUIRED" else ())


def test_an_expected_status_is_pending():
    assert summarize_rollup(checks(CheckContext(context="ci", state="EXPECTED")), denied=False).pending == ("ci",)


# --- incomplete lists ---------------------------------------------------------------------------------


@pytest.mark.parametrize("conclusion", ["SUCCESS", "FAILURE", None])
def test_with_checks_missing_the_state_is_unknown(conclusion):
    cut = checks(run(conclusion), more=True)
    assert required_state(cut, "ci") == "unknown"
    assert summarize_rollup(cut, denied=False) == CheckResults("unknown")


def test_github_knows_that_all_of_many_checks_passed():
    cut = checks(run("SUCCESS"), state="SUCCESS", more=True)
    assert summarize_rollup(cut, denied=False).state == "success"


@pytest.mark.parametrize(
    ("rollup", "denied", "state"),
    [
        (None, False, "none"),
        (None, True, "unknown"),
        (CheckRollup("SUCCESS", None), False, "success"),
        (CheckRollup("FAILURE", CheckContexts([None])), False, "failure"),
        (CheckRollup(None, None), False, "unknown"),
    ],
)
def test_without_readable_checks_githubs_own_state_is_used(rollup, denied, state):
    assert summarize_rollup(rollup, denied=denied).state == state
