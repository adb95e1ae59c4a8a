"""The variables and secrets that the two repositories' workflows need, by name."""

from __future__ import annotations

from collections.abc import Iterator

from anchor_tui.domain.model import EvidenceKind
from anchor_tui.domain.policy.check import Check, CheckOutcome, failed, passed, unknown
from anchor_tui.domain.policy.evidence.facts import Facts, MissingEvidence, NotApplicable, RepositorySettings, require

OPS_VARIABLES, OPS_SECRETS = ("ENGINE_ID",), ("STATUS_API_URL", "STATUS_API_TOKEN")
APP_VARIABLES, APP_SECRETS = ("ENGINE_ID", "OPS_REPO"), ("STATUS_API_URL", "STATUS_API_TOKEN", "OPS_REPO_PAT")


def _check_ops_repo(facts: Facts, _evidence: EvidenceKind) -> Iterator[CheckOutcome]:
    yield from _check_settings(facts, require(facts.ops_settings), OPS_VARIABLES, OPS_SECRETS)


def _check_app_repo(facts: Facts, _evidence: EvidenceKind) -> Iterator[CheckOutcome]:
    yield from _check_settings(facts, require(facts.app_settings), APP_VARIABLES, APP_SECRETS)


def _check_settings(
    facts: Facts, settings: RepositorySettings, variables: tuple[str, ...], secrets: tuple[str, ...]
) -> Iterator[CheckOutcome]:
    yield from _check_variables(facts, settings, variables)
    match settings.secrets:
        case MissingEvidence(reason=reason) | NotApplicable(reason=reason):
            yield unknown(f"the secrets of {settings.repository} cannot be listed: {reason}")
        case names:
            missing = [name for name in secrets if name not in names]
            for name in missing:
                yield _missing_setting(settings, name, "secret", settings.secrets_incomplete)
            if not missing:
                yield passed(f"{settings.repository} has what its workflows need")


def _missing_setting(settings: RepositorySettings, name: str, kind: str, beyond: str) -> CheckOutcome:
    """A name that was not found fails only where everything could be listed."""
    if beyond:
        return unknown(f"{settings.repository} has no {kind} {name} as far as can be seen: {beyond}")
    return failed(_describe_missing(settings, name, kind))


def _describe_missing(settings: RepositorySettings, name: str, kind: str) -> str:
    others = settings.variables if kind == "secret" else settings.secrets
    elsewhere = name in others if not isinstance(others, MissingEvidence | NotApplicable) else False
    other = "variable" if kind == "secret" else "secret"
    return f"{settings.repository} has no {kind} {name}" + (f", only a {other} of that name" if elsewhere else "")


def _check_variables(facts: Facts, settings: RepositorySettings, wanted: tuple[str, ...]) -> Iterator[CheckOutcome]:
    match settings.variables:
        case MissingEvidence(reason=reason) | NotApplicable(reason=reason):
            yield unknown(f"the variables of {settings.repository} cannot be listed: {reason}")
        case found:
            for name in wanted:
                places = {f"its environment {each}": own for each, own in settings.environment_variables.items()}
                said = {where: own[name] for where, own in {"": found, **places}.items() if name in own}
                for where, value in said.items():
                    yield _check_variable(facts, settings, name, value, where)
                if not said:
                    yield _missing_setting(settings, name, "variable", settings.variables_incomplete)


def _check_variable(facts: Facts, settings: RepositorySettings, name: str, value: str, where: str) -> CheckOutcome:
    expected = {"ENGINE_ID": facts.config.engine_id, "OPS_REPO": facts.config.github.ops_repo}.get(name, "")
    value = value.strip()
    same = value.lower() == expected.lower() if name == "OPS_REPO" else value == expected
    whose = f"{name} of {settings.repository}" + (f" in {where}" if where else "")
    if expected and not same:
        return failed(f"{whose} is {value or 'empty'}, and here it is {expected}")
    return passed(f"{whose} is {value}")


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
        evaluate=_check_ops_repo,
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
        evaluate=_check_app_repo,
    ),
)
