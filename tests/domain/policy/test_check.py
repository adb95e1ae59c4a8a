"""A fault of ours in one rule is an unknown finding: it ends nothing and hides nothing."""

from __future__ import annotations

from anchor_tui.domain.policy.evidence.facts import Facts
from anchor_tui.domain.policy.registry import CHECKS_BY_ID
from tests.values import NOW, config, replace


def test_a_rule_that_breaks_is_unknown_and_says_that_the_fault_is_ours():
    def broken(_facts, _evidence):
        raise KeyError("very-secret")

    (finding,) = replace(CHECKS_BY_ID["ci.green"], judge=broken).run(Facts(config(), NOW))
    assert finding.status == "unknown"
    assert finding.message == "internal error in anchor-tui: KeyError"
