"""The required checks of the head."""

from __future__ import annotations

import pytest

from anchor_tui.domain.model import ChecksStatus
from anchor_tui.domain.policy.evidence.facts import Facts
from anchor_tui.domain.policy.registry import CHECKS_BY_ID
from tests.domain.policy.sample_repo import CONFIG
from tests.values import NOW


@pytest.mark.parametrize(
    ("checks", "status"),
    [("success", "pass"), ("none", "pass"), ("failure", "fail"), ("pending", "unknown"), ("unknown", "unknown")],
)
def test_the_head_is_green_after_its_required_checks_passed(checks: ChecksStatus, status: str) -> None:
    assert [finding.status for finding in CHECKS_BY_ID["ci.green"].run(Facts(CONFIG, NOW, ci=checks))] == [status]


def test_a_check_that_needs_a_person_is_named() -> None:
    facts = Facts(CONFIG, NOW, ci="failure", ci_awaiting_person=("approval",))
    (finding,) = CHECKS_BY_ID["ci.green"].run(facts)
    assert "approval needs a person" in finding.message
