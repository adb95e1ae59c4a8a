"""All facts → all findings: every check that an environment's rules name, disabled ones shown as skipped."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from msgspec.structs import replace

from anchor_tui.config.model import Config
from anchor_tui.domain.kubernetes.workloads import Manifests
from anchor_tui.domain.model import Finding, ValueObject
from anchor_tui.domain.policy.check import Check
from anchor_tui.domain.policy.evidence.facts import Facts, NotApplicable
from anchor_tui.domain.policy.registry import CHECKS
from anchor_tui.domain.policy.waivers import apply_waiver

ASLEEP = NotApplicable("asleep: nothing is live, as it may be on demand")


class PolicyFacts(ValueObject, frozen=True):
    """What is known of each environment by name, and of the estate as a whole."""

    environments: Mapping[str, Facts]
    estate: Facts


class PolicyFindings(ValueObject, frozen=True):
    """The findings of each environment by name, and those that belong to none."""

    environments: Mapping[str, tuple[Finding, ...]]
    estate: tuple[Finding, ...]


def evaluate_policy(config: Config, facts: PolicyFacts, now: datetime) -> PolicyFindings:
    """Every finding; the order is the registry's. Environments that nothing is known of have none."""
    judged = {}
    for each in config.environments:
        known = facts.environments.get(each.name)
        if known is not None:
            whole = _skip_sleeping_environment(replace(known, config=config, now=now, environment=each))
            judged[each.name] = _run_checks(whole, [check for check in CHECKS if each.rules in check.rules])
    estate = replace(facts.estate, config=config, now=now, environment=None)
    return PolicyFindings(judged, _run_checks(estate, [check for check in CHECKS if not check.rules]))


def _run_checks(facts: Facts, checks: list[Check]) -> tuple[Finding, ...]:
    disabled = frozenset(facts.config.policy.disable)
    name = facts.environment.name if facts.environment else ""
    found: list[Finding] = []
    for check in checks:
        if check.id in disabled:
            found.extend(check.skip(facts, "switched off by [policy] disable in the configuration"))
        else:
            found.extend(apply_waiver(finding, name, facts.config, facts.now) for finding in check.run(facts))
    return tuple(found)


def _skip_sleeping_environment(facts: Facts) -> Facts:
    """An on-demand environment of which nothing lives has nothing live to judge; one that is absent, nothing at all."""
    if facts.environment is None or facts.environment.tier != "on-demand":
        return facts
    known = facts.live_spec
    if isinstance(known, tuple) and known and all(each.presence == "absent" for each in known):
        return replace(facts, live_spec=ASLEEP, rendered=ASLEEP, live=ASLEEP)
    nothing = isinstance(facts.live, Manifests) and facts.live.is_complete and not facts.live.resources
    return replace(facts, live=ASLEEP) if nothing else facts
