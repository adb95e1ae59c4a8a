"""The configuration as TOML: the effective one with the origin of each value, and a whole commented file."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import is_dataclass
from datetime import date
from typing import Literal, get_args, get_origin

from anchor_tui.config.convert import configurable_fields
from anchor_tui.config.model import ApplicationSelector, Config, EnvironmentConfig, ServerConfig, Waiver

_BARE_KEY = re.compile("[A-Za-z0-9_-]+")


def render_effective(config: Config) -> str:
    """Every value in force, each with where it came from behind it. It loads as the same configuration."""
    lines = [f"# from {config.path}" if config.path else "# all defaults"]
    lines += _render_table(config, (), config.origins)
    return "\n".join(lines) + "\n"


def _render_table(table: object, path: tuple[str, ...], origins: Mapping[str, str]) -> Iterator[str]:
    """The lines of one table: its own values first, then the tables in it."""
    cls: type = type(table)
    known = configurable_fields(cls)
    below: list[tuple[str, object]] = []
    for name in known:
        value = getattr(table, name)
        tables = isinstance(value, Mapping) or name in {"servers", "environments", "waivers"}
        if tables or (is_dataclass(value) and not isinstance(value, ApplicationSelector)):
            below.append((name, value))
        elif value is not None:
            yield _render_pair(name, value, (*path, name), origins)
    for name, value in below:
        yield from _render_subtable((*path, name), value, origins)


def _render_subtable(path: tuple[str, ...], value: object, origins: Mapping[str, str]) -> Iterator[str]:
    shown = ".".join(_render_key(step) for step in path)
    match value:
        case Mapping():
            if value:
                yield from ("", f"[{shown}]")
            for name, item in value.items():
                yield _render_pair(name, item, (*path, name), origins)
        case tuple():
            for index, item in enumerate(value):
                named = isinstance(item, ServerConfig)
                yield from ("", f"[{shown}.{_render_key(item.name)}]" if named else f"[[{shown}]]")
                yield from _render_table(item, (*path, item.name if named else str(index)), origins)
        case _:
            yield from ("", f"[{shown}]")
            yield from _render_table(value, path, origins)


def _render_pair(name: str, value: object, path: tuple[str, ...], origins: Mapping[str, str]) -> str:
    dotted = ".".join(path)
    nested = next((place for key, place in origins.items() if key.startswith(dotted + ".")), "default")
    return f"{_render_key(name)} = {_render_value(value)}  # {origins.get(dotted, nested)}"


def _render_key(name: str) -> str:
    return name if _BARE_KEY.fullmatch(name) else _render_value(name)


def _render_value(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case int() | date():
            return str(value)
        case ApplicationSelector():
            return f"{{ selector = {_render_value(str(value))} }}"
        case tuple():
            return f"[{', '.join(_render_value(item) for item in value)}]"
        case _:
            text = str(value).replace("\\", "\\\\").replace('"', '\\"')
            return '"' + "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in text) + '"'


# --- a file to begin with ------------------------------------------------------------------------------

_TEMPLATE_HEAD = """\
# The configuration of anchor-tui. A line with `#` right before its key is the default or an example: take
# the `#` away to say it. Only [github] ops_repo must be said. Tokens have no place here: they come from the
# environment, from the argocd and gh command lines, or from the keyring.
# `anchor-tui config show` tells what is in force, and from where.
"""
_EXAMPLES: dict[str, str] = {
    "argocd.context": '"cd.example.com"',
    "argocd.server": '"https://cd.example.com"',
    "argocd.token_env": '"ARGOCD_TOKEN"',
    "github.app_repo": '"anchor/anchor-msp"',
    "github.token_env": '"OPS_REPO_TOKEN"',
    "status_api.url": '"https://status.example.com/events"',
    "promotion.workflow": '"promote.yaml"',
    "release.version": '"spec.version"',
    "release.commit": '"spec.commit"',
    "release.released": '"spec.released"',
    "release.images": '"spec.images"',
    "environments.name": '"prod"',
    "environments.rules": '"prod"',
    "environments.tier": '"always-on"',
    "environments.protected": "true",
    "environments.server": '"argocd"',
    "environments.applications": '["anchor-msp-prod"]',
    "environments.release": '"environments/prod/release.yaml"',
    "environments.values": '"infra/helm/platform/environments/prod/values.yaml"',
    "waivers.check": '"runtime.memory-budget"',
    "waivers.environment": '"prod"',
    "waivers.until": "2026-12-31",
    "waivers.reason": '"a bigger node comes in January"',
}


def render_template(ops_repo: str = "anchor/anchor-msp-ops") -> str:
    """A whole file to begin with: every key with its description, all but the ops repo commented out."""
    lines = [_TEMPLATE_HEAD]
    known = configurable_fields(Config)
    for name, (field, hint) in known.items():
        if not is_dataclass(hint) and name not in {"servers", "environments", "keys"}:
            lines += _render_entry(name, field.metadata["doc"], _render_value(field.default))
    for name, (field, hint) in known.items():
        doc = field.metadata["doc"]
        match name:
            case "github":
                lines += _render_section(doc, "[github]", _render_entries(hint, name, {"ops_repo": ops_repo}))
            case "servers":
                server = ['#server = "https://cd.eu.example.com"']
                lines += _render_section(f"{doc}; the same keys as in [argocd]", "#[servers.eu]", server)
            case "environments":
                without = f"{doc}; without any: dev, staging and prod"
                lines += _render_section(without, "#[[environments]]", _render_entries(EnvironmentConfig, name, {}))
            case "policy":
                lines += _render_section(doc, "[policy]", _render_entries(hint, name, {}))
                waivers = configurable_fields(hint)["waivers"][0].metadata["doc"]
                lines += _render_section(waivers, "#[[policy.waivers]]", _render_entries(Waiver, "waivers", {}))
            case "keys":
                lines += _render_section(doc, "[keys]", ['#sync = "s"'])
            case _ if is_dataclass(hint) and isinstance(hint, type):
                lines += _render_section(doc, f"[{name}]", _render_entries(hint, name, {}))
    return "\n".join(lines) + "\n"


def _render_section(doc: str, header: str, entries: Iterable[str]) -> list[str]:
    return ["", *_wrap_comment(doc), header, *entries]


def _render_entries(cls: type, table: str, said: Mapping[str, str]) -> Iterator[str]:
    for name, (field, hint) in configurable_fields(cls).items():
        if name == "waivers":
            continue
        doc = field.metadata["doc"]
        if get_origin(hint) is Literal:
            doc += ": " + ", ".join(get_args(hint))
        if name in said:
            yield from (*_wrap_comment(doc), f"{name} = {_render_value(said[name])}")
            continue
        default = _EXAMPLES.get(f"{table}.{name}") or _render_value(field.default)
        yield from _render_entry(name, doc, default)


def _render_entry(name: str, doc: str, value: str) -> list[str]:
    return [*_wrap_comment(doc), f"#{name} = {value}"]


def _wrap_comment(doc: str) -> list[str]:
    return [f"# {line}" for line in textwrap.wrap(doc, 100)]
