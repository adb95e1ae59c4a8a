"""The environment variables of a container, from `env`, `envFrom`, ConfigMaps and Secrets.

An ExternalSecret, a SealedSecret or a SecretProviderClass counts as the Secret that it creates: its keys are known, its
values are not. Argo CD masks the values of live Secrets and keeps the keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from anchor_tui.domain.json_access import (
    ODD_VALUE_FAULTS,
    JsonMapping,
    describe_value,
    get_list,
    get_mapping,
    get_mappings,
    get_text,
)
from anchor_tui.domain.model import ValueObject


class EnvVariable(ValueObject, frozen=True):
    """The value of a variable. If the value is unknown, `text` is None and `hidden_reason` is set."""

    text: str | None
    hidden_reason: str = ""
    origin: str = ""
    """The object that sets the variable, or the key path in the values."""


class EnvSource(ValueObject, frozen=True):
    """The keys of one Secret or ConfigMap. `incomplete_reason` is set if there may be more keys."""

    name: str
    keys: Mapping[str, str | None]
    incomplete_reason: str = ""


class EnvSources(ValueObject, frozen=True):
    """Every Secret and ConfigMap by kind and name, including Secrets whose creator is not ready."""

    by_name: Mapping[tuple[str, str], EnvSource]

    def find(self, kind: str, name: str) -> EnvSource | None:
        """Return one Secret or ConfigMap; None if no manifest creates it."""
        return self.by_name.get((kind, name))


def read_env_sources(resources: Iterable[tuple[str, JsonMapping]], *, live: bool = False) -> EnvSources:
    """Return the Secrets and ConfigMaps that objects (kind, manifest) are or create.

    A Secret among the objects has precedence over the object that creates it.
    """
    created: dict[tuple[str, str], EnvSource] = {}
    own: dict[tuple[str, str], EnvSource] = {}
    for kind, manifest in resources:
        found = own if kind in {"ConfigMap", "Secret"} else created
        try:
            found.update(_list_env_sources(kind, manifest, live=live))
        except ODD_VALUE_FAULTS as error:
            name = get_text(manifest, "metadata", "name")
            reason = f"{kind}/{name} cannot be read ({type(error).__name__})"
            found["ConfigMap" if kind == "ConfigMap" else "Secret", name] = EnvSource(f"{kind}/{name}", {}, reason)
    return EnvSources(created | own)


def _list_env_sources(kind: str, manifest: JsonMapping, *, live: bool) -> Iterator[tuple[tuple[str, str], EnvSource]]:
    """Yield the Secrets and ConfigMaps that one object is or creates, with their kind and name."""
    name = get_text(manifest, "metadata", "name")
    match kind:
        case "ConfigMap":
            yield ("ConfigMap", name), EnvSource(f"ConfigMap/{name}", _read_texts(manifest, "data"))
        case "Secret":
            yield ("Secret", name), EnvSource(f"Secret/{name}", _read_secret_keys(manifest))
        case "ExternalSecret":
            target = get_text(manifest, "spec", "target", "name") or name
            yield ("Secret", target), _read_external_secret(manifest, name, live=live)
        case "SealedSecret":
            target = get_text(manifest, "spec", "template", "metadata", "name") or name
            keys = [
                *get_mapping(manifest, "spec", "encryptedData"),
                *get_mapping(manifest, "spec", "template", "data"),
            ]
            yield ("Secret", target), EnvSource(f"SealedSecret/{name}", dict.fromkeys(keys))
        case "SecretProviderClass":
            for secret in get_mappings(manifest, "spec", "secretObjects"):
                keys = [get_text(item, "key") for item in get_mappings(secret, "data")]
                source = EnvSource(f"SecretProviderClass/{name}", dict.fromkeys(keys))
                yield ("Secret", get_text(secret, "secretName")), source
        case _:
            pass


def _read_texts(manifest: JsonMapping, key: str) -> dict[str, str | None]:
    return {str(name): value if isinstance(value, str) else None for name, value in get_mapping(manifest, key).items()}


def _read_secret_keys(manifest: JsonMapping) -> dict[str, str | None]:
    """Return the keys. An empty value stays empty; any other value is dropped."""
    found = {**get_mapping(manifest, "data"), **get_mapping(manifest, "stringData")}
    return {str(name): "" if value in ("", None) else None for name, value in found.items()}


def _read_external_secret(manifest: JsonMapping, name: str, *, live: bool) -> EnvSource:
    label = f"ExternalSecret/{name}"
    if live and (reason := _explain_not_ready(manifest)):
        return EnvSource(label, {}, f"{label} {reason}")
    spec = get_mapping(manifest, "spec")
    template = get_mapping(spec, "target", "template")
    keys = [key for item in get_mappings(spec, "data") if (key := get_text(item, "secretKey"))]
    incomplete = f"{label} imports a whole entry of its store" if spec.get("dataFrom") else ""
    if template.get("data") and get_text(template, "mergePolicy") != "Merge":
        return EnvSource(label, dict.fromkeys(get_mapping(template, "data")))
    if template.get("templateFrom"):
        incomplete = f"{label} creates its keys with a template"
    return EnvSource(label, dict.fromkeys([*keys, *get_mapping(template, "data")]), incomplete)


def _explain_not_ready(manifest: JsonMapping) -> str:
    """Return why the Secret of a live ExternalSecret may not exist; empty if it does."""
    conditions = get_mappings(manifest, "status", "conditions")
    ready = [condition for condition in conditions if get_text(condition, "type") == "Ready"]
    if not ready:
        return "does not report whether its Secret exists"
    if get_text(ready[0], "status") != "True":
        return f"is not ready: {get_text(ready[0], 'message') or get_text(ready[0], 'reason') or 'no reason given'}"
    return ""


# --- one container -----------------------------------------------------------------------------------

MAX_EXPANDED_LENGTH = 1_000_000
"""Linux limits all variables of a process to 2 MB. Each reference can double the length of the one before."""
_VARIABLE_REFERENCE = re.compile(r"\$(\$)?\(([-._a-zA-Z][-._a-zA-Z0-9]*)\)")


def resolve_container_env(
    container: JsonMapping, owner: str, sources: EnvSources
) -> tuple[dict[str, EnvVariable], tuple[str, ...]]:
    """Return the variables as Kubernetes resolves them (`env` over `envFrom`), and sentences about unknown ones.

    `owner` is the workload, for messages.
    """
    found: dict[str, EnvVariable] = {}
    unreadable: list[str] = []
    for entry in get_mappings(container, "envFrom"):
        for name, variable, reason in _read_env_from(entry, owner, sources):
            if variable is not None:
                found[name] = variable
            if reason:
                unreadable.append(reason)
    for key in ("env", "envFrom"):
        given = container.get(key)
        if given is not None and (not isinstance(given, list) or len(get_mappings(container, key)) < len(given)):
            unreadable.append(f"{owner}: `{key}` is not a list of mappings")
    for entry in get_mappings(container, "env"):
        found[get_text(entry, "name")] = _read_variable(entry, owner, sources, found)
    return found, tuple(dict.fromkeys(unreadable))


def _read_env_from(
    entry: JsonMapping, owner: str, sources: EnvSources
) -> Iterator[tuple[str, EnvVariable | None, str]]:
    prefix = get_text(entry, "prefix")
    for key, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
        name = get_text(entry, key, "name")
        if not name:
            continue
        source = sources.find(kind, name)
        if source is None:
            yield "", None, f"{kind}/{name}, which sets the environment of {owner}, is not among the manifests"
            continue
        for variable, value in source.keys.items():
            hidden = "" if value is not None else f"its value is in {kind}/{name}"
            yield prefix + variable, EnvVariable(value, hidden, f"{owner} from {source.name}"), ""
        if source.incomplete_reason:
            yield "", None, source.incomplete_reason


def _read_variable(
    entry: JsonMapping, owner: str, sources: EnvSources, before: Mapping[str, EnvVariable]
) -> EnvVariable:
    origin = get_mapping(entry, "valueFrom")
    if not origin:
        return _expand_references(entry.get("value"), owner, before)
    for key, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
        name, wanted = get_text(origin, key, "name"), get_text(origin, key, "key")
        if not name:
            continue
        source = sources.find(kind, name)
        if source is not None and wanted in source.keys:
            value = source.keys[wanted]
            return EnvVariable(value, "" if value is not None else f"its value is in {kind}/{name}", owner)
        if source is not None and not source.incomplete_reason:
            return EnvVariable("", "", f"{owner}, from {kind}/{name}, which has no key {wanted}")
        return EnvVariable(None, f"{kind}/{name} is not among the manifests", owner)
    return EnvVariable(None, "it is taken from the Pod itself", owner)


def _expand_references(value: object, owner: str, before: Mapping[str, EnvVariable]) -> EnvVariable:
    """Replace `$(NAME)` by an earlier variable. `$$(NAME)` is the escape for `$(NAME)`."""
    if value is None:
        return EnvVariable("", "", owner)
    if not isinstance(value, str):
        return EnvVariable(None, f"its value {describe_value(value)} is not a text, which Kubernetes refuses", owner)
    hidden = ""

    def replace_reference(found: re.Match[str]) -> str:
        nonlocal hidden
        if found[1] or found[2] not in before:
            return found[0].replace("$$", "$")
        known = before[found[2]]
        hidden = hidden or (f"it contains $({found[2]}), and {known.hidden_reason}" if known.text is None else "")
        return known.text or ""

    names = [found[2] for found in _VARIABLE_REFERENCE.finditer(value) if not found[1] and found[2] in before]
    if len(value) + sum(len(before[name].text or "") for name in names) > MAX_EXPANDED_LENGTH:
        return EnvVariable(None, f"its references expand to more than {MAX_EXPANDED_LENGTH:,} characters", owner)
    expanded = _VARIABLE_REFERENCE.sub(replace_reference, value)
    return EnvVariable(None, hidden, owner) if hidden else EnvVariable(expanded, "", owner)


def list_mounted_secret_keys(pod: JsonMapping, sources: EnvSources) -> Iterator[str]:
    """Yield the keys of Secrets that a Pod mounts as files."""
    for volume in get_list(pod, "volumes"):
        names = [get_text(volume, "secret", "secretName")]
        names += [get_text(item, "secret", "name") for item in get_mappings(volume, "projected", "sources")]
        for name in filter(None, names):
            if (source := sources.find("Secret", name)) is not None:
                yield from (key for key, value in source.keys.items() if value != "")
