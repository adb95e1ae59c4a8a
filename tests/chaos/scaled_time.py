"""The client's times, divided by 20, so that minutes of a fault take seconds.

Each module of the reader keeps its times as constants in seconds. Values of the same kind are scaled the same way, so
their order remains: a slow answer is still an answer, and a late one is still a timeout.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import ModuleType
from typing import Any
from unittest import mock

from anchor_tui.sources.backoff import Backoff
from anchor_tui.sources.http import Service

SCALE = 1 / 20
SHORTEST_S = 0.01
MODULES = (
    "anchor_tui.services.observe.observer",
    "anchor_tui.sources.http",
    "anchor_tui.sources.argocd.application_reader",
    "anchor_tui.sources.argocd.client",
    "anchor_tui.sources.argocd.source",
    "anchor_tui.sources.argocd.managed_resources",
    "anchor_tui.sources.github.client",
    "anchor_tui.sources.github.error_map",
    "anchor_tui.sources.github.source",
    "anchor_tui.sources.github.secondary_polling",
)


def scale_value(value: Any) -> Any:
    """Return a time, a service or the class of the pauses with its seconds scaled; None for anything else."""
    if isinstance(value, float):
        return max(SHORTEST_S, value * SCALE)
    if isinstance(value, timedelta):
        return value * SCALE
    if isinstance(value, Service) and value.default_retry_after_s is not None:
        return value._replace(default_retry_after_s=value.default_retry_after_s * SCALE)
    if value is Backoff:
        return lambda first=1.0, longest=60.0: Backoff(first * SCALE, longest * SCALE)
    return None


def _list_scaled(module: ModuleType) -> dict[str, Any]:
    times = {name: value for name, value in vars(module).items() if name.isupper() and not name.endswith("_FRACTION")}
    times = {name: value for name, value in times.items() if not name.endswith("_FACTOR")}
    if hasattr(module, "Backoff"):
        times["Backoff"] = module.Backoff
    scaled = {name: scale_value(value) for name, value in times.items()}
    return {name: value for name, value in scaled.items() if value is not None}


@contextmanager
def scale_client_times() -> Iterator[None]:
    """Divide the client's times until the block ends."""
    patches = [mock.patch.multiple(module, **_list_scaled(module)) for module in map(importlib.import_module, MODULES)]
    for patch in patches:
        patch.start()
    try:
        yield
    finally:
        for patch in patches:
            patch.stop()
