"""Secret keys: each required one reaches the workloads, and none stands in git with its value."""

from __future__ import annotations

import re
from collections.abc import Iterator

from anchor_tui.domain.helm.value_layers import LayeredValues, SourceLocation, ValueLayer
from anchor_tui.domain.kubernetes.container_env import list_mounted_secret_keys
from anchor_tui.domain.kubernetes.workloads import Manifests
from anchor_tui.domain.model import EvidenceKind
from anchor_tui.domain.policy.check import Check, Told, fails, holds, unclear
from anchor_tui.domain.policy.facts import Facts, take
from anchor_tui.domain.policy.lookup import variable, walk
from anchor_tui.domain.yaml.nodes import Json, KeyPath, format_key_path

JWT, JWKS = "JWT_SIGNING_SECRET", "AUTH_JWKS_URL"
REQUIRED = (
    "DATABASE_URL",
    "AUDIT_SIGNING_SECRET",
    "AUDIT_SIGNING_KEY_ID",
    "RESOURCE_ENCRYPTION_KEY_B64",
    "AGENTFIELD_API_KEY",
    "AGENTFIELD_WEBHOOK_SECRET",
    "ANCHOR_OPERATOR_JWT",
)
OPTIONAL = ("GITHUB_WEBHOOK_SECRET", "QUICKBOOKS_API_TOKEN", "XERO_API_TOKEN")
SECRET = frozenset((*REQUIRED, JWT, *OPTIONAL))


# --- required ------------------------------------------------------------------------------------------


def _required(facts: Facts, evidence: EvidenceKind) -> Iterator[Told]:
    if evidence == "git":
        yield from _in_values(facts)
    else:
        yield from _in_manifests(facts, evidence)


def _wanted(facts: Facts, evidence: EvidenceKind) -> tuple[str, ...]:
    """The keys that have to be there: the signing secret too, unless tokens are checked by the issuer's keys."""
    jwks = variable(facts, evidence, JWKS)
    used = any(seen.text is None or seen.text.strip() for seen in jwks.seen)
    return REQUIRED if used else (*REQUIRED, JWT)


def _in_values(facts: Facts) -> Iterator[Told]:
    every = take(facts.values)
    found: set[str] = set()
    lists: list[tuple[int, SourceLocation | None]] = []
    for laid in every:
        for path, value in walk(laid.merged):
            keys = _keys_in(value)
            if keys:
                found |= keys
                lists.append((len(keys), laid.locate(path)))
    wanted = _wanted(facts, "git")
    missing = [key for key in wanted if key not in found]
    place = max(lists, key=lambda each: each[0], default=(0, None))[1]
    if not found & {*REQUIRED, JWT}:
        yield unclear("no layer of values lists secret keys; the chart's templates may")
    elif missing:
        yield _missing(missing, place)
    else:
        yield holds(f"all {len(wanted)} required keys are named", place)


def _keys_in(value: Json) -> set[str]:
    """The secret keys that one list or map of the values provides."""
    if isinstance(value, list):
        named = [each if isinstance(each, str) else _name_of(each) for each in value]
        return {name for name in named if name in SECRET}
    if isinstance(value, dict):
        return {key for key, each in value.items() if key in SECRET and each not in (None, "", {}, [])}
    return set()


def _name_of(each: Json) -> str:
    if not isinstance(each, dict):
        return ""
    if each.get("value") == "":
        return ""
    return next((name for key in ("secretKey", "key", "name") if isinstance(name := each.get(key), str)), "")


def _in_manifests(facts: Facts, evidence: EvidenceKind) -> Iterator[Told]:
    manifests = facts.manifests(evidence)
    if not manifests.workloads:
        yield unclear(f"no workload is {'live' if evidence == 'live' else 'rendered'}")
        return
    wanted = _wanted(facts, evidence)
    found, opened = _reaching(manifests)
    missing = [key for key in wanted if key not in found]
    if missing and opened:
        yield unclear(f"{', '.join(missing)} cannot be seen: {'; '.join(opened)}")
    elif missing:
        yield _missing(missing, None)
    else:
        yield holds(f"all {len(wanted)} required keys reach a workload")


def _reaching(manifests: Manifests) -> tuple[set[str], tuple[str, ...]]:
    """The variables and files that some workload has, and what else may bring some."""
    found: set[str] = set()
    opened: list[str] = []
    for workload in manifests.workloads:
        found.update(list_mounted_secret_keys(workload.pod, manifests.sources))
        for container in workload.containers:
            found.update(name for name, variable in container.env.items() if variable.text != "")
            opened.extend(container.unreadable_env)
    return found, tuple(dict.fromkeys((*opened, *manifests.missing, *manifests.unreadable)))


def _missing(keys: list[str], place: SourceLocation | None) -> Told:
    hint = f" (required while {JWKS} is not used)" if JWT in keys else ""
    return fails(f"{', '.join(keys)} {'is' if len(keys) == 1 else 'are'} not provided{hint}", place)


# --- none in git ---------------------------------------------------------------------------------------

_REFERENCE = re.compile(r"ref\+|vault:|<[^>]*>|\$\{|\$\(|\{\{|op://|arn:|projects/|AQICA|ENC\[")
_ELSEWHERE = re.compile(r"external|remote|mapping|keys|refs?$", re.IGNORECASE)
_ASSIGNED = re.compile(rf"(?:--)?({'|'.join(sorted(SECRET))})=(\S+)")


def _none_in_git(facts: Facts, _evidence: EvidenceKind) -> Iterator[Told]:
    every = take(facts.values)
    seen: set[tuple[str, KeyPath]] = set()
    for laid in every:
        for layer in laid.layers:
            for path, key in _literals(layer):
                if (layer.file, path) not in seen:
                    seen.add((layer.file, path))
                    yield _literal(laid, layer, path, key)
    yield holds("no secret key has a value in the layers of values")


def _literal(laid: LayeredValues, layer: ValueLayer, path: KeyPath, key: str) -> Told:
    message = f"`{format_key_path(path)}` holds a value for {key} ({laid.application})"
    return fails(message, layer.locate(path), fix=f"take it out, and make {key} anew: what was in git is no secret")


def _literals(layer: ValueLayer) -> Iterator[tuple[KeyPath, str]]:
    """Where a layer holds the value of a secret key; what only names a place in a store is none."""
    for path, value in walk(layer.values, every=True):
        if not path or any(_ELSEWHERE.search(str(step)) for step in path[:-1]):
            continue
        if isinstance(value, dict):
            name, said = value.get("name"), value.get("value")
            if isinstance(name, str) and name in SECRET and _is_literal(said):
                yield (*path, "value"), name
        elif path[-1] in SECRET and _is_literal(value):
            yield path, str(path[-1])
        elif isinstance(value, str) and (found := _ASSIGNED.match(value)) and _is_literal(found[2]):
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
        judge=_required,
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
        judge=_none_in_git,
    ),
)
