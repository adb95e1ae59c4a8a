"""Checks of a checkout itself: a pull request must not switch off the checks that are run on it.

They are run by `anchor-tui check` only. On the servers, evidence may be missing because a source is down.
"""

from __future__ import annotations

from collections.abc import Iterator

from anchor_tui.domain.helm.value_layers import SourceLocation
from anchor_tui.domain.model import EvidenceKind
from anchor_tui.domain.policy.check import Check, CheckOutcome, failed, passed
from anchor_tui.domain.policy.evidence.facts import Facts, require


def _check_required_files(facts: Facts, _evidence: EvidenceKind) -> Iterator[CheckOutcome]:
    defects = require(facts.file_defects)
    for defect in defects:
        yield failed(defect.reason, defect.location)
    if not defects:
        yield passed("every required file exists and can be read")


def _check_configuration(facts: Facts, _evidence: EvidenceKind) -> Iterator[CheckOutcome]:
    change = require(facts.config_change)
    location = SourceLocation(change.file)
    if not change.is_changed:
        yield passed(f"{change.file} is the same as on {change.base}", location)
    elif change.relaxations:
        yield failed(f"{change.file} differs from {change.base}: it {'; it '.join(change.relaxations)}", location)
    else:
        yield failed(f"{change.file} differs from {change.base}; no check is relaxed", location, level="warning")


CHECKS = (
    Check(
        id="checkout.required-files",
        title="Required files exist and can be read",
        level="error",
        rules=("dev", "staging", "prod"),
        evidence=("git",),
        section="Promotion model",
        why="Ops sync workflow validates release contract alignment with Helm overlays.",
        fix="restore the file, or correct it",
        evaluate=_check_required_files,
    ),
    Check(
        id="checkout.configuration",
        title="The configuration of the checks is that of the base branch",
        level="error",
        rules=(),
        evidence=("git",),
        section="Promotion model",
        why="Ops sync workflow validates release contract alignment with Helm overlays.",
        fix="undo the change, or merge it after its own review; [policy] disable does not apply to this check",
        evaluate=_check_configuration,
        can_be_disabled=False,
    ),
)
