"""Inputs of plans as plain values: recorded applications, the sample ops repo, snapshots."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from anchor_tui.config.model import Config
from anchor_tui.domain.actions.application_state import ApplicationResource, AppState, SyncWindows
from anchor_tui.domain.actions.plan import LineKind, Order, Plan, PlanLine, Refusal
from anchor_tui.domain.actions.plan_inputs import PlanInputs
from anchor_tui.domain.actions.repo_state import PullRequestState, RepoFile, RepoPermissions, RepoState, blob_oid
from anchor_tui.domain.actions.step_base import ResourceRef
from anchor_tui.domain.kubernetes.managed_resources import ApplicationObjects, read_managed_resources
from anchor_tui.domain.model import (
    Application,
    Environment,
    Level,
    PullRequestRef,
    Release,
    Snapshot,
    SourceFailure,
    SourceState,
    Verdict,
)
from anchor_tui.domain.releases import read_release
from anchor_tui.domain.source_data import EnvironmentFiles, HeadCommit, OpsRepoData, PastRelease
from anchor_tui.domain.yaml.document import parse_document
from anchor_tui.sources.argocd.application_api import to_app_state
from anchor_tui.sources.argocd.response import ApiResponse
from tests.argocd_recordings import load_recording
from tests.domain.policy.sample_repo import CONFIG, sample
from tests.values import NOW, ago, application, replace

HEAD = "58c99611d007a6cc61b03fc859cecf01bfcf1e22"
NAMES = ("dev", "staging", "prod")
STALE = (
    ResourceRef("Deployment", "anchor-staging", "status-mock", "apps"),
    ResourceRef("Service", "anchor-staging", "status-mock"),
)
"""The stale resources of the recorded anchor-msp-staging."""

# --- Argo CD ------------------------------------------------------------------------------------------


def make_app_state(app: Application | None = None, **changes: Any) -> AppState:
    """Return the state of an application with everything known and allowed, and nothing stale."""
    chosen = app or application()
    base = AppState(
        chosen,
        NOW,
        chosen.project,
        own_namespace="argocd",
        managed=ApplicationObjects(),
        windows=SyncWindows(can_sync=True),
        may_sync="yes",
        may_update="yes",
        commit_subject="Promote 1.43.1 to prod (#15)",
    )
    return replace(base, **changes)


def recorded_state(get: str, managed: str | ApplicationObjects | None = None, **changes: Any) -> AppState:
    """Return a recorded application, with recorded managed-resources if given."""
    found = load_recording(get)
    read = to_app_state(ApiResponse(found.content, 0.0, found.raw["headers"].get("date", "")), "argocd", "")
    known: dict[str, Any] = {"windows": SyncWindows(can_sync=True), "may_sync": "yes", "may_update": "yes"}
    if isinstance(managed, str):
        items = load_recording(managed).body.get("items") or ()
        managed = read_managed_resources(items, read.application.name, read.sync_options)
    known["managed"] = managed
    return replace(read, **{**known, **changes})


def stale_status(*refs: ResourceRef) -> tuple[ApplicationResource, ...]:
    return tuple(ApplicationResource(ref, "OutOfSync", requires_pruning=True) for ref in refs)


# --- snapshots ----------------------------------------------------------------------------------------


def environment(name: str, *applications: Application, **changes: Any) -> Environment:
    base = Environment(
        name=name,
        rules=name if name in NAMES else "staging",  # type: ignore[arg-type]
        tier="always-on" if name == "prod" else "on-demand",
        protected=name == "prod",
        source="argocd",
        verdict=Verdict(Level.OK),
        applications=applications,
    )
    return replace(base, **changes)


def snapshot(*environments: Environment, **changes: Any) -> Snapshot:
    """Return a snapshot; by default dev, staging and prod with a healthy application each."""
    chosen = environments or tuple(environment(name, application(f"anchor-msp-{name}")) for name in NAMES)
    base = Snapshot(
        NOW,
        "anchor-msp",
        read_only=False,
        verdict=Verdict(Level.OK),
        sources=(
            SourceState("argocd", "argocd", "https://cd.example.com", state="fresh", taken_at=NOW),
            SourceState("github", "github", "https://api.github.com", state="fresh", taken_at=NOW),
        ),
        environments=chosen,
    )
    return replace(base, **changes)


def unread_source(name: str = "argocd", message: str = "no answer within 15 s") -> SourceState:
    return SourceState(
        name, "argocd", "https://cd.example.com", state="missing", error=SourceFailure("timeout", message)
    )


def plan_inputs(*states: AppState, environments: Mapping[str, Iterable[AppState]] | None = None, **changes: Any) -> Any:
    """Return plan inputs with these applications, all in prod or in the given environments."""
    held = environments or ({"prod": states} if states else {})
    made = [environment(name, *(each.application for each in found)) for name, found in held.items()]
    base = PlanInputs(
        CONFIG,
        snapshot(*made),
        NOW,
        {each.application.id: each for found in held.values() for each in found},
    )
    return replace(base, **changes)


# --- the ops repo -------------------------------------------------------------------------------------


@cache
def sample_release(name: str, number: int = 15) -> Release:
    """Return a release of the sample, changed by a pull request."""
    document = parse_document(sample()[f"environments/{name}/release.yaml"], f"environments/{name}/release.yaml")
    found, _ = read_release(document, CONFIG.release)
    pull = PullRequestRef(number, f"Release {found.version}", f"https://github.com/anchor/anchor-msp-ops/pull/{number}")
    return replace(found, changed_at=ago(days=2), changed_by="a.lee", pull_request=pull)


def past_releases(*names: str) -> tuple[PastRelease, ...]:
    """Return a history of the sample's releases, newest first, each with its own commit."""
    numbers = {"dev": 17, "staging": 16, "prod": 15}
    return tuple(
        PastRelease(f"{index + 1}{'a' * 39}", sample_release(name, numbers[name])) for index, name in enumerate(names)
    )


def repo(files: Mapping[str, str] | None = None, **changes: Any) -> OpsRepoData:
    """Return the sample ops repo: dev 1.44.0, staging 1.43.2, prod 1.43.1."""
    texts = {**sample(), **(files or {})}
    environments = {
        "dev": EnvironmentFiles(
            sample_release("dev", 17), history=past_releases("dev", "staging", "prod"), history_complete=True
        ),
        "staging": EnvironmentFiles(
            sample_release("staging", 16), history=past_releases("staging", "prod"), history_complete=True
        ),
        "prod": EnvironmentFiles(sample_release("prod", 15), history=past_releases("prod"), history_complete=True),
    }
    base = OpsRepoData(
        name="anchor/anchor-msp-ops",
        url="https://github.com/anchor/anchor-msp-ops",
        branch="main",
        head=HeadCommit(HEAD, "Promote 1.43.1 to prod (#15)"),
        environments=environments,
        files=texts,
        blobs={path: blob_oid(text.encode()) for path, text in texts.items()},
        viewer="on-call",
    )
    return replace(base, **changes)


def file(path: str, text: str | bytes) -> RepoFile:
    content = text.encode() if isinstance(text, str) else text
    return RepoFile(path, blob_oid(content), content)


def repo_state(
    target: str = "prod",
    source: str = "staging",
    files: Mapping[str, str] | None = None,
    copied: str | None = None,
    **changes: Any,
) -> RepoState:
    """Return the repo state for a move into one environment; `files` replace those of the sample.

    `copied` is the release that is moved, where it is not the one that `source` has now.
    """
    held = changes.pop("repo", None) or repo(files)
    paths = (f"environments/{target}/release.yaml", f"infra/helm/platform/environments/{target}/values.yaml")
    origin = f"environments/{source}/release.yaml"
    text = copied if copied is not None else held.files.get(origin)
    base = RepoState(
        held,
        RepoPermissions("on-call", "yes", merge_methods=("squash", "merge")),
        {path: file(path, said) for path in paths if (said := held.files.get(path)) is not None},
        file(origin, text) if text is not None else None,
    )
    return replace(base, **changes)


def pull_state(number: int = 232, **changes: Any) -> PullRequestState:
    """Return a pull request that can be merged immediately."""
    base = PullRequestState(
        number,
        f"PR_{number}",
        f"Promote 1.43.2 to prod {number}",
        f"https://github.com/anchor/anchor-msp-ops/pull/{number}",
        base="main",
        branch="anchor-tui/promote/prod/1.43.2",
        head_sha="d" * 40,
        author="on-call",
        mergeable="mergeable",
        merge_state="clean",
        review="approved",
        checks="success",
    )
    return replace(base, **changes)


def repo_inputs(workbench: RepoState, config: Config = CONFIG, **changes: Any) -> Any:
    """Return inputs for a plan in the ops repo, with healthy and readable applications."""
    base = PlanInputs(
        config,
        snapshot(),
        NOW,
        {each.id: make_app_state(each) for each in snapshot().all_applications},
        workbench,
    )
    return replace(base, **changes)


# --- looking at Plans ---------------------------------------------------------------------------------


def order(action: str, *environments: str, **changes: Any) -> Order:
    return replace(Order(action, "4f1c", environments), **changes)  # type: ignore[arg-type]


def expect_plan(found: Plan | Refusal) -> Plan:
    assert isinstance(found, Plan), f"refused: {found}"
    return found


def expect_refusal(found: object) -> Refusal:
    assert isinstance(found, Refusal), f"not refused: {found}"
    return found


def line_texts(plan: Plan, *kinds: LineKind) -> list[str]:
    """Return the texts of the lines of these kinds, or of all lines."""
    return [line.text for line in plan.lines if not kinds or line.kind in kinds]


def only_line(plan: Plan, words: str) -> PlanLine:
    """Return the only line that contains these words."""
    found = [line for line in plan.lines if words in line.text]
    assert len(found) == 1, line_texts(plan)
    return found[0]


def step_names(plan: Plan) -> list[str]:
    """Return the type names of all steps."""
    return [type(step).__name__ for change in plan.step_groups for step in change.steps]
