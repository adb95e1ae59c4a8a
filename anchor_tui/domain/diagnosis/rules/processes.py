"""Processes that do not start, end, or are killed."""

from __future__ import annotations

import re

from anchor_tui.domain.diagnosis.evidence import BranchEvidence, FailureEvidence
from anchor_tui.domain.diagnosis.log_errors import find_log_error, locate_host
from anchor_tui.domain.diagnosis.rule import WorkloadRule, blame, name_subject, quote, quote_event
from anchor_tui.domain.formatting import format_count
from anchor_tui.domain.inspection.pods import ContainerState, Termination
from anchor_tui.domain.model import Diagnosis

_START_REASONS = frozenset({"RunContainerError", "CreateContainerError", "StartError", "ContainerCannotRun"})
_EXECUTABLE = re.compile(r"exec: \"?(?P<name>[^\":]+)\"?: (?:stat [^:]+: )?(?P<failure>[a-z $A-Z]+)")
_MANY_RESTARTS = 2
"""A process that ended so often does not recover without a change."""


def find_memory_kill(branch: BranchEvidence, evidence: FailureEvidence) -> Diagnosis | None:
    """Recognize a process that was killed because it used more memory than its limit."""
    container, ended = _find_ended(branch)
    if container is None or ended is None or ended.reason != "OOMKilled":
        return None
    limit = container.get_resource("limits", "memory")
    cause = f"{name_subject(branch, container.name)} is killed for memory: it needs more than its limit" + (
        f" of {limit}" if limit else ""
    )
    next_step = "Compare its memory before and after the release; raise the limit in git, or roll back"
    return blame(branch, "out-of-memory", cause, next_step, evidence=_describe_end(container, ended))


def find_start_failure(branch: BranchEvidence, evidence: FailureEvidence) -> Diagnosis | None:
    """Recognize a process that cannot be started, for example because its executable does not exist."""
    container = branch.failing_container
    if container is None:
        return None
    ended = container.latest_end
    texts = [container.waiting_message] if container.waiting_reason in _START_REASONS else []
    if ended is not None and ended.reason in _START_REASONS:
        texts.append(ended.message)
    if not texts:
        return None
    subject = name_subject(branch, container.name)
    found = next((match for text in texts if (match := _EXECUTABLE.search(text))), None)
    if found is None:
        cause = f"{subject} cannot start: {quote(next(filter(None, texts), container.waiting_reason))}"
    elif "no such file" in found["failure"] or "not found" in found["failure"]:
        cause = f"{subject} cannot start: its image does not contain the executable “{found['name']}”"
    else:
        cause = f"{subject} cannot start “{found['name']}”: {found['failure'].strip()}"
    next_step = "Compare command and args in git with the image; roll back if the release changed either"
    return blame(branch, "start-failure", cause, next_step, evidence=tuple(map(quote, texts[:1])))


def find_crash(branch: BranchEvidence, evidence: FailureEvidence) -> Diagnosis | None:
    """Recognize a process that ends with an error: exit code, signal, and the last error of its log.

    The host of a failed connection is looked up among the Services of the application.
    """
    container, ended = _find_ended(branch)
    if container is None or ended is None:
        return None
    subject = name_subject(branch, container.name)
    how = f"is ended by {ended.signal_name} (exit code {ended.exit_code})" if ended.signal_name else ""
    how = how or f"exits with code {ended.exit_code}"
    error = find_log_error(branch.log)
    rule, next_step = "crash", "Read the log of the process that ended; roll back if the release is new"
    if error is not None and error.connection is not None:
        place = locate_host(error.connection.host, evidence.tree)
        cause = f"{subject} {how}: it cannot connect to {error.connection} ({error.connection.failure})"
        cause += f", {place}" if place else ""
        rule, next_step = "failed-dependency", f"Check {error.connection.host}; a rollback may not help"
    elif error is not None:
        cause = f"{subject} {how}: {error.text}"
    elif ended.exit_code == 0:
        cause = f"{subject} exits with code 0, but it is expected to keep running"
    else:
        cause = f"{subject} {how}" + (f": {quote(ended.message)}" if ended.message else "")
    is_final = container.waiting_reason == "CrashLoopBackOff" or container.restarts >= _MANY_RESTARTS
    is_final = is_final or (branch.pod is not None and branch.pod.phase == "Failed")
    quoted = (*_describe_end(container, ended), *((f"log: {error.text}",) if error else ()))
    return blame(branch, rule, cause, next_step, evidence=quoted, blocking=is_final)


def find_liveness_kill(branch: BranchEvidence, evidence: FailureEvidence) -> Diagnosis | None:
    """Recognize a process that is restarted because its liveness or startup probe fails."""
    container = branch.failing_container
    for kind in ("Liveness", "Startup"):
        event = branch.find_warning("Unhealthy", f"{kind} probe failed")
        if event is None:
            continue
        restarts = container.restarts if container else branch.leaf.restarts or 0
        answer = quote(event.message.partition("probe failed: ")[2] or event.message)
        name = name_subject(branch, event.container or (container.name if container else ""))
        cause = f"{name} is restarted by its {kind.lower()} probe: {answer}"
        next_step = "Read the log before the restart; compare timeout and period of the probe with the release"
        quoted = (quote_event(event), *((format_count(restarts, "restart"),) if restarts else ()))
        is_final = restarts >= _MANY_RESTARTS
        rule = f"{kind.lower()}-probe"
        return blame(branch, rule, cause, next_step, evidence=quoted, blocking=is_final, since=event.first_at)
    return None


def _find_ended(branch: BranchEvidence) -> tuple[ContainerState | None, Termination | None]:
    container = branch.failing_container
    return container, container.latest_end if container else None


def _describe_end(container: ContainerState, ended: Termination) -> tuple[str, ...]:
    reason = f" {ended.reason}" if ended.reason not in {"", "Error"} else ""
    signal = f" ({ended.signal_name})" if ended.signal_name else ""
    state = container.waiting_reason or ("running again" if container.running_since else "ended")
    return (f"{state}, exit {ended.exit_code}{signal}{reason}, {format_count(container.restarts, 'restart')}",)


RULES = (
    WorkloadRule(("out-of-memory",), "Killed for memory", "pod manifest", find_memory_kill),
    WorkloadRule(("start-failure",), "Process that cannot be started", "pod manifest", find_start_failure),
    WorkloadRule(
        ("liveness-probe", "startup-probe"), "Restarted by a probe", "events, pod manifest", find_liveness_kill
    ),
    WorkloadRule(
        ("crash", "failed-dependency"), "Process that ends with an error", "pod manifest, previous log", find_crash
    ),
)
