"""Secret keys: each required one reaches the workloads, and none stands in git with its value."""

from __future__ import annotations

import re
from collections.abc import Iterator

from anchor_tui.domain.helm.value_layers import LayeredValues, SourceLocation, ValueLayer
from anchor_tui.domain.kubernetes.container_env import list_mounted_secret_keys
from anchor_tui.domain.kubernetes.workloads import Manifests
from anchor_tui.domain.model import EvidenceKind
from anchor_tui.domain.policy.check import Check, CheckOutcome, failed, passed, unknown
from anchor_tui.domain.policy.evidence.facts import Facts, require
from anchor_tui.domain.policy.evidence.lookup import find_variable, walk_values
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
    """The keys that have to be there: the signing secret too, unless tokens are checked by the issuer's keys."""
    jwks = find_variable(facts, evidence, JWKS)
    used = any(seen.text is None or seen.text.strip() for seen in jwks.occurrences)
    return REQUIRED_KEYS if used else (*REQUIRED_KEYS, JWT)


def _check_values_keys(facts: Facts) -> Iterator[CheckOutcome]:
    every = require(facts.values)
    found: set[str] = set()
    lists: list[tuple[int, SourceLocation | None]] = []
    for laid in every:
        for path, value in walk_values(laid.merged):
            keys = _find_keys(value)
            if keys:
                found |= keys
                lists.append((len(keys), laid.locate(path)))
    wanted = _list_required_keys(facts, "git")
    missing = [key for key in wanted if key not in found]
    place = max(lists, key=lambda each: each[0], default=(0, None))[1]
    if not found & {*REQUIRED_KEYS, JWT}:
        yield unknown("no layer of values lists secret keys; the chart's templates may")
    elif missing:
        yield _missing_keys(missing, place)
    else:
        yield passed(f"all {len(wanted)} required keys are named", place)


def _find_keys(value: Json) -> set[str]:
    """The secret keys that one list or map of the values provides."""
    if isinstance(value, list):
        named = [each if isinstance(each, str) else _read_key_name(each) for each in value]
        return {name for name in named if name in SECRET_KEYS}
    if isinstance(value, dict):
        return {key for key, each in value.items() if key in SECRET_KEYS and each not in (None, "", {}, [])}
    return set()


def _read_key_name(each: Json) -> str:
    if not isinstance(each, dict):
        return ""
    if each.get("value") == "":
        return ""
    return next((name for key in ("secretKey", "key", "name") if isinstance(name := each.get(key), str)), "")


def _check_manifest_keys(facts: Facts, evidence: EvidenceKind) -> Iterator[CheckOutcome]:
    manifests = facts.manifests(evidence)
    if not manifests.workloads:
        yield unknown(f"no workload is {'live' if evidence == 'live' else 'rendered'}")
        return
    wanted = _list_required_keys(facts, evidence)
    found, opened = _collect_provided_keys(manifests)
    missing = [key for key in wanted if key not in found]
    if missing and opened:
        yield unknown(f"{', '.join(missing)} cannot be seen: {'; '.join(opened)}")
    elif missing:
        yield _missing_keys(missing, None)
    else:
        yield passed(f"all {len(wanted)} required keys reach a workload")


def _collect_provided_keys(manifests: Manifests) -> tuple[set[str], tuple[str, ...]]:
    """The variables and files that some workload has, and what else may bring some."""
    found: set[str] = set()
    opened: list[str] = []
    for workload in manifests.workloads:
        found.update(list_mounted_secret_keys(workload.pod, manifests.sources))
        for container in workload.containers:
            found.update(name for name, variable in container.env.items() if variable.text != "")
            opened.extend(container.unreadable_env)
    return found, tuple(dict.fromkeys((*opened, *manifests.missing, *manifests.unreadable)))


def _missing_keys(keys: list[str], place: SourceLocation | None) -> CheckOutcome:
    hint = f" (required while {JWKS} is not used)" if JWT in keys else ""
    return failed(f"{', '.join(keys)} {'is' if len(keys) == 1 else 'are'} not provided{hint}", place)


# --- none in git ---------------------------------------------------------------------------------------

_REFERENCE = re.compile(r"ref\+|vault:|<[^>]*>|\$\{|\$\(|\{\{|op://|arn:|projects/|AQICA|ENC\[")
_REFERENCE_KEY = re.compile(r"external|remote|mapping|keys|refs?$", re.IGNORECASE)
_ASSIGNMENT = re.compile(rf"(?:--)?({'|'.join(sorted(SECRET_KEYS))})=(\S+)")


def _check_literals(facts: Facts, _evidence: EvidenceKind) -> Iterator[CheckOutcome]:
    every = require(facts.values)
    seen: set[tuple[str, KeyPath]] = set()
    for laid in every:
        for layer in laid.layers:
            for path, key in _find_literals(layer):
                if (layer.file, path) not in seen:
                    seen.add((layer.file, path))
                    yield _literal_outcome(laid, layer, path, key)
    yield passed("no secret key has a value in the layers of values")


def _literal_outcome(laid: LayeredValues, layer: ValueLayer, path: KeyPath, key: str) -> CheckOutcome:
    message = f"`{format_key_path(path)}` holds a value for {key} ({laid.application})"
    return failed(message, layer.locate(path), fix=f"take it out, and make {key} anew: what was in git is no secret")


def _find_literals(layer: ValueLayer) -> Iterator[tuple[KeyPath, str]]:
    """Where a layer holds the value of a secret key; what only names a place in a store is none."""
    for path, value in walk_values(layer.values, every=True):
        if not path or any(_REFERENCE_KEY.search(str(step)) for step in path[:-1]):
            continue
        if isinstance(value, dict):
            name, said = value.get("name"), value.get("value")
            if isinstance(name, str) and name in SECRET_KEYS and _is_literal(said):
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
        fix="add the key to the environment's secret keys, and to the secret store first",
        evaluate=_check_required_keys,
    ),
    Check(
        id="secrets.none-in-git",
        title="No secret stands in git",
        level="error",
        rules=("dev", "staging", "prod"),
        evidence=("git",),
        section=_SECTION,
        why="`staging`/`prod` require JWT auth and production signing/encryption secrets.",
        fix="take the value out of git, and make a new one: what was in git is no secret",
        evaluate=_check_literals,
    ),
)
