"""Checks of secret keys: required keys reach the workloads, and git contains no secret values."""

from __future__ import annotations

import re
from collections.abc import Iterator

from anchor_tui.domain.helm.value_layers import SourceLocation, ValueLayer
from anchor_tui.domain.kubernetes.container_env import list_mounted_secret_keys
from anchor_tui.domain.kubernetes.workloads import Manifests
from anchor_tui.domain.model import EvidenceKind
from anchor_tui.domain.policy.check import Check, CheckOutcome, failed, passed, unknown
from anchor_tui.domain.policy.evidence.facts import Facts, require
from anchor_tui.domain.policy.evidence.variable_lookup import find_variable, walk_values
from anchor_tui.domain.yaml.nodes import Json, KeyPath, format_key_path

JWT, JWKS = "JWT_SIGNING_SECRET", "AUTH_JWKS_URL"
REQUIRED_KEYS = (
    "DATABASE_URL",
    "AUDIT_SIGNING_SECRET",
    "AUDIT_SIGNING_KEY_ID",
    "RESOURCE_ENCRYPTION_KEY_B64",
    "AGENTFIELD_API_KEY",
    "AGENTFIELD_WEBHOOK_SECRET",
    "ANCHOR_OPERATOR_JWT",
)
OPTIONAL_KEYS = ("GITHUB_WEBHOOK_SECRET", "QUICKBOOKS_API_TOKEN", "XERO_API_TOKEN")
SECRET_KEYS = frozenset((*REQUIRED_KEYS, JWT, *OPTIONAL_KEYS))


# --- required ------------------------------------------------------------------------------------------


def _check_required_keys(facts: Facts, evidence: EvidenceKind) -> Iterator[CheckOutcome]:
    if evidence == "git":
        yield from _check_values_keys(facts)
    else:
        yield from _check_manifest_keys(facts, evidence)


def _list_required_keys(facts: Facts, evidence: EvidenceKind) -> tuple[str, ...]:
    """Return the required keys. The JWT signing secret is required unless AUTH_JWKS_URL is used."""
    jwks = find_variable(facts, evidence, JWKS)
    is_used = any(occurrence.text is None or occurrence.text.strip() for occurrence in jwks.occurrences)
    return REQUIRED_KEYS if is_used else (*REQUIRED_KEYS, JWT)


def _check_values_keys(facts: Facts) -> Iterator[CheckOutcome]:
    provided: set[str] = set()
    location, most_keys = None, 0
    for values in require(facts.values):
        for path, value in walk_values(values.merged):
            keys = _find_keys(value)
            provided |= keys
            if len(keys) > most_keys:
                location, most_keys = values.locate(path), len(keys)
    required = _list_required_keys(facts, "git")
    missing = [key for key in required if key not in provided]
    if not provided & {*REQUIRED_KEYS, JWT}:
        yield unknown("no layer of the values lists secret keys; the chart's templates may set them")
    elif missing:
        yield _missing_keys(missing, location)
    else:
        yield passed(f"the values list all {len(required)} required keys", location)


def _find_keys(value: Json) -> set[str]:
    """Return the secret keys that one list or mapping of the values provides."""
    if isinstance(value, list):
        names = [item if isinstance(item, str) else _read_key_name(item) for item in value]
        return {name for name in names if name in SECRET_KEYS}
    if isinstance(value, dict):
        return {key for key, item in value.items() if key in SECRET_KEYS and item not in (None, "", {}, [])}
    return set()


def _read_key_name(item: Json) -> str:
    if not isinstance(item, dict) or item.get("value") == "":
        return ""
    return next((name for key in ("secretKey", "key", "name") if isinstance(name := item.get(key), str)), "")


def _check_manifest_keys(facts: Facts, evidence: EvidenceKind) -> Iterator[CheckOutcome]:
    manifests = facts.require_manifests(evidence)
    if not manifests.workloads:
        yield unknown(f"no workload is {'live' if evidence == 'live' else 'rendered'}")
        return
    required = _list_required_keys(facts, evidence)
    provided, unreadable = _collect_provided_keys(manifests)
    missing = [key for key in required if key not in provided]
    if missing and unreadable:
        yield unknown(f"did not find {', '.join(missing)}, and not everything could be read: {'; '.join(unreadable)}")
    elif missing:
        yield _missing_keys(missing, None)
    else:
        yield passed(f"all {len(required)} required keys reach a workload")


def _collect_provided_keys(manifests: Manifests) -> tuple[set[str], tuple[str, ...]]:
    """Return the variables and files of all workloads, and the sources that could not be read."""
    provided: set[str] = set()
    unreadable: list[str] = []
    for workload in manifests.workloads:
        provided.update(list_mounted_secret_keys(workload.pod, manifests.sources))
        for container in workload.containers:
            provided.update(name for name, variable in container.env.items() if variable.text != "")
            unreadable.extend(container.unreadable_env)
    return provided, tuple(dict.fromkeys((*unreadable, *manifests.missing, *manifests.unreadable)))


def _missing_keys(keys: list[str], location: SourceLocation | None) -> CheckOutcome:
    hint = f" ({JWT} is required without {JWKS})" if JWT in keys else ""
    return failed(f"{', '.join(keys)} {'is' if len(keys) == 1 else 'are'} not provided{hint}", location)


# --- secret values in git ------------------------------------------------------------------------------

_REFERENCE = re.compile(r"ref\+|vault:|<[^>]*>|\$\{|\$\(|\{\{|op://|arn:|projects/|AQICA|ENC\[")
_REFERENCE_KEY = re.compile(r"external|remote|mapping|keys|refs?$", re.IGNORECASE)
_ASSIGNMENT = re.compile(rf"(?:--)?({'|'.join(sorted(SECRET_KEYS))})=(\S+)")


def _check_literals(facts: Facts, _evidence: EvidenceKind) -> Iterator[CheckOutcome]:
    reported: set[tuple[str, KeyPath]] = set()
    for values in require(facts.values):
        for layer in values.layers:
            for path, key in _find_literals(layer):
                if (layer.file, path) not in reported:
                    reported.add((layer.file, path))
                    message = f"`{format_key_path(path)}` contains a value for {key} ({values.application})"
                    yield failed(
                        message, layer.locate(path), fix=f"remove it and rotate {key}: git keeps the old value"
                    )
    yield passed("no layer of the values contains the value of a secret key")


def _find_literals(layer: ValueLayer) -> Iterator[tuple[KeyPath, str]]:
    """Yield (path, key) of each secret value in a layer; references to a secret store do not count."""
    for path, value in walk_values(layer.values, include_disabled=True):
        if not path or any(_REFERENCE_KEY.search(str(step)) for step in path[:-1]):
            continue
        if isinstance(value, dict):
            name = value.get("name")
            if isinstance(name, str) and name in SECRET_KEYS and _is_literal(value.get("value")):
                yield (*path, "value"), name
        elif path[-1] in SECRET_KEYS and _is_literal(value):
            yield path, str(path[-1])
        elif isinstance(value, str) and (found := _ASSIGNMENT.match(value)) and _is_literal(found[2]):
            yield path, found[1]


def _is_literal(value: Json) -> bool:
    if value is None or isinstance(value, bool | dict | list):
        return False
    text = str(value).strip()
    return bool(text) and not _REFERENCE.match(text)


_SECTION = "Required secret keys (staging/prod)"
CHECKS = (
    Check(
        id="secrets.required-keys",
        title="Every required secret key is provided",
        level="error",
        rules=("staging", "prod"),
        evidence=("git", "rendered", "live"),
        section=_SECTION,
        why="Required secret keys (staging/prod): `DATABASE_URL`, `JWT_SIGNING_SECRET` (required when "
        "`AUTH_JWKS_URL` is not used), `AUDIT_SIGNING_SECRET`, `AUDIT_SIGNING_KEY_ID`, "
        "`RESOURCE_ENCRYPTION_KEY_B64`, `AGENTFIELD_API_KEY`, `AGENTFIELD_WEBHOOK_SECRET`, `ANCHOR_OPERATOR_JWT`",
        fix="add the key to the secret store first, then to the environment's secret keys",
        evaluate=_check_required_keys,
    ),
    Check(
        id="secrets.none-in-git",
        title="No secret values in git",
        level="error",
        rules=("dev", "staging", "prod"),
        evidence=("git",),
        section=_SECTION,
        why="`staging`/`prod` require JWT auth and production signing/encryption secrets.",
        fix="remove the value from git and rotate the secret: git history keeps the old value",
        evaluate=_check_literals,
    ),
)
