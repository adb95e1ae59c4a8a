"""Who may come in: JWT on the gateway, the operator's JWT and no wildcard workspaces on the web."""

from __future__ import annotations

from collections.abc import Iterator

from anchor_tui.domain.model import EvidenceKind
from anchor_tui.domain.policy.check import Check, CheckOutcome, failed, passed, unknown
from anchor_tui.domain.policy.evidence.facts import Facts
from anchor_tui.domain.policy.evidence.lookup import VariableOccurrence, find_variable, redact_text

TRUE_WORDS = frozenset({"true", "1", "yes", "on", "t", "y"})
FALSE_WORDS = frozenset({"false", "0", "no", "off", "f", "n"})


def _check_auth_mode(facts: Facts, evidence: EvidenceKind) -> Iterator[CheckOutcome]:
    modes = facts.config.policy.auth_modes
    found = find_variable(facts, evidence, "AUTH_MODE")
    for seen in found.occurrences:
        if seen.text is None:
            yield unknown(f"AUTH_MODE cannot be seen: {seen.hidden}", seen.place, seen.resource)
        elif seen.text in modes:
            yield passed(f"AUTH_MODE is {seen.text}", seen.place, seen.resource)
        elif seen.text.strip() == "":
            yield unknown("AUTH_MODE is empty: what the gateway does then is not known", seen.place, seen.resource)
        elif seen.text.strip().lower() in {mode.lower() for mode in modes}:
            reason = f"AUTH_MODE is written `{seen.text}`: whether the gateway takes it for {modes[0]} is not known"
            yield unknown(reason, seen.place, seen.resource, fix=f"write {modes[0]}")
        else:
            message = f"AUTH_MODE is {redact_text(seen.text)}, must be {' or '.join(modes)}"
            yield failed(message, seen.place, seen.resource, fix=f"set AUTH_MODE to {modes[0]}")
    if not found.occurrences:
        yield unknown(_format_unset("AUTH_MODE", found.unreadable))


def _check_operator_jwt(facts: Facts, evidence: EvidenceKind) -> Iterator[CheckOutcome]:
    yield from _check_switch(facts, evidence, "ANCHOR_REQUIRE_OPERATOR_JWT", FALSE_WORDS, TRUE_WORDS)


def _check_wildcard_workspaces(facts: Facts, evidence: EvidenceKind) -> Iterator[CheckOutcome]:
    yield from _check_switch(facts, evidence, "ANCHOR_ALLOW_WILDCARD_WORKSPACE_IDS", TRUE_WORDS, FALSE_WORDS)


def _check_switch(
    facts: Facts, evidence: EvidenceKind, name: str, bad: frozenset[str], good: frozenset[str]
) -> Iterator[CheckOutcome]:
    """A switch that has its safe value in production where nothing sets it."""
    found = find_variable(facts, evidence, name)
    for seen in found.occurrences:
        yield _check_switch_value(seen, name, bad, good)
    if not found.occurrences and found.unreadable:
        yield unknown(_format_unset(name, found.unreadable))
    elif not found.occurrences:
        yield passed(f"{name} is not set, which is safe in production")


def _check_switch_value(seen: VariableOccurrence, name: str, bad: frozenset[str], good: frozenset[str]) -> CheckOutcome:
    if seen.text is None:
        return unknown(f"{name} cannot be seen: {seen.hidden}", seen.place, seen.resource)
    word = seen.text.strip().lower()
    if word in bad:
        return failed(f"{name} is {redact_text(seen.text)}", seen.place, seen.resource)
    if word == "" or word in good:
        return passed(f"{name} is {seen.text or 'empty, which is safe in production'}", seen.place, seen.resource)
    reason = f"{name} is `{redact_text(seen.text)}`: whether that is true or false is not known"
    return unknown(reason, seen.place, seen.resource, fix='write "true" or "false"')


def _format_unset(name: str, opened: str) -> str:
    return f"{name} is set nowhere that can be seen" + (f": {opened}" if opened else "")


CHECKS = (
    Check(
        id="auth.jwt-required",
        title="The gateway asks for a JWT",
        level="error",
        rules=("staging", "prod"),
        evidence=("git", "rendered", "live"),
        section="Environment overlays (ops repo)",
        why="`staging`/`prod` require JWT auth and production signing/encryption secrets.",
        fix="set AUTH_MODE to jwt in the environment's overlay",
        evaluate=_check_auth_mode,
    ),
    Check(
        id="auth.operator-jwt-required",
        title="The web asks for the operator's JWT",
        level="error",
        rules=("prod",),
        evidence=("git", "rendered", "live"),
        section="Required secret keys (staging/prod)",
        why="Optional web guardrail overrides: `ANCHOR_REQUIRE_OPERATOR_JWT` (defaults to required in production)",
        fix='set ANCHOR_REQUIRE_OPERATOR_JWT to "true", or take it away',
        evaluate=_check_operator_jwt,
    ),
    Check(
        id="auth.no-wildcard-workspaces",
        title="No wildcard workspaces",
        level="error",
        rules=("prod",),
        evidence=("git", "rendered", "live"),
        section="Required secret keys (staging/prod)",
        why="Optional web guardrail overrides: … `ANCHOR_ALLOW_WILDCARD_WORKSPACE_IDS` "
        "(defaults to `false` in production)",
        fix='set ANCHOR_ALLOW_WILDCARD_WORKSPACE_IDS to "false", or take it away',
        evaluate=_check_wildcard_workspaces,
    ),
)
