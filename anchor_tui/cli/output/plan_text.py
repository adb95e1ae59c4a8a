"""Plans, Refusals and Outcomes as a person reads them, and as JSON for a script."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import msgspec

from anchor_tui.domain.actions.plan import LineKind, Order, Outcome, Plan, Refusal
from anchor_tui.domain.formatting import sanitize_text
from anchor_tui.domain.status_marks import StatusMark, get_state_mark
from anchor_tui.services.execute.step_requests import build_step_request
from anchor_tui.sources.api_request import ApiRequest

PLAN_SCHEMA = "anchor-tui/plan/v1"
OUTCOME_SCHEMA = "anchor-tui/outcome/v1"
MARKED_LINE_KINDS: frozenset[LineKind] = frozenset({"ok", "warning", "failed", "deleted"})


def render_plan_text(plan: Plan) -> str:
    """The Plan, whole: what changes, what is seen, the exact diff, each request, the price, the command."""
    return "\n".join(sanitize_text(line) if line else "" for line in _render_plan_lines(plan)) + "\n"


def _render_plan_lines(plan: Plan) -> Iterator[str]:
    yield f"{plan.title}" + ("  (protected)" if plan.protected else "")
    if not plan.executable:
        yield f"as of {plan.made_at:%Y-%m-%d %H:%M:%S}Z: nothing was refreshed or sent"
    for line in plan.lines:
        mark = f"{line.mark.glyph()} " if line.kind in MARKED_LINE_KINDS else "  "
        yield f"{mark}{line.text}"
    for refusal in plan.refused:
        yield f"{StatusMark.FAILING.glyph()} left out: {refusal}"
    for diff in plan.diffs:
        yield ""
        yield from diff.text.rstrip("\n").split("\n")
    if plan.pull_request is not None:
        draft = plan.pull_request
        yield ""
        yield f"pull request: {draft.title}"
        yield f"branch: {draft.branch}"
        yield from (f"{name}: {', '.join(words)}" for name, words in _labels_and_reviewers(plan) if words)
        yield from (f"  | {line}" for line in draft.body.rstrip("\n").split("\n"))
    yield ""
    for change in plan.step_groups:
        yield f"{change.subject}:"
        for number, step in enumerate(change.steps, 1):
            request = build_step_request(step)
            sent = f"  [{_format_request(request)}]" if request else ""
            yield f"  {number}. {step.title}{sent}"
    yield ""
    prices = {"none": "asks for no confirmation", "key": "asks for --yes", "phrase": f"asks for: {plan.phrase}"}
    yield prices[plan.confirmation] + (" and a reason" if plan.reason_required else "")
    yield f"same as: {plan.command}"


def _format_request(request: ApiRequest) -> str:
    """Method and address, and which mutation; the body is in the JSON."""
    query = f"?{urlencode(request.query)}" if request.query else ""
    mutation = (request.body or {}).get("mutation")
    named = f" {mutation}" if mutation else ""
    return f"{request.method} {request.path or 'status API'}{query}{named}"


def _labels_and_reviewers(plan: Plan) -> tuple[tuple[str, tuple[str, ...]], ...]:
    draft = plan.pull_request
    return (("labels", draft.labels), ("reviewers", draft.reviewers)) if draft else ()


def render_refusal_text(refusal: Refusal) -> str:
    """Why not, in a line, with the address to look at."""
    mark = StatusMark.OK if refusal.already_done else StatusMark.FAILING
    first, *rest = f"{mark.glyph()} {refusal}".split("; ")
    lines = [first, *(f"  {part}" for part in rest), *([f"  {refusal.url}"] if refusal.url else [])]
    return "".join(f"{sanitize_text(line)}\n" for line in lines)


def render_outcome_text(plan: Plan, outcome: Outcome) -> str:
    """What became of it, a line a change; after a drift the Plan as it would be now."""
    lines = [plan.title]
    for result in outcome.results:
        url = f"  {result.url}" if result.url and result.url not in result.message else ""
        lines.append(f"{get_state_mark(result.kind).glyph()} {result.subject}: {result.kind}: {result.message}{url}")
    text = "\n".join(sanitize_text(line) for line in lines) + "\n"
    if outcome.fresh is not None:
        text += f"\nas it would be now:\n{render_plan_text(outcome.fresh)}"
    return text


# --- JSON ---------------------------------------------------------------------------------------------


def render_plan_json(plan: Plan) -> str:
    """The Plan with each step's exact request."""
    return _dump_json({"schema": PLAN_SCHEMA, "plan": _plan_document(plan), "refusal": None})


def render_refusal_json(order: Order, refusal: Refusal) -> str:
    """The Refusal in the place of a Plan."""
    refused = msgspec.to_builtins(refusal)
    return _dump_json({"schema": PLAN_SCHEMA, "order": msgspec.to_builtins(order), "plan": None, "refusal": refused})


def render_outcome_json(plan: Plan, outcome: Outcome) -> str:
    """What became of it, with its worst in one word."""
    whole = msgspec.to_builtins(outcome)
    return _dump_json(
        {"schema": OUTCOME_SCHEMA, "kind": outcome.kind, "message": outcome.message, "title": plan.title, **whole}
    )


def _plan_document(plan: Plan) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(plan)
    for change, said in zip(plan.step_groups, found["changes"], strict=True):
        for step, each in zip(change.steps, said["steps"], strict=True):
            each["title"] = step.title
            each["request"] = msgspec.to_builtins(build_step_request(step))
    return found | {"id": plan.id}


def _dump_json(value: object) -> str:
    from anchor_tui.services.snapshot_json import escape_control_characters

    return escape_control_characters(json.dumps(value, indent=2, ensure_ascii=False)) + "\n"
