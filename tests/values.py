"""Values of the domain and the configuration, for tests without a server."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import msgspec

from anchor_tui.config.model import ApplicationName, Config, EnvironmentConfig, GitHubConfig
from anchor_tui.domain.model import Application, AutoSyncPolicy, Image, PullRequest, PullRequestRef, Release
from anchor_tui.domain.readings import Fresh
from anchor_tui.domain.snapshot_builder import SourceReadings
from anchor_tui.domain.source_data import (
    ArgoCDData,
    EnvironmentFiles,
    HeadCommit,
    ObservedApplication,
    OpenPullRequestData,
    OpsRepoData,
    PastRelease,
)

T = TypeVar("T")
NOW = datetime(2026, 11, 23, 14, 2, 31, tzinfo=UTC)


def replace(value: T, **changes: Any) -> T:
    """Return a copy with changes, of a domain struct or a configuration dataclass."""
    return (msgspec.structs if isinstance(value, msgspec.Struct) else dataclasses).replace(value, **changes)


def ago(**span: float) -> datetime:
    return NOW - timedelta(**span)


def environment_config(name: str, **changes: Any) -> EnvironmentConfig:
    base = EnvironmentConfig(
        name=name,
        rules="prod" if name == "prod" else "staging",
        tier="always-on" if name == "prod" else "on-demand",
        protected=name == "prod",
        applications=(ApplicationName(f"anchor-msp-{name}"),),
        release=f"environments/{name}/release.yaml",
        values=f"infra/helm/platform/environments/{name}/values.yaml",
    )
    return replace(base, **changes)


def config(*environments: EnvironmentConfig, **changes: Any) -> Config:
    """Return a configuration; of dev, staging and prod by default."""
    chosen = environments or tuple(environment_config(name) for name in ("dev", "staging", "prod"))
    return replace(Config(github=GitHubConfig(ops_repo="anchor/anchor-msp-ops"), environments=chosen), **changes)


def application(name: str = "anchor-msp-prod", **changes: Any) -> Application:
    """Return an application that is synced and healthy."""
    base = Application(
        source="argocd",
        namespace="argocd",
        name=name,
        project="anchor-msp",
        sync="Synced",
        health="Healthy",
        health_since=ago(days=3),
        compared_revision="58c99611d007a6cc61b03fc859cecf01bfcf1e22",
        automated=AutoSyncPolicy(enabled=True, prune=True, self_heal=True),
        reconciled_at=ago(minutes=1),
    )
    return replace(base, **changes)


def release(version: str, **changes: Any) -> Release:
    """Return a release with one image; its digest is derived from the version."""
    digest = f"sha256:{version.encode().hex():0<64}"
    number = int(version.replace(".", ""))
    base = Release(
        version=version,
        commit="9f2c1e0d5a7b4c3e8f6a1b2c3d4e5f60718293a4",
        images=(Image("gateway", "ghcr.io/anchor/anchor-gateway", version, digest),),
        changed_at=ago(hours=2),
        changed_by="a.lee",
        pull_request=PullRequestRef(number, f"Release {version}", f"https://github.com/a/b/pull/{number}"),
    )
    return replace(base, **changes)


def files(*versions: str, whole: bool | None = True, **changes: Any) -> EnvironmentFiles:
    """Return the files of an environment whose history has these versions, newest first."""
    releases = [release(version) for version in versions]
    base = EnvironmentFiles(
        release=releases[0] if releases else None,
        history=tuple(PastRelease(f"{index:040x}", past) for index, past in enumerate(releases)),
        history_complete=whole,
    )
    return replace(base, **changes)


def pull_request(number: int = 232, **changes: Any) -> PullRequest:
    base = PullRequest(number, f"PR {number}", f"https://github.com/a/b/pull/{number}", checks="success")
    return replace(base, **changes)


def opened(
    number: int = 232, branch: str = "topic", labels: tuple[str, ...] = (), **moves: str | None
) -> OpenPullRequestData:
    """Return a pull request that changes environments to versions; None is an unreadable release."""
    releases = {name: release(version) if version else None for name, version in moves.items()}
    return OpenPullRequestData(pull_request(number, labels=labels), branch, releases)


def ops_repo(**changes: Any) -> OpsRepoData:
    """Return an ops repo with dev, staging and prod, each one release behind the one before."""
    base = OpsRepoData(
        name="anchor/anchor-msp-ops",
        url="https://github.com/anchor/anchor-msp-ops",
        branch="main",
        head=HeadCommit("58c99611d007a6cc61b03fc859cecf01bfcf1e22", "Promote"),
        environments={
            "dev": files("1.44.0", "1.43.2", "1.43.1"),
            "staging": files("1.43.2", "1.43.1"),
            "prod": files("1.43.1"),
        },
    )
    return replace(base, **changes)


def argocd(*applications: Application, labels: dict[str, str] | None = None, **changes: Any) -> ArgoCDData:
    """Return an Argo CD with these applications; by default the healthy ones of dev, staging and prod."""
    chosen = applications or tuple(application(f"anchor-msp-{name}") for name in ("dev", "staging", "prod"))
    observed = tuple(ObservedApplication(app, labels or {}) for app in chosen)
    base = ArgoCDData("argocd", "https://cd.example.com", "v3.5.1", own_namespace="argocd", applications=observed)
    return replace(base, **changes)


def fresh(value: Any, **changes: Any) -> Fresh[Any]:
    return replace(Fresh(value, ago(seconds=2), NOW + timedelta(seconds=43)), **changes)


def readings(apps: Any = None, repo: Any = None, **changes: Any) -> SourceReadings:
    """Return readings; everything is fresh by default."""
    base = SourceReadings(argocd={"argocd": apps or fresh(argocd())}, github=repo or fresh(ops_repo()))
    return replace(base, **changes)
