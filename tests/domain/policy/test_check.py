"""An internal error in one check does not stop the other checks."""

from __future__ import annotations

import pytest

from anchor_tui.domain.policy import check
from anchor_tui.domain.policy.check import passed
from anchor_tui.domain.policy.evidence.facts import Facts
from anchor_tui.domain.policy.registry import CHECKS_BY_ID
from tests.values import NOW, config, replace


@pytest.mark.parametrize("fault", [RecursionError, OverflowError, TypeError, UnicodeEncodeError])
def test_any_fault_in_a_check_is_its_unknown_finding(fault):
    def broken(_facts, _evidence):
        yield passed("the first file is correct")
        raise fault("utf-8", "\ud800", 0, 1, "very-secret")

    (finding,) = replace(CHECKS_BY_ID["ci.green"], evaluate=broken).run(Facts(config(), NOW))
    assert (finding.check, finding.status) == ("ci.green", "unknown")
    assert finding.message == f"internal error in anchor-tui: {fault.__name__}"


def test_a_fault_after_the_evaluation_is_unknown_too(monkeypatch):
    def fail(*_arguments):
        raise RecursionError

    monkeypatch.setattr(check, "_unreadable_parts", fail)
    (finding,) = CHECKS_BY_ID["ci.green"].run(Facts(config(), NOW, ci="success"))
    assert finding.status == "unknown"


def test_an_internal_error_in_a_check_is_unknown():
    def broken(_facts, _evidence):
        raise KeyError("very-secret")

    (finding,) = replace(CHECKS_BY_ID["ci.green"], evaluate=broken).run(Facts(config(), NOW))
    assert finding.status == "unknown"
    assert finding.message == "internal error in anchor-tui: KeyError"
