"""Checks of the variables and secrets that the workflows of both repositories need."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

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
    if isinstance(settings.secrets, MissingEvidence | NotApplicable):
        yield unknown(f"cannot list the secrets of {settings.repository}: {settings.secrets.reason}")
        return
    missing = [name for name in secrets if name not in settings.secrets]
    for name in missing:
        yield _missing_setting(settings, name, "secret", settings.secrets_incomplete)
    if not missing:
        yield passed(f"{settings.repository} has the secrets that its workflows need")


def _missing_setting(
    settings: RepositorySettings, name: str, kind: Literal["secret", "variable"], incomplete: str
) -> CheckOutcome:
    """Fail for a missing name; unknown if the listing is incomplete."""
    message = f"{settings.repository} has no {kind} {name}"
    if incomplete:
        return unknown(f"{message} in what could be listed: {incomplete}")
    other: Literal["secret", "variable"] = "variable" if kind == "secret" else "secret"
    names = settings.variables if other == "variable" else settings.secrets
    if not isinstance(names, MissingEvidence | NotApplicable) and name in names:
        message += f", only a {other} of that name"
    return failed(message)


def _check_variables(facts: Facts, settings: RepositorySettings, required: tuple[str, ...]) -> Iterator[CheckOutcome]:
    if isinstance(settings.variables, MissingEvidence | NotApplicable):
        yield unknown(f"cannot list the variables of {settings.repository}: {settings.variables.reason}")
        return
    scopes = {"": settings.variables} | {
        f" in its environment {name}": variables for name, variables in settings.environment_variables.items()
    }
    for name in required:
        values = {scope: variables[name] for scope, variables in scopes.items() if name in variables}
        for scope, value in values.items():
            yield _check_variable(facts, f"{name} of {settings.repository}{scope}", name, value)
        if not values:
            yield _missing_setting(settings, name, "variable", settings.variables_incomplete)


def _check_variable(facts: Facts, label: str, name: str, value: str) -> CheckOutcome:
    expected = {"ENGINE_ID": facts.config.engine_id, "OPS_REPO": facts.config.github.ops_repo}.get(name, "")
    value = value.strip()
    is_same = value.lower() == expected.lower() if name == "OPS_REPO" else value == expected
    if expected and not is_same:
        return failed(f"{label} is {value or 'empty'}, but the configuration has {expected}")
    return passed(f"{label} is {value}")


_SECTION = "Required GitHub settings"
CHECKS = (
    Check(
        id="settings.ops-repo",
        title="The ops repo has its settings",
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
        title="The app repo has its settings",
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
