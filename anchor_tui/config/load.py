"""Finding, reading and checking the configuration: every error at once, each with its file and line."""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anchor_tui.config.convert import ConfigConverter, ConfigError, ConfigErrors
from anchor_tui.config.key_lines import find_key_lines
from anchor_tui.config.model import (
    DEFAULT_SERVER,
    ApplicationName,
    Config,
    EnvironmentConfig,
    RuleSet,
    ServerConfig,
    StatusApiConfig,
)
from anchor_tui.config.patterns import is_loopback, parse_url

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

CONFIG_FILE_NAME = "anchor-tui.toml"
CONFIG_FILE_VARIABLE = "ANCHOR_TUI_CONFIG"
STATUS_URL_VARIABLE = "STATUS_API_URL"
DEFAULT_ENVIRONMENTS = ("dev", "staging", "prod")


MAX_KEYS_OF_ACTION = 6
"""An action with more keys than these spellings is a row of keys, as 1 to 9, and no single one can stand for it."""


def load_config(
    path: Path | None,
    environ: Mapping[str, str],
    *,
    cwd: Path,
    read_only: bool = False,
    actions: Mapping[str, Collection[str]] | None = None,
    checks: Collection[str] | None = None,
) -> Config:
    """The configuration of `path`, `$ANCHOR_TUI_CONFIG`, `./anchor-tui.toml` or the user's folder.

    `actions` are the known action ids, each with its usual keys in every spelling, `checks` the known check
    ids; where they are given, unknown ones are errors, and so are two actions on one key. Raises ConfigErrors.
    """
    file = find_config_file(path, environ, cwd)
    if file is None:
        message = (
            f"no configuration: there is no {CONFIG_FILE_NAME} here nor in your configuration folder. "
            'Run `anchor-tui config init`, or write one that says [github] ops_repo = "owner/name"'
        )
        raise ConfigErrors((ConfigError(CONFIG_FILE_NAME, None, "", message),))
    config = parse_config(_read_file(file), file, environ, actions=actions, checks=checks)
    if read_only:
        config = replace(config, read_only=True, origins={**config.origins, "read_only": "--read-only"})
    return config


def find_config_file(path: Path | None, environ: Mapping[str, str], cwd: Path) -> Path | None:
    """The file to read, whether or not it is there for the first two; None where there is none at all."""
    if path is not None:
        return cwd / path.expanduser()
    if named := environ.get(CONFIG_FILE_VARIABLE):
        return cwd / Path(named).expanduser()
    if (here := cwd / CONFIG_FILE_NAME).is_file():
        return here
    return there if (there := user_config_file()).is_file() else None


def user_config_file() -> Path:
    """The file in the user's configuration folder."""
    from platformdirs import user_config_path  # only where nothing nearer was found

    return user_config_path("anchor-tui", appauthor=False) / CONFIG_FILE_NAME


def _read_file(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        message = "there is no such file: name another, or run `anchor-tui config init` to write one"
        raise ConfigErrors((ConfigError(str(file), None, "", message),)) from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        message = "not UTF-8: save the file as UTF-8"
        raise ConfigErrors((ConfigError(str(file), line, "", message),)) from error
    except OSError as error:
        message = f"the file cannot be read: {error.strerror or error}"
        raise ConfigErrors((ConfigError(str(file), None, "", message),)) from error


def parse_config(
    text: str,
    file: Path,
    environ: Mapping[str, str],
    *,
    actions: Mapping[str, Collection[str]] | None = None,
    checks: Collection[str] | None = None,
) -> Config:
    """The configuration that a TOML text holds, defaults filled in; ConfigErrors with everything wrong in it."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigErrors((_syntax_error(error, text, file),)) from error
    home = Path(environ["HOME"]) if environ.get("HOME") else Path.home()
    checker = ConfigConverter(str(file), find_key_lines(text), file.parent, home)
    if "github" not in raw:
        checker.error(("github", "ops_repo"), 'is missing: say [github] ops_repo = "owner/name"')
    config: Config = checker.table(Config, raw, ())
    if raw.get("environments") == []:
        message = "is empty: leave it out for dev, staging and prod, or name at least one"
        checker.error(("environments",), message)
    config = _fill_environments(config, checker.origins)
    if not config.status_api.url and (url := environ.get(STATUS_URL_VARIABLE, "").strip()):
        given = checker.table(StatusApiConfig, {"url": url}, ("status_api",))
        config = replace(config, status_api=replace(config.status_api, url=given.url))
        checker.origins["status_api.url"] = f"${STATUS_URL_VARIABLE}"
    _check_servers(config, checker)
    _check_environments(config, checker)
    _check_promotion_and_ids(config, checker, actions, checks)
    if checker.errors:
        raise ConfigErrors(tuple(sorted(checker.errors, key=lambda error: (error.line or 0, error.key))))
    return replace(config, path=file, origins=checker.origins)


def _syntax_error(error: tomllib.TOMLDecodeError, text: str, file: Path) -> ConfigError:
    found = re.search(r"^(.*) \(at (?:line (\d+), column (\d+)|end of document)\)$", str(error), re.DOTALL)
    message = found[1] if found else str(error)
    line = int(found[2]) if found and found[2] else text.count("\n") + 1
    column = f", column {found[3]}" if found and found[3] else ""
    return ConfigError(str(file), line, "", f"not valid TOML{column}: {message}")


# --- defaults --------------------------------------------------------------------------------------


def _fill_environments(config: Config, origins: Mapping[str, str]) -> Config:
    """The configuration with what follows from an environment's name put in."""
    given = config.environments
    if not given:
        given = tuple(EnvironmentConfig(name=name) for name in DEFAULT_ENVIRONMENTS)
    filled = tuple(
        _fill_environment(
            environment, config, {key for key in _DERIVED_KEYS if f"environments.{index}.{key}" in origins}
        )
        for index, environment in enumerate(given)
    )
    return replace(config, environments=filled)


_DERIVED_KEYS = ("rules", "tier", "protected")
_RULES_BY_NAME: dict[str, RuleSet] = {"dev": "dev", "staging": "staging", "prod": "prod"}


def _fill_environment(environment: EnvironmentConfig, config: Config, said: set[str]) -> EnvironmentConfig:
    """An environment by the rules of its name; what the file says stays."""
    name = environment.name
    values: dict[str, Any] = {}
    rules = environment.rules
    if "rules" not in said:
        rules = values["rules"] = _RULES_BY_NAME.get(name, "staging")
    if "tier" not in said:
        asleep = rules == "dev" or (rules == "staging" and (name == "staging" or "rules" in said))
        values["tier"] = "on-demand" if asleep else "always-on"
    if "protected" not in said:
        values["protected"] = rules == "prod"
    if not environment.applications:
        values["applications"] = (ApplicationName(f"{config.engine_id}-{name}"),)
    values["server"] = environment.server or DEFAULT_SERVER
    values["release"] = environment.release or f"environments/{name}/release.yaml"
    values["values"] = environment.values or f"{config.chart.path}/environments/{name}/values.yaml"
    return replace(environment, **values)


# --- what no single field can tell -----------------------------------------------------------------


def _check_servers(config: Config, checker: ConfigConverter) -> None:
    for server in (config.argocd, *config.servers):
        path = ("argocd",) if server.name == DEFAULT_SERVER else ("servers", server.name)
        if server.context and server.server:
            checker.error((*path, "context"), "`context` and `server` both name an address: keep one of them")
        if bool(server.client_cert) != bool(server.client_key):
            missing, there = ("client_key", "client_cert") if server.client_cert else ("client_cert", "client_key")
            checker.error((*path, there), f"`{missing}` is missing: a client certificate needs both")
        _check_plaintext(server, (*path, "server"), checker)


def _check_plaintext(server: ServerConfig, path: tuple[str, ...], checker: ConfigConverter) -> None:
    parts = parse_url(server.server) if server.server else None
    if parts and parts.scheme == "http" and not is_loopback(parts.hostname or "") and not server.plaintext:
        message = f'found "{server.server}"; plain http sends the token in the clear: '
        checker.error(path, message + "write https, or add plaintext = true", server.server)


def _check_environments(config: Config, checker: ConfigConverter) -> None:
    names = [environment.name for environment in config.environments]
    servers = (DEFAULT_SERVER, *(server.name for server in config.servers))
    owners: dict[tuple[str, str], str] = {}
    for index, environment in enumerate(config.environments):
        path = ("environments", str(index))
        name = environment.name
        if name and name in names[:index]:
            checker.error((*path, "name"), f"`{name}` is the name of an environment before: give each its own", name)
        if environment.server not in servers:
            accepted = ", ".join(f'"{server}"' for server in servers)
            message = f'found "{environment.server}"; accepted: {accepted}'
            checker.error(
                (*path, "server"), f"{message}, or add [servers.{environment.server}]", environment.server, servers
            )
        if isinstance(environment.applications, tuple):
            for application in environment.applications:
                owner = owners.setdefault((environment.server, str(application)), name)
                if owner != name:
                    message = f"{application} belongs to the environment {owner} already"
                    checker.error((*path, "applications"), message, str(application))
    for index, waiver in enumerate(config.policy.waivers):
        if waiver.environment and waiver.environment not in names:
            where = ("policy", "waivers", str(index), "environment")
            accepted = ", ".join(f'"{name}"' for name in names)
            checker.error(
                where, f'found "{waiver.environment}"; accepted: {accepted}', waiver.environment, tuple(names)
            )


def _check_promotion_and_ids(
    config: Config,
    checker: ConfigConverter,
    actions: Mapping[str, Collection[str]] | None,
    checks: Collection[str] | None,
) -> None:
    promotion = config.promotion
    if promotion.via == "workflow" and not promotion.workflow:
        checker.error(("promotion", "workflow"), 'is missing: via = "workflow" needs its file name, as "promote.yaml"')
    if checks is not None:
        for index, check in enumerate(config.policy.disable):
            _check_known(checker, ("policy", "disable", str(index)), check, checks, "check")
        for index, waiver in enumerate(config.policy.waivers):
            if waiver.check:
                _check_known(checker, ("policy", "waivers", str(index), "check"), waiver.check, checks, "check")
    if actions is not None:
        _check_keys(config, checker, actions)


def _check_keys(config: Config, checker: ConfigConverter, actions: Mapping[str, Collection[str]]) -> None:
    given = {action: (key,) for action, key in config.keys.items() if action in actions}
    effective: dict[str, Collection[str]] = {**actions, **given}
    for action, key in config.keys.items():
        _check_known(checker, ("keys", action), action, actions, "action")
        if len(actions.get(action, ())) > MAX_KEYS_OF_ACTION:
            checker.error(("keys", action), "its keys are fixed: each of them does something else", key)
            continue
        others = [other for other, keys in effective.items() if key in keys and other != action]
        if others and action in actions:
            checker.error(("keys", action), f'"{key}" is the key of {", ".join(others)} already', key)


def _check_known(
    checker: ConfigConverter, path: tuple[str, ...], found: str, known: Collection[str], what: str
) -> None:
    if found in known:
        return
    from difflib import get_close_matches

    near = get_close_matches(found, known, 1)
    hint = f"did you mean `{near[0]}`?" if near else f"known: {', '.join(sorted(known))}"
    checker.error(path, f"there is no {what} `{found}`; {hint}", found, tuple(sorted(known)))
