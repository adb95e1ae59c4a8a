"""The History pane: deployments, marks, comparisons, rollbacks, and failures."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from anchor_tui.domain.inspection.application_details import ApplicationDetails
from anchor_tui.domain.inspection.commit_range import CommitRange, RangeFile
from anchor_tui.domain.inspection.deployments import Deployment, RevisionMetadata
from anchor_tui.domain.model import Environment, Level, Snapshot, SourceFailure, Verdict
from anchor_tui.domain.readings import Stale, Unavailable
from anchor_tui.tui.inspection.comparison_screen import ComparisonScreen
from anchor_tui.tui.inspection.history import HistoryPanel
from tests.tui.inspection.pane_app import REFUSED, FakeInspector, fresh, open_pane
from tests.values import NOW, ago, application, release

NEWEST, MIDDLE, OLDEST = "c" * 40, "b" * 40, "a" * 40
COMMITS = {
    NEWEST: RevisionMetadata(NEWEST, "A. Lee <a@example.com>", "Release 1.43.2 to prod (#233)", ago(minutes=9)),
    MIDDLE: RevisionMetadata(MIDDLE, "B. Kim <b@example.com>", "[red]Merge[/red] pull request", ago(days=2)),
    OLDEST: RevisionMetadata(OLDEST, "A. Lee <a@example.com>", "Release 1.43.0 to prod (#201)", ago(days=9)),
}
RELEASES = {NEWEST: release("1.43.2"), MIDDLE: release("1.43.1"), OLDEST: release("1.43.0")}
GONE = Unavailable(SourceFailure("not-found", "release.yaml does not exist at aaaaaaa"))
RANGE = CommitRange(
    MIDDLE,
    NEWEST,
    (COMMITS[NEWEST],),
    (
        RangeFile("environments/prod/release.yaml", "modified", 2, 2),
        RangeFile("docs/new.md", "added", 10),
        RangeFile("docs/old.md", "removed", 0, 4),
    ),
    3,
)


def deployment(number: int, revision: str, **age: float) -> Deployment:
    at = ago(**age)
    return Deployment(number, revision, at, at - timedelta(seconds=42), "a.lee", is_automated=number != 2)


DEPLOYMENTS = (deployment(3, NEWEST, minutes=8), deployment(2, MIDDLE, days=2), deployment(1, OLDEST, days=9))


def inspector(deployments: tuple[Deployment, ...] = DEPLOYMENTS, **github: Any) -> FakeInspector:
    found = FakeInspector(
        read_details=fresh(ApplicationDetails(deployments=deployments)),
        read_revision=lambda revision: fresh(COMMITS[revision]),
    )
    answers = {"read_release": lambda _, revision: fresh(RELEASES[revision]), "compare": fresh(RANGE)}
    found.github = FakeInspector(**answers | github)
    return found


def make_snapshot(*, read_only: bool = False) -> Snapshot:
    verdict = Verdict(Level.OK)
    prod = Environment(
        "prod", "prod", "always-on", True, "argocd", verdict, release=RELEASES[NEWEST], applications=(application(),)
    )
    return Snapshot(NOW, "engine", read_only, verdict, environments=(prod,))


def open_history(source: FakeInspector | None = None, size: tuple[int, int] = (120, 40), **options: Any) -> Any:
    return open_pane(HistoryPanel, source or inspector(), size, options.get("snapshot", make_snapshot()))


async def test_a_deployment_is_listed_with_its_commit_and_release():
    async with open_history() as ui:
        await ui.wait_for("1.43.2")
        line = next(line for line in ui.text.splitlines() if "ccccccc" in line)
        parts = ("23 Nov 13:54Z", "8 min", "#233", "Release 1.43.2 to prod", "A. Lee", "auto-sync", "42 s")
        assert [part for part in parts if part not in line] == []
        assert "image ghcr.io/anchor/anchor-gateway:1.43.2@sha256:" in ui.text
        assert "[red]Merge[/red]" in ui.text


async def test_commits_and_releases_are_read_once():
    source = inspector()
    async with open_history(source) as ui:
        await ui.read()
        await ui.wait_until(lambda: [name for name, _ in source.calls].count("read_details") == 2)
        await ui.pilot.pause()
        assert [name for name, _ in source.calls].count("read_revision") == 3
        assert len(source.github.calls) == 3
        assert source.github.calls[0] == ("read_release", ("prod", NEWEST))


async def test_enter_compares_a_deployment_with_the_present_one():
    source = inspector()
    async with open_history(source) as ui:
        await ui.press("down", "enter")
        await ui.wait_for("3 commits")
        assert source.github.calls[-1] == ("compare", (MIDDLE, NEWEST))
        assert "1.43.1 (bbbbbbb) → 1.43.2 (ccccccc)" in ui.text
        assert "+  docs/new.md  +10" in ui.text
        assert "2 older ones, which GitHub does not list" in ui.text
        await ui.press("y")
        assert "environments/prod/release.yaml" in ui.clipboard
        await ui.press("escape")
        assert not isinstance(ui.app.screen, ComparisonScreen)


async def test_two_marked_deployments_are_compared():
    source = inspector()
    async with open_history(source) as ui:
        await ui.press("space", "down", "space", "down", "space", "enter")
        await ui.wait_for("3 commits")
        # The third mark replaced that of the older one of the other two.
        assert source.github.calls[-1] == ("compare", (OLDEST, NEWEST))


async def test_a_refused_comparison_is_explained():
    refused = Unavailable(SourceFailure("forbidden", "GitHub: 403, the token needs contents: read"))
    async with open_history(inspector(compare=refused)) as ui:
        await ui.press("down", "enter")
        await ui.wait_for("comparison: GitHub: 403, the token needs contents: read")


async def test_a_rollback_starts_with_the_release_of_the_row():
    async with open_history() as ui:
        await ui.press("down", "b")
        ((action, target),) = ui.app.started
        assert action == "rollback"
        assert (target.environment, target.release) == ("prod", RELEASES[MIDDLE])


@pytest.mark.parametrize(
    ("row", "snapshot", "github", "reason"),
    [
        (0, make_snapshot(), {}, "1.43.2 is the present release of prod"),
        (1, make_snapshot(read_only=True), {}, "read-only: no actions"),
        (1, make_snapshot(), {"read_release": GONE}, "release.yaml does not exist at aaaaaaa"),
    ],
)
async def test_a_rollback_that_cannot_start_is_explained(row, snapshot, github, reason):
    async with open_history(inspector(**github), snapshot=snapshot) as ui:
        await ui.press(*["down"] * row, "b")
        assert reason in ui.notifications
        assert ui.app.started == []


async def test_unknown_commits_and_releases_leave_the_row():
    source = inspector(read_release=GONE)
    source.readings["read_revision"] = REFUSED
    async with open_history(source) as ui:
        await ui.wait_for("permission denied")
        assert "images unknown: release.yaml does not exist" in ui.text
        assert "ccccccc" in ui.text


async def test_the_filter_searches_commits():
    async with open_history() as ui:
        await ui.press("slash", *"#201", "enter")
        assert "aaaaaaa" in ui.text
        assert "bbbbbbb" not in ui.text


async def test_an_application_without_deployments_is_explained():
    async with open_history(inspector(())) as ui:
        await ui.wait_for("no deployment yet")
        await ui.press("enter", "b", "space")
        assert "there is only one deployment" in ui.notifications


async def test_a_refusal_names_the_missing_right():
    async with open_history(FakeInspector(read_details=REFUSED), (80, 24)) as ui:
        await ui.wait_for("history: permission denied: applications, get: ask for this right")


async def test_a_stale_history_stays():
    source = inspector()
    async with open_history(source) as ui:
        source.readings["read_details"] = REFUSED
        await ui.read()
        await ui.wait_until(lambda: isinstance(ui.panel.reading, Stale))
        assert "1.43.1" in ui.text


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_pictures(size, picture):
    async with open_history(size=size) as ui:
        await ui.press("space", "down")
        assert ui.picture() == picture


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_comparison_pictures(size, picture):
    async with open_history(size=size) as ui:
        await ui.press("down", "enter")
        await ui.wait_for("3 commits")
        assert ui.picture() == picture
