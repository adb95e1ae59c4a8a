"""Check that the required checks of the branch's head have passed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from anchor_tui.domain.model import ChecksStatus, EvidenceKind
from anchor_tui.domain.policy.check import Check, CheckOutcome, failed, passed, unknown
from anchor_tui.domain.policy.evidence.facts import Facts, require


def _check_branch_status(facts: Facts, _evidence: EvidenceKind) -> Iterator[CheckOutcome]:
    branch = facts.config.github.branch
    checks: ChecksStatus = require(facts.ci)
    match checks:
        case "success":
            yield passed(f"the required checks of the head of {branch} passed")
        case "none":
            yield passed(f"{branch} has no required checks")
        case "failure":
            waiting = "".join(f"; {name} needs a person: act on it on GitHub" for name in facts.ci_awaiting_person)
            yield failed(f"the required checks of the head of {branch} failed{waiting}")
        case "pending":
            yield unknown(f"the required checks of the head of {branch} are still running")
        case "unknown":
            yield unknown(f"GitHub does not report the required checks of the head of {branch}")
        case _:
            assert_never(checks)


CHECKS = (
    Check(
        id="ci.green",
        title="The head of the branch is green",
        level="warning",
        rules=(),
        evidence=("ci",),
        section="Promotion model",
        why="Ops sync workflow validates release contract alignment with Helm overlays.",
        fix="look at the failed check and fix the branch before the next promotion",
        evaluate=_check_branch_status,
    ),
)
