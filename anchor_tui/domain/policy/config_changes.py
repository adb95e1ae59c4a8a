"""The difference between two configurations that makes the checks less strict."""

from __future__ import annotations

from collections.abc import Iterator

from anchor_tui.config.model import Config


def list_relaxations(before: Config, after: Config) -> tuple[str, ...]:
    """Return the changes that may hide a failure, each as a verb with its object: "disables auth.jwt-required"."""
    return (
        *(f"disables {check}" for check in after.policy.disable if check not in before.policy.disable),
        *(
            f"waives {waiver.check} in {waiver.environment} until {waiver.until}"
            for waiver in after.policy.waivers
            if waiver not in before.policy.waivers
        ),
        *_list_changed_environments(before, after),
        *_list_changed_settings(before, after),
    )


def _list_changed_environments(before: Config, after: Config) -> Iterator[str]:
    remaining = {environment.name: environment for environment in after.environments}
    for environment in before.environments:
        if environment.name not in remaining:
            yield f"removes the environment {environment.name}"
        elif remaining[environment.name] != environment:
            yield f"changes the environment {environment.name}"


def _list_changed_settings(before: Config, after: Config) -> Iterator[str]:
    for name in ("auth_modes", "memory_budget"):
        if getattr(before.policy, name) != getattr(after.policy, name):
            yield f"changes policy.{name}"
    for name in ("chart", "release", "names", "engine_id"):
        if getattr(before, name) != getattr(after, name):
            yield f"changes {name}"
