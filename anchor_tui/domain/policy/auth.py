"""Who may come in: JWT on the gateway, the operator's JWT and no wildcard workspaces on the web."""

from __future__ import annotations

from collections.abc import Iterator

from anchor_tui.domain.model import EvidenceKind
from anchor_tui.domain.policy.check import Check, Told, fails, holds, unclear
from anchor_tui.domain.policy.facts import Facts
from anchor_tui.domain.policy.lookup import Seen, shown, variable

TRUE = frozenset({"true", "1", "yes", "on", "t", "y"})
FALSE = frozenset({"false", "0", "no", "off", "f", "n"})


def _jwt_required(facts: Facts, evidence: EvidenceKind) -> Iterator[Told]:
    modes = facts.config.policy.auth_modes
    found = variable(facts, evidence, "AUTH_MODE")
    for seen in found.seen:
        if seen.text is None:
            yield unclear(f"AUTH_MODE cannot be seen: {seen.hidden}", seen.place, seen.resource)
        elif seen.text in modes:
            yield holds(f"AUTH_MODE is {seen.text}", seen.place, seen.resource)
        elif seen.text.strip() == "":
            yield unclear("AUTH_MODE is empty: what the gateway does then is not known", seen.place, seen.resource)
        elif seen.text.strip().lower() in {mode.lower() for mode in modes}:
            reason = f"AUTH_MODE is written `{seen.text}`: whether the gateway takes it for {modes[0]} is not known"
            yield unclear(reason, seen.place, seen.resource, fix=f"write {modes[0]}")
        else:
            message = f"AUTH_MODE is {shown(seen.text)}, must be {' or '.join(modes)}"
            yield fails(message, seen.place, seen.resource, fix=f"set AUTH_MODE to {modes[0]}")
    if not found.seen:
        yield unclear(_unset("AUTH_MODE", found.open))


def _operator_jwt(facts: Facts, evidence: EvidenceKind) -> Iterator[Told]:
    yield from _switch(facts, evidence, "ANCHOR_REQUIRE_OPERATOR_JWT", FALSE, TRUE)


def _no_wildcards(facts: Facts, evidence: EvidenceKind) -> Iterator[Told]:
    yield from _switch(facts, evidence, "ANCHOR_ALLOW_WILDCARD_WORKSPACE_IDS", TRUE, FALSE)


def _switch(
    facts: Facts, evidence: EvidenceKind, name: str, bad: frozenset[str], good: frozenset[str]
) -> Iterator[Told]:
    """A switch that has its safe value in production where nothing sets it."""
    found = variable(facts, evidence, name)
    for seen in found.seen:
        yield _position(seen, name, bad, good)
    if not found.seen and found.open:
        yield unclear(_unset(name, found.open))
    elif not found.seen:
        yield holds(f"{name} is not set, which is safe in production")


def _position(seen: Seen, name: str, bad: frozenset[str], good: frozenset[str]) -> Told:
    if seen.text is None:
        return unclear(f"{name} cannot be seen: {seen.hidden}", seen.place, seen.resource)
    word = seen.text.strip().lower()
    if word in bad:
        return fails(f"{name} is {shown(seen.text)}", seen.place, seen.resource)
    if word == "" or word in good:
        return holds(f"{name} is {seen.text or 'empty, which is safe in production'}", seen.place, seen.resource)
    reason = f"{name} is `{shown(seen.text)}`: whether that is true or false is not known"
    return unclear(reason, seen.place, seen.resource, fix='write "true" or "false"')


def _unset(name: str, opened: str) -> str:
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
        judge=_jwt_required,
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
        judge=_operator_jwt,
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
        judge=_no_wildcards,
    ),
)
