"""The exact request of each step, for everything that shows, records or sends it."""

from __future__ import annotations

from anchor_tui.domain.actions.steps import (
    DeleteResource,
    Refresh,
    RunResourceAction,
    SendEvent,
    Step,
    Sync,
    Terminate,
)
from anchor_tui.domain.actions.wait_steps import WaitStep
from anchor_tui.sources.api_request import ApiRequest
from anchor_tui.sources.argocd.step_requests import build_argocd_request
from anchor_tui.sources.github.step_requests import build_github_request
from anchor_tui.sources.status_api_requests import build_event_request


def build_step_request(step: Step) -> ApiRequest | None:
    """Return the request that a step sends; None for a step that only waits."""
    match step:
        case WaitStep():
            return None
        case Refresh() | Sync() | Terminate() | RunResourceAction() | DeleteResource():
            return build_argocd_request(step)
        case SendEvent():
            return build_event_request(step)
        case _:
            return build_github_request(step)
