"""Registry of the panes: their names, their order and how each is built."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from anchor_tui.domain.model import Environment, Snapshot
from anchor_tui.tui.panes.application_order import BY_SEVERITY
from anchor_tui.tui.panes.applications import ApplicationRows, count_applications
from anchor_tui.tui.panes.policy import PolicyRows, count_checks
from anchor_tui.tui.panes.pull_requests import PullRequestRows, list_pull_requests
from anchor_tui.tui.panes.sources import SourceRows, count_sources
from anchor_tui.tui.widgets.list_rows import ListColumn, PaneContent
from anchor_tui.tui.widgets.pane_tabs import PaneTab

if TYPE_CHECKING:
    from anchor_tui.domain.actions.jobs import Job

APPLICATIONS = "Applications"
POLICY = "Policy"
PULL_REQUESTS = "Pull requests"
SOURCES = "Sources"
ACTIVITY = "Activity"
PANES = (APPLICATIONS, POLICY, PULL_REQUESTS, SOURCES, ACTIVITY)
_NO_ACTIVITY = "no action was started in this session; see `anchor-tui audit` for earlier ones"


class FleetPanes:
    """Builds the panes of the fleet screen. Rows of what has not changed are the objects of the last snapshot."""

    def __init__(self) -> None:
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
    ) -> PaneContent:
        """Return a pane of these environments. If they are all environments, with what belongs to none of them."""
        all_shown = len(environments) == len(snapshot.environments)
        match name:
            case "Applications":
                return self._applications.build(snapshot, environments, order)
            case "Policy":
                return self._policy.build(snapshot, environments, show_all=all_shown)
            case "Pull requests":
                return self._pull_requests.build(snapshot, environments, include_unassigned=all_shown)
            case "Activity":
                return _build_activity_pane(jobs)
            case _:
                return self._sources.build(snapshot, environments)


def count_items(name: str, snapshot: Snapshot, environments: Sequence[Environment], jobs: Sequence[Job]) -> PaneTab:
    """Return the tab of a pane, without building its rows."""
    all_shown = len(environments) == len(snapshot.environments)
    counts: dict[str, Callable[[], int]] = {
        POLICY: lambda: count_checks(snapshot, environments),
        PULL_REQUESTS: lambda: len(list_pull_requests(snapshot, environments, include_unassigned=all_shown)),
        SOURCES: lambda: count_sources(snapshot, environments),
        ACTIVITY: lambda: len(jobs),
    }
    if name in counts:
        return PaneTab(name, counts[name]())
    number, marks = count_applications(environments)
    return PaneTab(name, number, marks)


def _build_activity_pane(jobs: Sequence[Job]) -> PaneContent:
    if not jobs:
        return PaneContent((ListColumn("ACTION"),), (), _NO_ACTIVITY)
    from anchor_tui.tui.panes.activity import build_activity_pane  # imports the actions, which most sessions never use

    return build_activity_pane(jobs)
