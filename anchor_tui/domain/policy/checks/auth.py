"""Authentication checks: JWT on the gateway, operator JWT and no wildcard workspaces on the web."""

from __future__ import annotations

from collections.abc import Iterator

from anchor_tui.domain.model import EvidenceKind
from anchor_tui.domain.policy.check import Check, CheckOutcome, failed, passed, unknown
from anchor_tui.domain.policy.evidence.facts import Facts
from anchor_tui.domain.policy.evidence.variable_lookup import (
    VariableOccurrence,
    describe_hidden,
    describe_unset,
    find_variable,
    redact_text,
)

TRUE_WORDS = frozenset({"true", "1", "yes", "on", "t", "y"})
FALSE_WORDS = frozenset({"false", "0", "no", "off", "f", "n"})


def _check_auth_mode(facts: Facts, evidence: EvidenceKind) -> Iterator[CheckOutcome]:
    modes = facts.config.policy.auth_modes
    lookup = find_variable(facts, evidence, "AUTH_MODE")
    for occurrence in lookup.occurrences:
        text, location, resource = occurrence.text, occurrence.location, occurrence.resource
        if text is None:
            yield unknown(describe_hidden("AUTH_MODE", occurrence), location, resource)
        elif text in modes:
            yield passed(f"AUTH_MODE is {text}", location, resource)
        elif text.strip() == "":
            yield unknown("AUTH_MODE is empty: the gateway's default is unknown", location, resource)
        elif text.strip().lower() in {mode.lower() for mode in modes}:
            reason = f"AUTH_MODE is written `{text}`: unknown if the gateway treats it as {modes[0]}"
            yield unknown(reason, location, resource, fix=f"write {modes[0]}")
        else:
            message = f"AUTH_MODE is {redact_text(text)}, must be {' or '.join(modes)}"
            yield failed(message, location, resource, fix=f"set AUTH_MODE to {modes[0]}")
    if not lookup.occurrences:
        yield unknown(describe_unset("AUTH_MODE", lookup.unreadable))


def _check_operator_jwt(facts: Facts, evidence: EvidenceKind) -> Iterator[CheckOutcome]:
    yield from _check_switch(facts, evidence, "ANCHOR_REQUIRE_OPERATOR_JWT", FALSE_WORDS, TRUE_WORDS)


def _check_wildcard_workspaces(facts: Facts, evidence: EvidenceKind) -> Iterator[CheckOutcome]:
    yield from _check_switch(facts, evidence, "ANCHOR_ALLOW_WILDCARD_WORKSPACE_IDS", TRUE_WORDS, FALSE_WORDS)


def _check_switch(
    facts: Facts, evidence: EvidenceKind, name: str, unsafe: frozenset[str], safe: frozenset[str]
) -> Iterator[CheckOutcome]:
    """Check a switch whose default in production is safe."""
    lookup = find_variable(facts, evidence, name)
    for occurrence in lookup.occurrences:
        yield _check_switch_value(occurrence, name, unsafe, safe)
    if not lookup.occurrences and lookup.unreadable:
        yield unknown(describe_unset(name, lookup.unreadable))
    elif not lookup.occurrences:
        yield passed(f"{name} is not set, which is safe in production")


def _check_switch_value(
    occurrence: VariableOccurrence, name: str, unsafe: frozenset[str], safe: frozenset[str]
) -> CheckOutcome:
    text, location, resource = occurrence.text, occurrence.location, occurrence.resource
    if text is None:
        return unknown(describe_hidden(name, occurrence), location, resource)
    word = text.strip().lower()
    if word in unsafe:
        return failed(f"{name} is {redact_text(text)}", location, resource)
    if word == "" or word in safe:
        return passed(f"{name} is {text or 'empty, which is safe in production'}", location, resource)
    reason = f"{name} is `{redact_text(text)}`, which is neither true nor false"
    return unknown(reason, location, resource, fix='write "true" or "false"')


CHECKS = (
    Check(
        id="auth.jwt-required",
        title="The gateway requires a JWT",
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
        title="The web requires the operator's JWT",
        level="error",
        rules=("prod",),
        evidence=("git", "rendered", "live"),
        section="Required secret keys (staging/prod)",
        why="Optional web guardrail overrides: `ANCHOR_REQUIRE_OPERATOR_JWT` (defaults to required in production)",
        fix='set ANCHOR_REQUIRE_OPERATOR_JWT to "true", or remove it',
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
        fix='set ANCHOR_ALLOW_WILDCARD_WORKSPACE_IDS to "false", or remove it',
        evaluate=_check_wildcard_workspaces,
    ),
)
