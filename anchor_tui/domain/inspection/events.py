"""Events of the cluster about one resource. Source: `GET …/events`."""

from __future__ import annotations

from anchor_tui.domain.inspection.resource_tree import ResourceKey
from anchor_tui.domain.model import AwareDatetime, ValueObject


class ClusterEvent(ValueObject, frozen=True):
    """One event. `count` is how often it occurred between `first_at` and `last_at`.

    `container` is set if the event is about one container of a pod.
    """

    resource: ResourceKey
    resource_uid: str = ""
    is_warning: bool = False
    reason: str = ""
    message: str = ""
    count: int = 1
    first_at: AwareDatetime | None = None
    last_at: AwareDatetime | None = None
    component: str = ""
    container: str = ""
