"""How long things take in the cluster, and what never gets well there."""

from __future__ import annotations

from dataclasses import dataclass

from anchor_tui.sandbox.render import Resource


@dataclass(frozen=True, slots=True)
class Pace:
    """How long things take, in seconds."""

    notice_s: float = 1.0
    """From a push to the comparison with it."""
    take_s: float = 0.3
    """From an operation to its being taken up."""
    apply_s: float = 1.5
    finish_s: float = 0.6
    compare_s: float = 0.1
    rollout_s: float = 6.0
    prune_s: float = 1.8
    """The foreground deletion of a Deployment that was pruned, until its Pods are gone."""
    vanish_s: float = 0.06
    """The deletion of anything that owns nothing."""
    see_s: float = 0.2
    """From a change in the cluster to the comparison with it, and to self-heal."""
    terminate_s: float = 0.15
    """From Terminating to Failed."""
    blocked_s: float = 10.0
    """Between two looks at whether a sync window that holds an operation has ended."""
    deadline_s: float = 180.0
    """After this long a Deployment that does not become ready is Degraded."""
    refresh_s: float = 0.0
    reconcile_s: float = 60.0
    """Between two comparisons without a reason."""


@dataclass(frozen=True, slots=True)
class Unwell:
    """A Deployment that never becomes ready where it runs an image with this tag."""

    namespace: str
    deployment: str
    tag: str

    def strikes(self, resource: Resource) -> bool:
        """Whether it is this one."""
        return (resource.kind, resource.namespace, resource.name) == (
            "Deployment",
            self.namespace,
            self.deployment,
        ) and any(f":{self.tag}@" in image or image.endswith(f":{self.tag}") for image in resource.images)


FAST = Pace(
    notice_s=0.1,
    take_s=0.05,
    apply_s=0.1,
    finish_s=0.05,
    compare_s=0.02,
    rollout_s=0.3,
    prune_s=0.2,
)
"""A pace for those who wait by the wall clock."""
