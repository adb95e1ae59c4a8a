"""Defaults of an environment that follow from its name and its rules."""

from __future__ import annotations

import pytest

from tests.config.config_files import MINIMAL, load_text


def test_the_ops_repo_is_enough_for_a_whole_configuration(folder):
    config = load_text(folder, MINIMAL)
    dev, staging, prod = config.environments
    assert [str(application) for application in prod.applications] == ["anchor-msp-prod"]
    assert (prod.release, prod.values) == (
        "environments/prod/release.yaml",
        "infra/helm/platform/environments/prod/values.yaml",
    )
    assert [(e.rules, e.tier, e.protected, e.server) for e in (dev, staging, prod)] == [
        ("dev", "on-demand", False, "argocd"),
        ("staging", "on-demand", False, "argocd"),
        ("prod", "always-on", True, "argocd"),
    ]
    assert dict(config.origins) == {"github.ops_repo": f"{folder / 'anchor-tui.toml'}:2"}


def test_named_environments_get_the_rules_of_their_name(folder):
    config = load_text(
        folder, MINIMAL + "".join(f'[[environments]]\nname = "{n}"\n' for n in ("dev", "staging", "prod"))
    )
    assert config.environments == load_text(folder, MINIMAL).environments


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('name = "qa"', ("staging", "always-on", False)),
        ('name = "qa"\nrules = "dev"', ("dev", "on-demand", False)),
        ('name = "prod-us"\nrules = "prod"', ("prod", "always-on", True)),
        ('name = "prod"\ntier = "on-demand"\nprotected = false', ("prod", "on-demand", False)),
        ('name = "dev"\nrules = "prod"', ("prod", "always-on", True)),
    ],
)
def test_tier_and_protection_follow_from_the_rules_by_default(folder, text, expected):
    (environment,) = load_text(folder, f"{MINIMAL}[[environments]]\n{text}\n").environments
    assert (environment.rules, environment.tier, environment.protected) == expected
