"""Registry of the panes: their names, their order and how each is built."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from anchor_tui.domain.model import Environment, Snapshot
from anchor_tui.domain.status_marks import StatusMark
from anchor_tui.tui.panes.application_order import BY_SEVERITY
from anchor_tui.tui.panes.applications import ApplicationRows, count_applications
from anchor_tui.tui.panes.fleet import FleetRows
from anchor_tui.tui.panes.policy import PolicyRows, count_checks
from anchor_tui.tui.panes.pull_requests import PullRequestRows, list_pull_requests
from anchor_tui.tui.panes.sources import SourceRows, count_sources
from anchor_tui.tui.widgets.failure_guard import format_failure
from anchor_tui.tui.widgets.list_rows import ListColumn, PaneContent
from anchor_tui.tui.widgets.pane_tabs import PaneTab

if TYPE_CHECKING:
    from anchor_tui.domain.actions.jobs import Job
    from anchor_tui.domain.history.loaded_timeline import LoadedTimeline
    from anchor_tui.tui.panes.activity import ActivityRows

APPLICATIONS = "Applications"
POLICY = "Policy"
PULL_REQUESTS = "Pull requests"
SOURCES = "Sources"
ACTIVITY = "Activity"
PANES = (APPLICATIONS, POLICY, PULL_REQUESTS, SOURCES, ACTIVITY)


class FleetPanes:
    """Builds the panes of the fleet screen. Rows of what has not changed are the objects of the last snapshot.

    A pane that cannot be built shows the reason; the other panes are built. `report_failure` records the error.
    """

    def __init__(self, report_failure: Callable[[Exception], None]) -> None:
        self._report_failure = report_failure
        self._overview = FleetRows()
        self._applications = ApplicationRows()
        self._policy = PolicyRows()
        self._pull_requests = PullRequestRows()
        self._sources = SourceRows()

    def build(
        self,
        name: str,
        snapshot: Snapshot,
        environments: Sequence[Environment],
        jobs: Sequence[Job] = (),
        order: str = BY_SEVERITY,
        timeline: LoadedTimeline | None = None,
    ) -> PaneContent:
        """Return a pane of these environments. If they are all environments, with what belongs to none of them."""
        all_shown = len(environments) == len(snapshot.environments)
        builders: dict[str, Callable[[], PaneContent]] = {
            APPLICATIONS: lambda: self._applications.build(snapshot, environments, order),
            POLICY: lambda: self._policy.build(snapshot, environments, show_all=all_shown),
            PULL_REQUESTS: lambda: self._pull_requests.build(snapshot, environments, include_unassigned=all_shown),
            SOURCES: lambda: self._sources.build(snapshot, environments),
            ACTIVITY: lambda: self.activity.build(jobs, timeline, snapshot.taken_at),
        }
        return self._guard(builders[name])

    @cached_property
    def activity(self) -> ActivityRows:
        """The rows of the activity pane. They import the actions and the history, which the first frame needs not."""
        from anchor_tui.tui.panes.activity import ActivityRows

        return ActivityRows()

    def build_overview(self, snapshot: Snapshot) -> PaneContent:
        """Return the rows of the environments."""
        return self._guard(lambda: self._overview.build(snapshot))

    def _guard(self, build: Callable[[], PaneContent]) -> PaneContent:
        try:
            return build()
        except Exception as error:  # noqa: BLE001 - an internal error is shown and must not end the screen
            self._report_failure(error)
            return PaneContent((ListColumn(""),), (), f"{StatusMark.FAILING.glyph()} {format_failure(error)}")

    def list_tabs(self, snapshot: Snapshot, environments: Sequence[Environment], jobs: Sequence[Job]) -> list[PaneTab]:
        """Return the tabs of the panes, without building rows. A tab shows no number if its rows cannot be counted."""
        tabs = []
        for name in PANES:
            try:
                tabs.append(_count_items(name, snapshot, environments, jobs))
            except Exception as error:  # noqa: BLE001 - as above
                self._report_failure(error)
                tabs.append(PaneTab(name))
        return tabs


def _count_items(name: str, snapshot: Snapshot, environments: Sequence[Environment], jobs: Sequence[Job]) -> PaneTab:
    if name == APPLICATIONS:
        return PaneTab(name, *count_applications(environments))
    all_shown = len(environments) == len(snapshot.environments)
    counters: dict[str, Callable[[], int | None]] = {
        POLICY: lambda: count_checks(snapshot, environments),
        PULL_REQUESTS: lambda: len(list_pull_requests(snapshot, environments, include_unassigned=all_shown)),
        SOURCES: lambda: count_sources(snapshot, environments),
        ACTIVITY: lambda: len(jobs) or None,  # the recorded changes below the actions are not counted
    }
    return PaneTab(name, counters[name]())
