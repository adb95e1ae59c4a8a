"""The environment of a container: `env`, `envFrom`, and what Secrets, ConfigMaps and their makers put into it.

An ExternalSecret, a SealedSecret or a SecretProviderClass counts as the Secret that it makes: its keys are
known and its values are not. Live Secrets are masked by Argo CD, which leaves their keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from anchor_tui.domain.json_access import JsonMapping, get_list, get_mapping, get_mappings, get_text
from anchor_tui.domain.model import ValueObject


class EnvVariable(ValueObject, frozen=True):
    """What a variable says. `text` is None where its value cannot be seen, `hidden` then tells why."""

    text: str | None
    hidden_reason: str = ""
    origin: str = ""
    """The object, or the key path of the values, that says it."""


class EnvSource(ValueObject, frozen=True):
    """The keys of one Secret or ConfigMap. `open` tells why there may be further ones."""

    name: str
    keys: Mapping[str, str | None]
    incomplete_reason: str = ""


class EnvSources(ValueObject, frozen=True):
    """Every Secret and ConfigMap by kind and name, and the makers of Secrets that are not ready."""

    by_name: Mapping[tuple[str, str], EnvSource]

    def find(self, kind: str, name: str) -> EnvSource | None:
        """One of them; None where no manifest makes it."""
        return self.by_name.get((kind, name))


def read_env_sources(resources: Iterable[tuple[str, str, JsonMapping]], *, live: bool = False) -> EnvSources:
    """The Secrets and ConfigMaps that objects (kind, group, manifest) are or make. A live Secret beats its maker."""
    made: dict[tuple[str, str], EnvSource] = {}
    own: dict[tuple[str, str], EnvSource] = {}
    for kind, _, manifest in resources:
        name = get_text(manifest, "metadata", "name")
        match kind:
            case "ConfigMap":
                own["ConfigMap", name] = EnvSource(f"ConfigMap/{name}", _read_texts(manifest, "data"))
            case "Secret":
                own["Secret", name] = EnvSource(f"Secret/{name}", _read_secret_keys(manifest))
            case "ExternalSecret":
                source = _read_external_secret(manifest, name, live=live)
                made["Secret", get_text(manifest, "spec", "target", "name") or name] = source
            case "SealedSecret":
                target = get_text(manifest, "spec", "template", "metadata", "name") or name
                keys = [
                    *get_mapping(manifest, "spec", "encryptedData"),
                    *get_mapping(manifest, "spec", "template", "data"),
                ]
                made["Secret", target] = EnvSource(f"SealedSecret/{name}", dict.fromkeys(keys))
            case "SecretProviderClass":
                for secret in get_mappings(manifest, "spec", "secretObjects"):
                    keys = [get_text(each, "key") for each in get_mappings(secret, "data")]
                    made["Secret", get_text(secret, "secretName")] = EnvSource(
                        f"SecretProviderClass/{name}", dict.fromkeys(keys)
                    )
            case _:
                pass
    return EnvSources(made | own)


def _read_texts(manifest: JsonMapping, key: str) -> dict[str, str | None]:
    return {str(name): value if isinstance(value, str) else None for name, value in get_mapping(manifest, key).items()}


def _read_secret_keys(manifest: JsonMapping) -> dict[str, str | None]:
    """The keys; an empty value stays the empty text, any other is not looked at."""
    found = {**get_mapping(manifest, "data"), **get_mapping(manifest, "stringData")}
    return {str(name): "" if value in ("", None) else None for name, value in found.items()}


def _read_external_secret(manifest: JsonMapping, name: str, *, live: bool) -> EnvSource:
    what = f"ExternalSecret/{name}"
    if live and (reason := _explain_not_ready(manifest)):
        return EnvSource(what, {}, f"{what} {reason}")
    spec = get_mapping(manifest, "spec")
    template = get_mapping(spec, "target", "template")
    keys = [key for each in get_mappings(spec, "data") if (key := get_text(each, "secretKey"))]
    opened = f"{what} takes in a whole entry of its store" if spec.get("dataFrom") else ""
    if template.get("data") and get_text(template, "mergePolicy") != "Merge":
        return EnvSource(what, dict.fromkeys(get_mapping(template, "data")))
    if template.get("templateFrom"):
        opened = f"{what} makes its keys by a template"
    return EnvSource(what, dict.fromkeys([*keys, *get_mapping(template, "data")]), opened)


def _explain_not_ready(manifest: JsonMapping) -> str:
    """Why the Secret of a live ExternalSecret may not be there; empty where it is."""
    ready = [each for each in get_mappings(manifest, "status", "conditions") if get_text(each, "type") == "Ready"]
    if not ready:
        return "does not say whether its Secret is there"
    if get_text(ready[0], "status") != "True":
        return f"is not ready: {get_text(ready[0], 'message') or get_text(ready[0], 'reason') or 'no reason given'}"
    return ""


# --- one container -----------------------------------------------------------------------------------

_VARIABLE_REFERENCE = re.compile(r"\$(\$)?\(([-._a-zA-Z][-._a-zA-Z0-9]*)\)")


def resolve_container_env(
    container: JsonMapping, where: str, sources: EnvSources
) -> tuple[dict[str, EnvVariable], tuple[str, ...]]:
    """The variables as Kubernetes lays them, `env` over `envFrom`; and what could not be read."""
    found: dict[str, EnvVariable] = {}
    opened: list[str] = []
    for each in get_mappings(container, "envFrom"):
        for name, variable, reason in _read_env_from(each, where, sources):
            if variable is not None:
                found[name] = variable
            if reason:
                opened.append(reason)
    for key in ("env", "envFrom"):
        given = container.get(key)
        if given is not None and (not isinstance(given, list) or len(get_mappings(container, key)) < len(given)):
            opened.append(f"{where}: `{key}` is no list of mappings")
    for each in get_mappings(container, "env"):
        found[get_text(each, "name")] = _read_variable(each, where, sources, found)
    return found, tuple(dict.fromkeys(opened))


def _read_env_from(each: JsonMapping, where: str, sources: EnvSources) -> Iterator[tuple[str, EnvVariable | None, str]]:
    prefix = get_text(each, "prefix")
    for key, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
        name = get_text(each, key, "name")
        if not name:
            continue
        source = sources.find(kind, name)
        if source is None:
            yield "", None, f"{kind}/{name}, which {where} takes its environment from, is not among the manifests"
            continue
        for variable, value in source.keys.items():
            hidden = "" if value is not None else f"its value is in {kind}/{name}"
            yield prefix + variable, EnvVariable(value, hidden, f"{where} from {source.name}"), ""
        if source.incomplete_reason:
            yield "", None, source.incomplete_reason


def _read_variable(
    each: JsonMapping, where: str, sources: EnvSources, before: Mapping[str, EnvVariable]
) -> EnvVariable:
    origin = get_mapping(each, "valueFrom")
    if not origin:
        return _expand_references(each.get("value"), where, before)
    for key, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
        name, wanted = get_text(origin, key, "name"), get_text(origin, key, "key")
        if not name:
            continue
        source = sources.find(kind, name)
        if source is not None and wanted in source.keys:
            value = source.keys[wanted]
            return EnvVariable(value, "" if value is not None else f"its value is in {kind}/{name}", where)
        if source is not None and not source.incomplete_reason:
            return EnvVariable("", "", f"{where}, from {kind}/{name}, which has no key {wanted}")
        return EnvVariable(None, f"{kind}/{name} is not among the manifests", where)
    return EnvVariable(None, "it is taken from the Pod itself", where)


def _expand_references(value: object, where: str, before: Mapping[str, EnvVariable]) -> EnvVariable:
    """`$(NAME)` stands for a variable before it; `$$(NAME)` for itself."""
    if value is None:
        return EnvVariable("", "", where)
    if not isinstance(value, str):
        return EnvVariable(None, f"its value `{value}` is no text, which Kubernetes refuses", where)
    hidden = ""

    def replaced(found: re.Match[str]) -> str:
        nonlocal hidden
        if found[1] or found[2] not in before:
            return found[0].replace("$$", "$")
        known = before[found[2]]
        hidden = hidden or (f"it holds $({found[2]}), and {known.hidden_reason}" if known.text is None else "")
        return known.text or ""

    expanded = _VARIABLE_REFERENCE.sub(replaced, value)
    return EnvVariable(None, hidden, where) if hidden else EnvVariable(expanded, "", where)


def list_mounted_secret_keys(pod: JsonMapping, sources: EnvSources) -> Iterator[str]:
    """The keys of Secrets that a Pod has as files."""
    for volume in get_list(pod, "volumes"):
        names = [get_text(volume, "secret", "secretName")]
        names += [get_text(each, "secret", "name") for each in get_mappings(volume, "projected", "sources")]
        for name in filter(None, names):
            if (source := sources.find("Secret", name)) is not None:
                yield from (key for key, value in source.keys.items() if value != "")
