"""Images that cannot be pulled."""

from __future__ import annotations

import re
from typing import NamedTuple

from anchor_tui.domain.diagnosis.evidence import BranchEvidence, FailureEvidence
from anchor_tui.domain.diagnosis.rule import WorkloadRule, blame, name_subject, quote, quote_event
from anchor_tui.domain.model import Diagnosis

_WAITING_REASONS = frozenset({"ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "RegistryUnavailable"})


class _PullFailure(NamedTuple):
    rule: str
    pattern: re.Pattern[str]
    cause: str
    next_step: str
    is_final: bool = True


_FAILURES = (
    _PullFailure(
        "image-rate-limit",
        re.compile(r"\b429\b|toomanyrequests|rate limit", re.IGNORECASE),
        "the registry limits the number of pulls",
        "Wait until the limit ends, or pull with an account of a higher limit",
        is_final=False,
    ),
    _PullFailure(
        "image-denied",
        re.compile(r"\b40[13]\b|denied|unauthorized|authentication required|forbidden", re.IGNORECASE),
        "the registry denies access to it",
        "Check the pull secret of the namespace, its expiry, and the package's visibility",
    ),
    _PullFailure(
        "image-not-found",
        re.compile(r"not found|manifest unknown|does not exist|\b404\b", re.IGNORECASE),
        "it does not exist in the registry",
        "Check that the image was pushed and that tag and digest are right; otherwise roll back",
    ),
    _PullFailure(
        "registry-unreachable",
        re.compile(r"no such host|server misbehaving|i/o timeout|connection refused|deadline exceeded|lookup "),
        "the registry cannot be reached from the node",
        "Check the name of the registry, and DNS and network of the node",
        is_final=False,
    ),
    _PullFailure(
        "registry-certificate",
        re.compile(r"x509|certificate|tls:", re.IGNORECASE),
        "the certificate of the registry is not trusted",
        "Check the certificate of the registry",
    ),
)


def find_pull_failure(branch: BranchEvidence, evidence: FailureEvidence) -> Diagnosis | None:
    """Recognize an image that cannot be pulled, and why: missing, denied, rate limit, unreachable registry."""
    container = branch.failing_container
    if container is None or container.waiting_reason not in _WAITING_REASONS | {"InvalidImageName"}:
        return None
    subject, image = name_subject(branch, container.name), container.image.partition("@")[0]
    events = [event for event in branch.warnings if "pull" in event.message.lower()]
    texts = (container.waiting_message, *(event.message for event in events), branch.leaf.message)
    quoted = tuple(quote_event(event) for event in events[:1]) or (quote(container.waiting_message),)
    if container.waiting_reason == "InvalidImageName":
        cause = f"{subject} cannot start: “{image}” is not a valid name of an image"
        return blame(branch, "image-name", cause, "Correct the name of the image in git", evidence=quoted)
    for failure in _FAILURES:
        if any(failure.pattern.search(text.replace(container.image, "")) for text in texts):
            cause = f"{subject} cannot pull the image {image}: {failure.cause}"
            return blame(branch, failure.rule, cause, failure.next_step, evidence=quoted, blocking=failure.is_final)
    reason = next((quote(text) for text in texts if text and not text.startswith("Back-off")), "the reason is unknown")
    cause = f"{subject} cannot pull the image {image}: {reason}"
    return blame(branch, "image-pull", cause, "Read the events of the pod", evidence=quoted, blocking=False)


RULES = (
    WorkloadRule(
        (
            "image-not-found",
            "image-denied",
            "image-rate-limit",
            "registry-unreachable",
            "registry-certificate",
            "image-name",
            "image-pull",
        ),
        "Image that cannot be pulled",
        "pod manifest, events",
        find_pull_failure,
    ),
)
