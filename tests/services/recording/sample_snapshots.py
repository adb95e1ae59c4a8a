"""Series of snapshots that share their unchanged parts, as those of a running reader do."""

from __future__ import annotations

from datetime import timedelta

from msgspec.structs import replace

from anchor_tui.domain.model import Application, Environment, Snapshot
from anchor_tui.domain.snapshot_builder import build_snapshot
from tests import rich
from tests.values import NOW, application, argocd, config, fresh, readings


def steady() -> Snapshot:
    """Return a snapshot of dev, staging and prod without a failure."""
    return build_snapshot(config(), readings(), NOW)


def later(snapshot: Snapshot, seconds: float) -> Snapshot:
    """Return a snapshot in which only the ages have changed."""
    span = timedelta(seconds=seconds)
    sources = tuple(
        replace(source, age_s=(source.age_s or 0) + 1, taken_at=source.taken_at and source.taken_at + span)
        for source in snapshot.sources
    )
    return replace(snapshot, taken_at=snapshot.taken_at + span, sources=sources)


def change_application(snapshot: Snapshot, environment: int, place: int, **changes: object) -> Snapshot:
    """Return a snapshot in which one application is another object."""
    found = snapshot.environments[environment]
    applications = list(found.applications)
    applications[place] = replace(applications[place], **changes)
    return replace_environment(snapshot, environment, replace(found, applications=tuple(applications)))


def replace_environment(snapshot: Snapshot, place: int, environment: Environment) -> Snapshot:
    environments = list(snapshot.environments)
    environments[place] = environment
    return replace(snapshot, environments=tuple(environments))


def large(count: int) -> Snapshot:
    """Return a snapshot with many applications in prod."""
    base = rich.snapshot()
    applications = tuple(make_application(index) for index in range(count))
    return replace_environment(base, 2, replace(base.environments[2], applications=applications))


def make_application(index: int) -> Application:
    return application(f"app-{index:05}", compared_revision=f"{index:040x}")


def incident() -> Snapshot:
    """Return a snapshot in which prod is Degraded."""
    apps = (
        application("anchor-msp-dev"),
        application("anchor-msp-staging"),
        application("anchor-msp-prod", health="Degraded"),
    )
    return later(build_snapshot(config(), readings(fresh(argocd(*apps))), NOW), 300)
