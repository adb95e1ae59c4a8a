"""The variables and secrets that the two repositories' workflows need, by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from anchor_tui.domain.model import Evidence
from anchor_tui.domain.policy.check import Check, Told, fails, holds, unclear
from anchor_tui.domain.policy.facts import Facts, NotApplicable, RepositorySettings, Unavailable, take

OPS_VARIABLES, OPS_SECRETS = ("ENGINE_ID",), ("STATUS_API_URL", "STATUS_API_TOKEN")
APP_VARIABLES, APP_SECRETS = ("ENGINE_ID", "OPS_REPO"), ("STATUS_API_URL", "STATUS_API_TOKEN", "OPS_REPO_PAT")


def _ops_repo(facts: Facts, _evidence: Evidence) -> Iterator[Told]:
    yield from _settings(facts, take(facts.ops_settings), OPS_VARIABLES, OPS_SECRETS)


def _app_repo(facts: Facts, _evidence: Evidence) -> Iterator[Told]:
    yield from _settings(facts, take(facts.app_settings), APP_VARIABLES, APP_SECRETS)


def _settings(
    facts: Facts, settings: RepositorySettings, variables: tuple[str, ...], secrets: tuple[str, ...]
) -> Iterator[Told]:
    yield from _variables(facts, settings, variables)
    match settings.secrets:
        case Unavailable(reason=reason) | NotApplicable(reason=reason):
            yield unclear(f"the secrets of {settings.repository} cannot be listed: {reason}")
        case names:
            missing = [name for name in secrets if name not in names]
            for name in missing:
                yield fails(_lacks(settings, name, "secret"))
            if not missing:
                yield holds(f"{settings.repository} has what its workflows need")


def _lacks(settings: RepositorySettings, name: str, kind: str) -> str:
    others = settings.variables if kind == "secret" else settings.secrets
    elsewhere = name in others if not isinstance(others, Unavailable | NotApplicable) else False
    other = "variable" if kind == "secret" else "secret"
    return f"{settings.repository} has no {kind} {name}" + (f", only a {other} of that name" if elsewhere else "")


def _variables(facts: Facts, settings: RepositorySettings, wanted: tuple[str, ...]) -> Iterator[Told]:
    match settings.variables:
        case Unavailable(reason=reason) | NotApplicable(reason=reason):
            yield unclear(f"the variables of {settings.repository} cannot be listed: {reason}")
        case found:
            for name in wanted:
                yield _variable(facts, settings, found, name)


def _variable(facts: Facts, settings: RepositorySettings, found: Mapping[str, str], name: str) -> Told:
    if name not in found:
        return fails(_lacks(settings, name, "variable"))
    expected = {"ENGINE_ID": facts.config.engine_id, "OPS_REPO": facts.config.github.ops_repo}.get(name, "")
    value = found[name].strip()
    same = value.lower() == expected.lower() if name == "OPS_REPO" else value == expected
    if expected and not same:
        return fails(f"{name} of {settings.repository} is {value or 'empty'}, and here it is {expected}")
    return holds(f"{name} of {settings.repository} is {value}")


_SECTION = "Required GitHub settings"
CHECKS = (
    Check(
        id="settings.ops-repo",
        title="The ops repo's settings are there",
        level="warning",
        rules=(),
        evidence=("settings",),
        section=_SECTION,
        why="Ops repo (`anchor-msp-ops`) variables/secrets: `ENGINE_ID` (variable), `STATUS_API_URL` (secret), "
        "`STATUS_API_TOKEN` (secret)",
        fix="add it under Settings → Secrets and variables → Actions of the ops repo, or of the organisation",
        judge=_ops_repo,
    ),
    Check(
        id="settings.app-repo",
        title="The app repo's settings are there",
        level="warning",
        rules=(),
        evidence=("settings",),
        section=_SECTION,
        why="App repo (`anchor-msp`) variables/secrets: `ENGINE_ID` (variable), `OPS_REPO` (variable, "
        "`<org>/anchor-msp-ops`), `STATUS_API_URL` (secret), `STATUS_API_TOKEN` (secret), "
        "`OPS_REPO_PAT` (secret; repo write for ops repo PR creation)",
        fix="add it under Settings → Secrets and variables → Actions of the app repo, or of the organisation",
        judge=_app_repo,
    ),
)
