"""The line above the logs: which logs are shown and how; and the text if there are no lines."""

from __future__ import annotations

from typing import NamedTuple

from textual.content import Content

from anchor_tui.domain.formatting import format_count
from anchor_tui.domain.inspection.log_sources import LogPods, explain_empty_log
from anchor_tui.domain.inspection.log_view import LogView
from anchor_tui.domain.readings import Reading, Stale, Unavailable
from anchor_tui.domain.source_states import get_latest_value
from anchor_tui.domain.status_marks import StatusMark
from anchor_tui.tui.inspection.log_lines import LogLines
from anchor_tui.tui.inspection.log_session import MAX_FOLLOWED_LOGS, LogChoice
from anchor_tui.tui.style import marked_text, muted_text, safe_text

_SINCE_NAMES = {300: "5 min", 1_800: "30 min", 7_200: "2 h", 86_400: "24 h"}


class LogStatus(NamedTuple):
    """The state of the panel as far as it is described."""

    subject: str
    choice: LogChoice
    reading: Reading[LogPods] | None
    failure: str
    pattern_error: str


def describe_status(status: LogStatus, view: LogView, lines: LogLines, held: LogView | None) -> Content:
    """Return the line above the logs; the parts that matter most come first."""
    choice, pods, parts = status.choice, get_latest_value(status.reading), [safe_text(_describe_pods(status), "bold")]
    if pods is None:
        return parts[0]
    if (total := len(choice.make_selections(pods.pods))) > MAX_FOLLOWED_LOGS:
        parts.append(marked_text(StatusMark.ATTENTION, f"{MAX_FOLLOWED_LOGS} of {total:,} logs"))
    if status.pattern_error:
        parts.append(marked_text(StatusMark.FAILING, status.pattern_error))
    if isinstance(status.reading, Stale):
        parts.append(marked_text(StatusMark.UNKNOWN, f"stale: {status.reading.error.message}"))
    elif status.failure and len(view):
        parts.append(marked_text(StatusMark.ATTENTION, status.failure))
    if held is not None:
        parts.append(marked_text(StatusMark.ATTENTION, f"paused, {format_count(len(held), 'new line')}"))
    elif not lines.is_following and view.shown:
        parts.append(safe_text(f"line {lines.position + 1:,} of {len(view.shown):,}"))
    elif not choice.is_previous:
        parts.append(safe_text("following"))
    if choice.is_previous:
        parts.append(safe_text("previous process"))
    if choice.since_s is not None:
        parts.append(safe_text(f"last {_SINCE_NAMES.get(choice.since_s, f'{choice.since_s} s')}"))
    if view.pattern is not None:
        how = f"of {len(view):,} match" if view.hides_others else "highlights"
        count = f"{len(view.shown):,} " if view.hides_others else ""
        parts.append(safe_text(f"{count}{how} /{view.pattern.pattern}/"))
    else:
        parts.append(muted_text(format_count(len(view), "line")))
    if view.dropped:
        parts.append(marked_text(StatusMark.ATTENTION, f"{view.dropped:,} dropped: too fast"))
    return Content("  ").join(parts)


def _describe_pods(status: LogStatus) -> str:
    """Return the subject with the chosen pod and container."""
    choice, pods = status.choice, get_latest_value(status.reading)
    if pods is None:
        return status.subject
    chosen = choice.select_pods(pods.pods)
    names = _list_containers(status, pods)
    container = names[0] if len(names) == 1 else format_count(len(names), "container") if names else ""
    if choice.pod:
        return f"{choice.pod}  {container}"
    count = f"{len(chosen)} of {pods.total} pods" if len(chosen) < pods.total else format_count(pods.total, "pod")
    return f"{status.subject}  {count}  {container}"


def _list_containers(status: LogStatus, pods: LogPods) -> list[str]:
    if status.choice.is_every_container:
        return sorted({selection.container for selection in status.choice.make_selections(pods.pods)})
    found = map(status.choice.choose_container, status.choice.select_pods(pods.pods))
    return sorted({container.name for container in found if container is not None})


def explain_empty(status: LogStatus, view: LogView) -> str:
    """Return the text that is shown if there are no lines."""
    pods = get_latest_value(status.reading)
    if isinstance(status.reading, Unavailable):
        return f"the pods cannot be read: {status.reading.error.message}"
    if pods is None:
        return "reading the pods of " + status.subject
    if not pods.pods:
        return f"{status.subject} does not have pods: select a workload or a pod in the resources"
    if status.failure:
        return f"the log cannot be read: {status.failure}"
    if view.pattern is not None and len(view):
        return f"no line of {len(view):,} matches /{view.pattern.pattern}/; / then esc removes the filter"
    if status.choice.is_previous:
        return "there is no log of a previous process: the container has not restarted, or its log is gone"
    chosen = status.choice.select_pods(pods.pods)
    return explain_empty_log(chosen, status.choice.container_name, status.choice.tail)
