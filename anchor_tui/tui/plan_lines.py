"""A Plan, a Refusal and a running job as text: the same words in every dialog."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from textual.content import Content

from anchor_tui.domain.actions.jobs import GroupProgress, Job
from anchor_tui.domain.actions.plan import LineKind, Outcome, OutcomeKind, Plan, Refusal
from anchor_tui.domain.formatting import format_age
from anchor_tui.domain.status_marks import StatusMark
from anchor_tui.tui.appearance import MUTED, marked, muted, spaced, text

_JUDGED: frozenset[LineKind] = frozenset({"ok", "warning", "failed"})
OUTCOMES: dict[OutcomeKind, StatusMark] = {
    "done": StatusMark.OK,
    "failed": StatusMark.FAILING,
    "drifted": StatusMark.ATTENTION,
    "refused": StatusMark.ATTENTION,
    "unknown": StatusMark.UNKNOWN,
}


def plan_content(plan: Plan, *, with_steps: bool, with_diffs: bool = True) -> Content:
    """The Plan verbatim: what is deleted first, what changes, the exact diff, the pull request, the command."""
    return Content("\n").join(_plan(plan, with_steps=with_steps, with_diffs=with_diffs))


def diff_content(plan: Plan) -> Content:
    """The exact diff of every file, as it will be committed."""
    return Content("\n").join(line for diff in plan.diffs for line in (*_diff(diff.text), Content("")))


def _plan(plan: Plan, *, with_steps: bool, with_diffs: bool) -> Iterator[Content]:
    for line in sorted(plan.lines, key=lambda line: line.kind != "deleted"):
        yield _line(line.kind, line.text, line.mark)
    for refusal in plan.refused:
        yield marked(StatusMark.FAILING, f"left out: {refusal}")
    for diff in plan.diffs if with_diffs else ():
        yield Content("")
        yield from _diff(diff.text)
    if plan.pull_request is not None:
        draft = plan.pull_request
        yield Content("")
        yield spaced(muted("pull request"), text(draft.title, "bold"))
        yield spaced(muted("branch"), text(draft.branch))
        for name, words in (("labels", draft.labels), ("reviewers", draft.reviewers)):
            if words:
                yield spaced(muted(name), text(", ".join(words)))
        if with_steps:
            yield from (spaced(muted("│"), text(each), gap=" ") for each in draft.body.rstrip("\n").split("\n"))
    yield Content("")
    if with_steps:
        yield from _steps(plan)
    yield spaced(muted("same as"), text(plan.command))


def _line(kind: LineKind, words: str, mark: StatusMark) -> Content:
    if kind in _JUDGED:
        return marked(mark, words)
    if kind == "deleted":
        return text(words, "bold $text-error")
    return text(words, MUTED) if kind in {"note", "kept"} else text(words)


def _diff(whole: str) -> Iterator[Content]:
    styles = {"+": "$text-success", "-": "$text-error", "@": "$text-accent"}
    for line in whole.rstrip("\n").split("\n"):
        head = line.startswith(("+++", "---"))
        yield text(line, "bold" if head else styles.get(line[:1], MUTED))


def _steps(plan: Plan) -> Iterator[Content]:
    for change in plan.step_groups:
        yield text(change.subject, "bold")
        for number, step in enumerate(change.steps, 1):
            request = step.request
            sent = muted(f"{request.method} {request.path or 'status API'}") if request else None
            yield spaced(text(f"{number:>2}. {step.title}"), sent)


def options_content(plan: Plan) -> Content:
    """What can be changed about it here, with how it stands now."""
    order = plan.order
    parts: list[Content] = []
    if order.action == "sync":
        parts.append(_switch("u", "prune", on=order.prune))
    if order.action in {"sync", "hard-refresh-prune"}:
        parts.append(_switch("d", "dry run", on=order.dry_run))
    if order.action == "sync" and plan.choices:
        chosen = f"{len(order.resources)} chosen" if order.resources else "all"
        parts.append(spaced(text("a", "bold"), text(f"resources: {chosen}"), gap=" "))
    if plan.pull_request is not None:
        parts.append(spaced(text("e", "bold"), text("edit title and text"), gap=" "))
    parts.append(spaced(text("i", "bold"), text("each request"), gap=" "))
    parts.append(muted("↑↓ scroll"))
    if plan.confirmation == "phrase":
        parts.append(muted("tab leaves the field"))
    return spaced(*parts, gap="  ")


def _switch(key: str, name: str, *, on: bool) -> Content:
    return spaced(text(key, "bold"), text(f"{name} {'ON' if on else 'off'}", "bold reverse" if on else ""), gap=" ")


def refusal_content(refusal: Refusal) -> Content:
    """Why not, with the way out, and the address to look at."""
    mark = StatusMark.OK if refusal.already_done else StatusMark.FAILING
    lines = [marked(mark, part) for part in str(refusal).split("; ")]
    return Content("\n").join([*lines, *([muted(refusal.url)] if refusal.url else [])])


# --- while it runs ------------------------------------------------------------------------------------


def job_content(job: Job, now: datetime) -> Content:
    """Each step on a line with its time; at the end what became of it."""
    lines: list[Content] = []
    for track in job.groups:
        lines += _track(track, now, with_subject=len(job.groups) > 1)
    if job.outcome is not None:
        lines += [Content(""), *_outcome(job.outcome)]
    return Content("\n").join(lines)


def _track(track: GroupProgress, now: datetime, *, with_subject: bool) -> Iterator[Content]:
    if with_subject:
        yield text(track.subject, "bold")
    for step in track.steps:
        age = muted(f"{format_age(step.at, now)} ago") if step.at else None
        waits = step.phase == "waiting"
        head = muted(f"{step.mark.glyph()} {step.title}") if waits else marked(step.mark, step.title)
        yield spaced(head, text(step.note) if step.note else None, age)


def _outcome(outcome: Outcome) -> Iterator[Content]:
    for result in outcome.results:
        yield marked(OUTCOMES[result.kind], f"{result.kind}: {result.message}")
        if result.url and result.url not in result.message:
            yield muted(result.url)
