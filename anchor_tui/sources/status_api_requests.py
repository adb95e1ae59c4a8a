"""The request to the status API that carries out a step. Loads no HTTP client; `status_api` sends it."""

from __future__ import annotations

from anchor_tui.domain.actions.steps import SendEvent
from anchor_tui.sources.api_request import ApiRequest


def build_event_request(step: SendEvent) -> ApiRequest:
    """Return the POST to the configured address. Its path is empty: the configuration names the whole URL."""
    return ApiRequest("status-api", "POST", "", {}, step.event)
