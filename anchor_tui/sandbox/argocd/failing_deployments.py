"""Deployments that never become ready."""

from __future__ import annotations

from dataclasses import dataclass

from anchor_tui.sandbox.argocd.chart_rendering import RenderedResource


@dataclass(frozen=True, slots=True)
class FailingDeployment:
    """A Deployment that never becomes ready with an image of this tag."""

    namespace: str
    deployment: str
    tag: str
    failure: str = "crash"
    """How its pods fail: a kind of `workloads.failures.FAILURES`."""

    def matches(self, resource: RenderedResource) -> bool:
        """Report whether a resource is this Deployment with this tag."""
        return (resource.kind, resource.namespace, resource.name) == (
            "Deployment",
            self.namespace,
            self.deployment,
        ) and any(f":{self.tag}@" in image or image.endswith(f":{self.tag}") for image in resource.images)
