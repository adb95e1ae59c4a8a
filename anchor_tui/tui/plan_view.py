"""Plans, refusals and running actions as styled text, the same in every dialog."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from textual.content import Content

from anchor_tui.domain.actions.jobs import GroupProgress, Job
from anchor_tui.domain.actions.plan import LineKind, Outcome, Plan, Refusal
from anchor_tui.domain.formatting import format_age
from anchor_tui.domain.status_marks import StatusMark, get_state_mark
from anchor_tui.services.execute.step_requests import build_step_request
from anchor_tui.tui.style import MUTED, join_parts, marked_text, muted_text, safe_text

_CHECKED_KINDS: frozenset[LineKind] = frozenset({"ok", "warning", "failed"})


def render_plan(plan: Plan, *, with_requests: bool, with_diffs: bool = True) -> Content:
    """Return a plan in full: deletions first, changes, exact diffs, the pull request, the command."""
    return Content("\n").join(_render_plan_lines(plan, with_requests=with_requests, with_diffs=with_diffs))


def render_diffs(plan: Plan) -> Content:
    """Return the exact diff of every file, as it will be committed."""
    return Content("\n").join(line for diff in plan.diffs for line in (*_render_diff(diff.text), Content("")))


def _render_plan_lines(plan: Plan, *, with_requests: bool, with_diffs: bool) -> Iterator[Content]:
    for line in sorted(plan.lines, key=lambda line: line.kind != "deleted"):
        yield _render_line(line.kind, line.text, line.mark)
    for refusal in plan.refused:
        yield marked_text(StatusMark.FAILING, f"not included: {refusal}")
    for diff in plan.diffs if with_diffs else ():
        yield Content("")
        yield from _render_diff(diff.text)
    if plan.pull_request is not None:
        draft = plan.pull_request
        yield Content("")
        yield join_parts(muted_text("pull request"), safe_text(draft.title, "bold"))
        yield join_parts(muted_text("branch"), safe_text(draft.branch))
        for name, values in (("labels", draft.labels), ("reviewers", draft.reviewers)):
            if values:
                yield join_parts(muted_text(name), safe_text(", ".join(values)))
        if with_requests:
            for body_line in draft.body.rstrip("\n").split("\n"):
                yield join_parts(muted_text("│"), safe_text(body_line), gap=" ")
    yield Content("")
    if with_requests:
        yield from _render_steps(plan)
    yield join_parts(muted_text("same as"), safe_text(plan.command))


def _render_line(kind: LineKind, text: str, mark: StatusMark) -> Content:
    if kind in _CHECKED_KINDS:
        return marked_text(mark, text)
    if kind == "deleted":
        return safe_text(text, "bold $text-error")
    return safe_text(text, MUTED) if kind in {"note", "kept"} else safe_text(text)


def _render_diff(diff: str) -> Iterator[Content]:
    styles = {"+": "$text-success", "-": "$text-error", "@": "$text-accent"}
    for line in diff.rstrip("\n").split("\n"):
        is_header = line.startswith(("+++", "---"))
        yield safe_text(line, "bold" if is_header else styles.get(line[:1], MUTED))


def _render_steps(plan: Plan) -> Iterator[Content]:
    for group in plan.step_groups:
        yield safe_text(group.subject, "bold")
        for number, step in enumerate(group.steps, 1):
            request = build_step_request(step)
            sent = muted_text(f"{request.method} {request.path or 'status API'}") if request else None
            yield join_parts(safe_text(f"{number:>2}. {step.title}"), sent)


def render_refusal(refusal: Refusal) -> Content:
    """Return the reason with the remedy, and the address to look at."""
    mark = StatusMark.OK if refusal.already_done else StatusMark.FAILING
    lines = [marked_text(mark, part) for part in str(refusal).split("; ")]
    return Content("\n").join([*lines, *([muted_text(refusal.url)] if refusal.url else [])])


# --- running actions ------------------------------------------------------------------------------------


def render_job(job: Job, now: datetime) -> Content:
    """Return one line per step with its age, and the outcome when there is one."""
    lines: list[Content] = []
    for group in job.groups:
        lines += _render_group(group, now, with_subject=len(job.groups) > 1)
    if job.outcome is not None:
        lines += [Content(""), *_render_outcome(job.outcome)]
    return Content("\n").join(lines)


def _render_group(group: GroupProgress, now: datetime, *, with_subject: bool) -> Iterator[Content]:
    if with_subject:
        yield safe_text(group.subject, "bold")
    for step in group.steps:
        age = muted_text(f"{format_age(step.at, now)} ago") if step.at else None
        is_waiting = step.phase == "waiting"
        title = muted_text(f"{step.mark.glyph()} {step.title}") if is_waiting else marked_text(step.mark, step.title)
        yield join_parts(title, safe_text(step.note) if step.note else None, age)


def _render_outcome(outcome: Outcome) -> Iterator[Content]:
    for result in outcome.results:
        yield marked_text(get_state_mark(result.kind), f"{result.kind}: {result.message}")
        if result.url and result.url not in result.message:
            yield muted_text(result.url)
