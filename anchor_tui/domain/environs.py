"""The environment of a container: `env`, `envFrom`, and what Secrets, ConfigMaps and their makers put into it.

An ExternalSecret, a SealedSecret or a SecretProviderClass counts as the Secret that it makes: its keys are
known and its values are not. Live Secrets are masked by Argo CD, which leaves their keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from anchor_tui.domain.model import Value
from anchor_tui.domain.shapes import Manifest, mapping, mappings, sequence, text


class Variable(Value, frozen=True):
    """What a variable says. `text` is None where its value cannot be seen, `hidden` then tells why."""

    text: str | None
    hidden: str = ""
    where: str = ""
    """The object, or the key path of the values, that says it."""


class Source(Value, frozen=True):
    """The keys of one Secret or ConfigMap. `open` tells why there may be further ones."""

    what: str
    keys: Mapping[str, str | None]
    open: str = ""


class Sources(Value, frozen=True):
    """Every Secret and ConfigMap by kind and name, and the makers of Secrets that are not ready."""

    by_name: Mapping[tuple[str, str], Source]

    def find(self, kind: str, name: str) -> Source | None:
        """One of them; None where no manifest makes it."""
        return self.by_name.get((kind, name))


def read_sources(resources: Iterable[tuple[str, str, Manifest]], *, live: bool = False) -> Sources:
    """The Secrets and ConfigMaps that objects (kind, group, manifest) are or make. A live Secret beats its maker."""
    made: dict[tuple[str, str], Source] = {}
    own: dict[tuple[str, str], Source] = {}
    for kind, _, manifest in resources:
        name = text(manifest, "metadata", "name")
        match kind:
            case "ConfigMap":
                own["ConfigMap", name] = Source(f"ConfigMap/{name}", _texts(manifest, "data"))
            case "Secret":
                own["Secret", name] = Source(f"Secret/{name}", _secret_keys(manifest))
            case "ExternalSecret":
                source = _external(manifest, name, live=live)
                made["Secret", text(manifest, "spec", "target", "name") or name] = source
            case "SealedSecret":
                target = text(manifest, "spec", "template", "metadata", "name") or name
                keys = [*mapping(manifest, "spec", "encryptedData"), *mapping(manifest, "spec", "template", "data")]
                made["Secret", target] = Source(f"SealedSecret/{name}", dict.fromkeys(keys))
            case "SecretProviderClass":
                for secret in mappings(manifest, "spec", "secretObjects"):
                    keys = [text(each, "key") for each in mappings(secret, "data")]
                    made["Secret", text(secret, "secretName")] = Source(
                        f"SecretProviderClass/{name}", dict.fromkeys(keys)
                    )
            case _:
                pass
    return Sources(made | own)


def _texts(manifest: Manifest, key: str) -> dict[str, str | None]:
    return {str(name): value if isinstance(value, str) else None for name, value in mapping(manifest, key).items()}


def _secret_keys(manifest: Manifest) -> dict[str, str | None]:
    """The keys; an empty value stays the empty text, any other is not looked at."""
    found = {**mapping(manifest, "data"), **mapping(manifest, "stringData")}
    return {str(name): "" if value in ("", None) else None for name, value in found.items()}


def _external(manifest: Manifest, name: str, *, live: bool) -> Source:
    what = f"ExternalSecret/{name}"
    if live and (reason := _not_ready(manifest)):
        return Source(what, {}, f"{what} {reason}")
    spec = mapping(manifest, "spec")
    template = mapping(spec, "target", "template")
    keys = [key for each in mappings(spec, "data") if (key := text(each, "secretKey"))]
    opened = f"{what} takes in a whole entry of its store" if spec.get("dataFrom") else ""
    if template.get("data") and text(template, "mergePolicy") != "Merge":
        return Source(what, dict.fromkeys(mapping(template, "data")))
    if template.get("templateFrom"):
        opened = f"{what} makes its keys by a template"
    return Source(what, dict.fromkeys([*keys, *mapping(template, "data")]), opened)


def _not_ready(manifest: Manifest) -> str:
    """Why the Secret of a live ExternalSecret may not be there; empty where it is."""
    ready = [each for each in mappings(manifest, "status", "conditions") if text(each, "type") == "Ready"]
    if not ready:
        return "does not say whether its Secret is there"
    if text(ready[0], "status") != "True":
        return f"is not ready: {text(ready[0], 'message') or text(ready[0], 'reason') or 'no reason given'}"
    return ""


# --- one container -----------------------------------------------------------------------------------

_REFERENCE = re.compile(r"\$(\$)?\(([-._a-zA-Z][-._a-zA-Z0-9]*)\)")


def environ_of(container: Manifest, where: str, sources: Sources) -> tuple[dict[str, Variable], tuple[str, ...]]:
    """The variables as Kubernetes lays them, `env` over `envFrom`; and what could not be read."""
    found: dict[str, Variable] = {}
    opened: list[str] = []
    for each in mappings(container, "envFrom"):
        for name, variable, reason in _from(each, where, sources):
            if variable is not None:
                found[name] = variable
            if reason:
                opened.append(reason)
    for key in ("env", "envFrom"):
        given = container.get(key)
        if given is not None and (not isinstance(given, list) or len(mappings(container, key)) < len(given)):
            opened.append(f"{where}: `{key}` is no list of mappings")
    for each in mappings(container, "env"):
        found[text(each, "name")] = _variable(each, where, sources, found)
    return found, tuple(dict.fromkeys(opened))


def _from(each: Manifest, where: str, sources: Sources) -> Iterator[tuple[str, Variable | None, str]]:
    prefix = text(each, "prefix")
    for key, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
        name = text(each, key, "name")
        if not name:
            continue
        source = sources.find(kind, name)
        if source is None:
            yield "", None, f"{kind}/{name}, which {where} takes its environment from, is not among the manifests"
            continue
        for variable, value in source.keys.items():
            hidden = "" if value is not None else f"its value is in {kind}/{name}"
            yield prefix + variable, Variable(value, hidden, f"{where} from {source.what}"), ""
        if source.open:
            yield "", None, source.open


def _variable(each: Manifest, where: str, sources: Sources, before: Mapping[str, Variable]) -> Variable:
    origin = mapping(each, "valueFrom")
    if not origin:
        return _expanded(each.get("value"), where, before)
    for key, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
        name, wanted = text(origin, key, "name"), text(origin, key, "key")
        if not name:
            continue
        source = sources.find(kind, name)
        if source is not None and wanted in source.keys:
            value = source.keys[wanted]
            return Variable(value, "" if value is not None else f"its value is in {kind}/{name}", where)
        if source is not None and not source.open:
            return Variable("", "", f"{where}, from {kind}/{name}, which has no key {wanted}")
        return Variable(None, f"{kind}/{name} is not among the manifests", where)
    return Variable(None, "it is taken from the Pod itself", where)


def _expanded(value: object, where: str, before: Mapping[str, Variable]) -> Variable:
    """`$(NAME)` stands for a variable before it; `$$(NAME)` for itself."""
    if value is None:
        return Variable("", "", where)
    if not isinstance(value, str):
        return Variable(None, f"its value `{value}` is no text, which Kubernetes refuses", where)
    hidden = ""

    def replaced(found: re.Match[str]) -> str:
        nonlocal hidden
        if found[1] or found[2] not in before:
            return found[0].replace("$$", "$")
        known = before[found[2]]
        hidden = hidden or (f"it holds $({found[2]}), and {known.hidden}" if known.text is None else "")
        return known.text or ""

    expanded = _REFERENCE.sub(replaced, value)
    return Variable(None, hidden, where) if hidden else Variable(expanded, "", where)


def mounted_keys(pod: Manifest, sources: Sources) -> Iterator[str]:
    """The keys of Secrets that a Pod has as files."""
    for volume in sequence(pod, "volumes"):
        names = [text(volume, "secret", "secretName")]
        names += [text(each, "secret", "name") for each in mappings(volume, "projected", "sources")]
        for name in filter(None, names):
            if (source := sources.find("Secret", name)) is not None:
                yield from (key for key, value in source.keys.items() if value != "")
