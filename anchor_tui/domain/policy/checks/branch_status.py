"""The branch that Argo CD follows is green."""

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
            yield passed(f"the required checks of {branch}'s head passed")
        case "none":
            yield passed(f"no check is required on {branch}")
        case "failure":
            yield failed(f"the required checks of {branch}'s head failed")
        case "pending":
            yield unknown(f"the required checks of {branch}'s head are still running")
        case "unknown":
            yield unknown(f"GitHub does not tell the required checks of {branch}'s head")
        case _:
            assert_never(checks)


CHECKS = (
    Check(
        id="ci.green",
        title="The branch's head is green",
        level="warning",
        rules=(),
        evidence=("ci",),
        section="Promotion model",
        why="Ops sync workflow validates release contract alignment with Helm overlays.",
        fix="look at the failed check, and mend the branch before the next promotion",
        evaluate=_check_branch_status,
    ),
)
