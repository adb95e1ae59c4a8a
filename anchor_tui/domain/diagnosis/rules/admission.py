"""Pods and other objects that the Kubernetes API refuses to create."""

from __future__ import annotations

import re

from anchor_tui.domain.diagnosis.evidence import BranchEvidence, FailureEvidence
from anchor_tui.domain.diagnosis.rule import WorkloadRule, blame, name_subject, quote, quote_event
from anchor_tui.domain.model import Diagnosis

_QUOTA = re.compile(
    r"exceeded quota: (?P<name>[^,]+), requested: (?P<asked>.+?), used: (?P<used>.+), limited: (?P<limit>.+)"
)
_WEBHOOK = re.compile(r"admission webhook \"(?P<name>[^\"]+)\" denied the request:? ?(?P<reason>.*)", re.DOTALL)
_POD_SECURITY = re.compile(r"violates PodSecurity \"(?P<level>[^\"]+)\": (?P<reason>.*)", re.DOTALL)


def find_refused_pod(branch: BranchEvidence, evidence: FailureEvidence) -> Diagnosis | None:
    """Recognize pods that cannot be created: a quota, an admission webhook, a pod security level."""
    event = branch.find_warning("FailedCreate")
    message = branch.leaf.message if "forbidden" in branch.leaf.message or "denied" in branch.leaf.message else ""
    message = event.message if event else message
    if not message:
        return None
    quoted = (quote_event(event),) if event else (quote(message),)
    since = event.first_at if event else None
    found = describe_refusal(message)
    if found is None:
        cause, next_step, rule = quote(message), "Correct what the message names in git", "refused-pod"
    else:
        cause, next_step, rule = found
    text = f"No pod of {name_subject(branch)} can be created: {cause}"
    return blame(branch, rule, text, next_step, evidence=quoted, since=since)


def describe_refusal(message: str) -> tuple[str, str, str] | None:
    """Return why the API refused an object, the next step, and the id of the rule; None for any other refusal."""
    if quota := _QUOTA.search(message):
        limit = f"{quota['limit']}, used {quota['used']}, requested {quota['asked']}"
        return f"quota {quota['name']} is used up (limit {limit})", "Raise the quota, or remove what uses it", "quota"
    if webhook := _WEBHOOK.search(message):
        cause = f"admission webhook {webhook['name']} refused it: {quote(webhook['reason'])}"
        return cause, "Correct what the webhook names in git", "admission-webhook"
    if security := _POD_SECURITY.search(message):
        cause = f"pod security level {security['level']} forbids it: {quote(security['reason'])}"
        return cause, "Correct the security context in git", "pod-security"
    return None


RULES = (
    WorkloadRule(
        ("quota", "admission-webhook", "pod-security", "refused-pod"),
        "Pod that the API refuses",
        "tree, events",
        find_refused_pod,
    ),
)
