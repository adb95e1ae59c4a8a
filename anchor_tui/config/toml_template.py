"""The commented configuration file that `anchor-tui config init` writes."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, get_args, get_origin

import msgspec

from anchor_tui.config.fields import ConfigField, configurable_fields
from anchor_tui.config.model import Config, EnvironmentConfig
from anchor_tui.config.toml_text import render_value

_HEAD = """\
# The configuration of anchor-tui. A line with `#` directly before its key is the default or an example:
# remove the `#` to set it. Only [github] ops_repo is required. Do not write tokens here: they are read from
# the environment, from the argocd and gh command lines, or from the keyring.
# `keyring set anchor-tui github:https://api.github.com` puts one into the keyring; see README.md.
# `anchor-tui config show` prints every value in use and its origin.
"""
_EXAMPLES: dict[str, str] = {
    "argocd.context": '"cd.example.com"',
    "argocd.server": '"https://cd.example.com"',
    "argocd.token_env": '"ARGOCD_TOKEN"',
    "github.ops_repo": '"OWNER/NAME"',
    "github.app_repo": '"OWNER/NAME"',
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
    "notify.desktop": '"osc9"',
    "notify.run": '["notify-send"]',
    "rules.environment": '"prod"',
    "rules.recovery": "true",
    "waivers.reason": '"a bigger node comes in January"',
}


def render_template(ops_repo: str = "") -> str:
    """Render a whole file with the description of every key. Only a given ops repo is not commented out."""
    lines = [_HEAD]
    fields = configurable_fields(Config).values()
    for field in fields:
        if not field.contains_keys:
            lines += _render_entry(field.name, field.description, render_value(field.default))
    for field in fields:
        if field.contains_keys:
            lines += _render_tables(field, {"ops_repo": ops_repo} if field.name == "github" and ops_repo else {})
    return "\n".join(lines) + "\n"


def _render_tables(field: ConfigField, given: Mapping[str, str]) -> list[str]:
    """Render the table of a key, and the lists of tables in it."""
    name, description = field.name, field.description
    if name == "servers":
        entries = ['#server = "https://cd.eu.example.com"']
        return _render_section(f"{description}; the same keys as in [argocd]", "#[servers.eu]", entries)
    if name == "keys":
        return _render_section(description, "[keys]", ['#sync = "s"'])
    if field.table is None:
        description += "; by default dev, staging and prod"
        return _render_section(description, f"#[[{name}]]", _render_entries(EnvironmentConfig, name, given))
    lines = _render_section(description, f"[{name}]", _render_entries(field.table, name, given))
    for nested in configurable_fields(field.table).values():
        if nested.item and nested.item.table:
            nested_entries = _render_entries(nested.item.table, nested.name, given)
            lines += _render_section(nested.description, f"#[[{name}.{nested.name}]]", nested_entries)
    return lines


def _render_section(description: str, header: str, entries: Iterable[str]) -> list[str]:
    return ["", *_wrap_comment(description), header, *entries]


def _render_entries(table: type[msgspec.Struct], table_name: str, given: Mapping[str, str]) -> Iterator[str]:
    """Render the keys of a table as comments, except the `given` values."""
    for name, field in configurable_fields(table).items():
        if field.contains_keys:
            continue
        description = field.description
        if get_origin(field.plain_type) is Literal:
            description += ": " + ", ".join(get_args(field.plain_type))
        if name in given:
            yield from (*_wrap_comment(description), f"{name} = {render_value(given[name])}")
            continue
        value = _EXAMPLES.get(f"{table_name}.{name}") or render_value(field.default)
        yield from _render_entry(name, description, value)


def _render_entry(name: str, description: str, value: str) -> list[str]:
    return [*_wrap_comment(description), f"#{name} = {value}"]


def _wrap_comment(description: str) -> list[str]:
    return [f"# {line}" for line in textwrap.wrap(description, 100)]
