"""Evaluation of all checks on all facts. Disabled checks are reported as skipped."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from msgspec.structs import replace

from anchor_tui.config.model import Config, EnvironmentConfig, RuleSet
from anchor_tui.domain.kubernetes.workloads import Manifests
from anchor_tui.domain.model import Finding, ValueObject
from anchor_tui.domain.policy.check import Check
from anchor_tui.domain.policy.evidence.facts import Facts, NotApplicable, PolicyFacts
from anchor_tui.domain.policy.registry import ALL_CHECKS, CHECKS
from anchor_tui.domain.policy.waivers import apply_waiver

ASLEEP = NotApplicable("asleep: this on-demand environment has nothing live")


class PolicyFindings(ValueObject, frozen=True):
    """The findings of each environment by name, and `estate`: those of the repositories."""

    environments: Mapping[str, tuple[Finding, ...]]
    estate: tuple[Finding, ...]


def evaluate_policy(config: Config, facts: PolicyFacts, now: datetime) -> PolicyFindings:
    """Run every check that the rule set of an environment contains, in the order of the registry.

    Environments without facts get no findings. The checks of checkouts are run on the facts of a checkout only.
    """
    known = ((environment, facts.environments.get(environment.name)) for environment in config.environments)
    findings = {
        environment.name: evaluate_environment(config, environment, own, now, is_checkout=facts.is_checkout)
        for environment, own in known
        if own is not None
    }
    return PolicyFindings(findings, evaluate_estate(config, facts.estate, now, is_checkout=facts.is_checkout))


def evaluate_environment(
    config: Config, environment: EnvironmentConfig, facts: Facts, now: datetime, *, is_checkout: bool = False
) -> tuple[Finding, ...]:
    """Run every check that the rule set of an environment contains."""
    complete = _skip_sleeping_environment(replace(facts, config=config, now=now, environment=environment))
    run = ALL_CHECKS if is_checkout else CHECKS
    return _run_checks(complete, [check for check in run if environment.rules in check.rules])


def evaluate_estate(config: Config, facts: Facts, now: datetime, *, is_checkout: bool = False) -> tuple[Finding, ...]:
    """Run every check of the repositories."""
    run = ALL_CHECKS if is_checkout else CHECKS
    complete = replace(facts, config=config, now=now, environment=None)
    return _run_checks(complete, [check for check in run if not check.rules])


def skip_policy(config: Config, reason: str) -> PolicyFindings:
    """Return every check as skipped, for a reason."""
    never = datetime.fromtimestamp(0, UTC)

    def skip(facts: Facts, rules: RuleSet | None) -> tuple[Finding, ...]:
        checks = (check for check in CHECKS if (rules in check.rules if rules else not check.rules))
        return tuple(finding for check in checks for finding in check.skip(facts, reason))

    environments = {
        environment.name: skip(Facts(config, never, environment), environment.rules)
        for environment in config.environments
    }
    return PolicyFindings(environments, skip(Facts(config, never), None))


def _run_checks(facts: Facts, checks: list[Check]) -> tuple[Finding, ...]:
    disabled = frozenset(facts.config.policy.disable)
    name = facts.environment.name if facts.environment else ""
    findings: list[Finding] = []
    for check in checks:
        if check.id in disabled and check.can_be_disabled:
            findings.extend(check.skip(facts, "disabled by [policy] disable in the configuration"))
        else:
            findings.extend(apply_waiver(finding, name, facts.config, facts.now) for finding in check.run(facts))
    return tuple(findings)


def _skip_sleeping_environment(facts: Facts) -> Facts:
    """Mark the cluster evidence of a sleeping on-demand environment as not applicable.

    Without Applications all cluster evidence is skipped, with Applications that have no live objects only `live`.
    """
    if facts.environment is None or facts.environment.tier != "on-demand":
        return facts
    applications = facts.live_spec
    if (
        isinstance(applications, tuple)
        and applications
        and all(application.presence == "absent" for application in applications)
    ):
        return replace(facts, live_spec=ASLEEP, rendered=ASLEEP, live=ASLEEP)
    is_empty = isinstance(facts.live, Manifests) and facts.live.is_complete and not facts.live.resources
    return replace(facts, live=ASLEEP) if is_empty else facts
