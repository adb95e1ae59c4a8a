"""Registry of the panes: their names, their order and how each is built."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from anchor_tui.domain.model import Environment, Snapshot
from anchor_tui.tui.panes.applications import build_applications_pane
from anchor_tui.tui.panes.policy import build_policy_pane
from anchor_tui.tui.panes.pull_requests import build_pull_requests_pane
from anchor_tui.tui.panes.sources import build_sources_pane
from anchor_tui.tui.widgets.row_list import ListColumn, PaneContent

if TYPE_CHECKING:
    from anchor_tui.domain.actions.jobs import Job

APPLICATIONS = "Applications"
POLICY = "Policy"
PULL_REQUESTS = "Pull requests"
SOURCES = "Sources"
ACTIVITY = "Activity"
PANES = (APPLICATIONS, POLICY, PULL_REQUESTS, SOURCES, ACTIVITY)
_NO_ACTIVITY = "no action was started in this session; see `anchor-tui audit` for earlier ones"


def build_pane(
    name: str, snapshot: Snapshot, environments: Sequence[Environment], jobs: Sequence[Job] = ()
) -> PaneContent:
    """Return a pane of these environments. If they are all environments, it includes what belongs to none of them."""
    all_shown = len(environments) == len(snapshot.environments)
    match name:
        case "Applications":
            return build_applications_pane(snapshot, environments)
        case "Policy":
            return build_policy_pane(snapshot, environments, show_all=all_shown)
        case "Pull requests":
            return build_pull_requests_pane(snapshot, environments, include_unassigned=all_shown)
        case "Activity":
            return _build_activity_pane(jobs)
        case _:
            return build_sources_pane(snapshot, environments)


def _build_activity_pane(jobs: Sequence[Job]) -> PaneContent:
    if not jobs:
        return PaneContent((ListColumn("ACTION"),), (), _NO_ACTIVITY)
    from anchor_tui.tui.panes.activity import build_activity_pane  # imports the actions, which most sessions never use

    return build_activity_pane(jobs)
