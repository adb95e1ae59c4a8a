"""Defaults of an environment that follow from its name and its rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from anchor_tui.config.model import DEFAULT_SERVER, ApplicationName, Config, EnvironmentConfig, RuleSet

DEFAULT_ENVIRONMENTS = ("dev", "staging", "prod")
_RULES_BY_NAME: dict[str, RuleSet] = {"dev": "dev", "staging": "staging", "prod": "prod"}


def fill_environments(config: Config, origins: Mapping[str, str]) -> Config:
    """Fill the defaults of every environment. Keys with an origin are in the file and stay unchanged."""
    environments = config.environments
    if not environments:
        environments = tuple(EnvironmentConfig(name=name) for name in DEFAULT_ENVIRONMENTS)
    filled = tuple(
        _fill_environment(
            environment,
            config,
            {name for name in ("rules", "tier", "protected") if f"environments.{index}.{name}" in origins},
        )
        for index, environment in enumerate(environments)
    )
    return msgspec.structs.replace(config, environments=filled)


def _fill_environment(environment: EnvironmentConfig, config: Config, given: set[str]) -> EnvironmentConfig:
    name = environment.name
    values: dict[str, Any] = {}
    rules = environment.rules
    if "rules" not in given:
        rules = values["rules"] = _RULES_BY_NAME.get(name, "staging")
    if "tier" not in given:
        may_sleep = rules == "dev" or (rules == "staging" and (name == "staging" or "rules" in given))
        values["tier"] = "on-demand" if may_sleep else "always-on"
    if "protected" not in given:
        values["protected"] = rules == "prod"
    if not environment.applications:
        values["applications"] = (ApplicationName(f"{config.engine_id}-{name}"),)
    values["server"] = environment.server or DEFAULT_SERVER
    values["release"] = environment.release or f"environments/{name}/release.yaml"
    values["values"] = environment.values or f"{config.chart.path}/environments/{name}/values.yaml"
    return msgspec.structs.replace(environment, **values)
