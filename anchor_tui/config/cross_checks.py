"""Checks of the configuration that involve several keys, or the known action and check ids."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from anchor_tui.config.convert import ConfigConverter
from anchor_tui.config.key_lines import TomlPath
from anchor_tui.config.model import DEFAULT_SERVER, Config, NotificationRule, ServerConfig, Waiver
from anchor_tui.config.suggestions import find_nearest_name
from anchor_tui.config.usual_keys import KeysByAction
from anchor_tui.config.web_address import is_loopback, parse_url

MAX_KEYS_OF_ACTION = 6
"""An action with more keys than this (counting every spelling) is a row of keys, as 1 to 9. It cannot be remapped."""


def check_servers(config: Config, converter: ConfigConverter) -> None:
    """Check the addresses and client certificates of every Argo CD."""
    for server in (config.argocd, *config.servers):
        path = ("argocd",) if server.name == DEFAULT_SERVER else ("servers", server.name)
        if server.context and server.server:
            converter.add_error((*path, "context"), "`context` and `server` both name an address: keep one of them")
        if bool(server.client_cert) != bool(server.client_key):
            missing, given = ("client_key", "client_cert") if server.client_cert else ("client_cert", "client_key")
            converter.add_error((*path, given), f"`{missing}` is missing: a client certificate needs both")
        _check_plaintext(server, (*path, "server"), converter)


def _check_plaintext(server: ServerConfig, path: TomlPath, converter: ConfigConverter) -> None:
    parts = parse_url(server.server) if server.server else None
    if parts and parts.scheme == "http" and not is_loopback(parts.hostname or "") and not server.plaintext:
        message = f'found "{server.server}"; plain http sends the token unencrypted: '
        converter.add_error(path, message + "write https, or add plaintext = true", server.server)


def check_environments(config: Config, converter: ConfigConverter) -> None:
    """Check names, servers and applications of the environments, and the environments that other tables name."""
    names = tuple(environment.name for environment in config.environments)
    servers = (DEFAULT_SERVER, *(server.name for server in config.servers))
    owners: dict[tuple[str, str], str] = {}
    for index, environment in enumerate(config.environments):
        path = ("environments", str(index))
        name = environment.name
        if name and name in names[:index]:
            message = f"`{name}` is the name of a previous environment: names must differ"
            converter.add_error((*path, "name"), message, name)
        if environment.server not in servers:
            message = f"{_accepted_names(environment.server, servers)}, or add [servers.{environment.server}]"
            converter.add_error((*path, "server"), message, environment.server, servers)
        if isinstance(environment.applications, tuple):
            for application in environment.applications:
                owner = owners.setdefault((environment.server, str(application)), name)
                if owner != name:
                    message = f"{application} already belongs to the environment {owner}"
                    converter.add_error((*path, "applications"), message, str(application))
    others: dict[TomlPath, Sequence[Waiver | NotificationRule]] = {
        ("policy", "waivers"): config.policy.waivers,
        ("notify", "rules"): config.notify.rules,
    }
    for table_path, tables in others.items():
        for index, table in enumerate(tables):
            if (named := table.environment) and named not in names:
                table_key = (*table_path, str(index), "environment")
                converter.add_error(table_key, _accepted_names(named, names), named, names)


def _accepted_names(found: str, names: tuple[str, ...]) -> str:
    return f'found "{found}"; accepted: ' + ", ".join(f'"{name}"' for name in names)


def check_promotion(config: Config, converter: ConfigConverter) -> None:
    """Check that a promotion by workflow names the workflow."""
    if config.promotion.via == "workflow" and not config.promotion.workflow:
        message = 'is missing: via = "workflow" needs its file name, as "promote.yaml"'
        converter.add_error(("promotion", "workflow"), message)


def check_ids_of_checks(config: Config, converter: ConfigConverter, known: Collection[str]) -> None:
    """Check that every disabled or waived check exists."""
    for index, check in enumerate(config.policy.disable):
        _check_known(converter, ("policy", "disable", str(index)), check, known, "check")
    for index, waiver in enumerate(config.policy.waivers):
        if waiver.check:
            _check_known(converter, ("policy", "waivers", str(index), "check"), waiver.check, known, "check")


def check_keys(config: Config, converter: ConfigConverter, actions: KeysByAction) -> None:
    """Check `[keys]`: every action exists and may be remapped, and no two actions of a screen share a key."""
    usual = {action: found.keys for action, found in actions.items()}
    effective = {**usual, **{action: (key,) for action, key in config.keys.items() if action in actions}}
    for action, key in config.keys.items():
        _check_known(converter, ("keys", action), action, actions, "action")
        if len(usual.get(action, ())) > MAX_KEYS_OF_ACTION:
            converter.add_error(("keys", action), "its keys are fixed: each of them does something different", key)
            continue
        if action not in actions:
            continue
        screens = actions[action].screens
        others = [
            other
            for other, keys in effective.items()
            if key in keys and other != action and screens & actions[other].screens
        ]
        if others:
            converter.add_error(("keys", action), f'"{key}" is already the key of {", ".join(others)}', key)


def _check_known(converter: ConfigConverter, path: TomlPath, found: str, known: Collection[str], kind: str) -> None:
    if found in known:
        return
    near = find_nearest_name(found, known)
    hint = f"did you mean `{near}`?" if near else f"known: {', '.join(sorted(known))}"
    converter.add_error(path, f"there is no {kind} `{found}`; {hint}", found, tuple(sorted(known)))
