"""A fault of ours in one rule is an unknown finding: it ends nothing and hides nothing."""

from __future__ import annotations

from msgspec.structs import replace

from anchor_tui.domain.policy.check import Check
from anchor_tui.domain.policy.facts import Facts
from anchor_tui.domain.policy.registry import BY_ID
from tests.values import NOW, config


def test_a_rule_that_breaks_is_unknown_and_says_that_the_fault_is_ours():
    def broken(_facts, _evidence):
        raise KeyError("very-secret")

    check = BY_ID["ci.green"]
    rule = replace(check, judge=broken) if not isinstance(check, Check) else _with_judge(check, broken)
    (finding,) = rule.run(Facts(config(), NOW))
    assert finding.status == "unknown"
    assert finding.message == "a fault in anchor-tui: KeyError"


def _with_judge(check, judge):
    fields = {name: getattr(check, name) for name in check.__struct_fields__}
    return Check(**{**fields, "judge": judge})
