"""An internal error in one check does not stop the other checks."""

from __future__ import annotations

from anchor_tui.domain.policy.evidence.facts import Facts
from anchor_tui.domain.policy.registry import CHECKS_BY_ID
from tests.values import NOW, config, replace


def test_an_internal_error_in_a_check_is_unknown():
    def broken(_facts, _evidence):
        raise KeyError("very-secret")

    (finding,) = replace(CHECKS_BY_ID["ci.green"], evaluate=broken).run(Facts(config(), NOW))
    assert finding.status == "unknown"
    assert finding.message == "internal error in anchor-tui: KeyError"
