"""Plans, refusals and outcomes: as text for the operator, and as JSON for scripts."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import msgspec

from anchor_tui.cli.output.escaping import format_lines
from anchor_tui.domain.actions.plan import LineKind, Order, Outcome, Plan, Refusal
from anchor_tui.domain.status_marks import StatusMark, get_state_mark
from anchor_tui.services.execute.step_requests import build_step_request
from anchor_tui.services.json_text import format_json
from anchor_tui.sources.api_request import ApiRequest

PLAN_SCHEMA = "anchor-tui/plan/v1"
OUTCOME_SCHEMA = "anchor-tui/outcome/v1"
MARKED_LINE_KINDS: frozenset[LineKind] = frozenset({"ok", "warning", "failed", "deleted"})


def render_plan_text(plan: Plan) -> str:
    """Render the whole plan: its lines, diffs, requests, required confirmation and command."""
    return format_lines(_render_plan_lines(plan))


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
        for name, values in (("labels", draft.labels), ("reviewers", draft.reviewers)):
            if values:
                yield f"{name}: {', '.join(values)}"
        yield from (f"  | {line}" for line in draft.body.rstrip("\n").split("\n"))
    yield ""
    for group in plan.step_groups:
        yield f"{group.subject}:"
        for number, step in enumerate(group.steps, 1):
            request = build_step_request(step)
            sent = f"  [{_format_request(request)}]" if request else ""
            yield f"  {number}. {step.title}{sent}"
    yield ""
    confirmations = {
        "none": "requires no confirmation",
        "key": "requires --yes",
        "phrase": f"requires --confirm {shlex.quote(plan.phrase)}",
    }
    yield confirmations[plan.confirmation] + (" and --reason TEXT" if plan.reason_required else "")
    yield f"same as: {plan.command}"


def _format_request(request: ApiRequest) -> str:
    """Return method, address and the name of the mutation. The body is only in the JSON."""
    query = f"?{urlencode(request.query)}" if request.query else ""
    mutation = (request.body or {}).get("mutation")
    suffix = f" {mutation}" if mutation else ""
    return f"{request.method} {request.path or 'status API'}{query}{suffix}"


def render_refusal_text(refusal: Refusal) -> str:
    """Render the reason of a refusal, with the address for details."""
    mark = StatusMark.OK if refusal.already_done else StatusMark.FAILING
    first, *rest = f"{mark.glyph()} {refusal}".split("; ")
    lines = [first, *(f"  {part}" for part in rest), *([f"  {refusal.url}"] if refusal.url else [])]
    return format_lines(lines)


def render_outcome_text(plan: Plan, outcome: Outcome) -> str:
    """Render one line for the result of each step group. After a drift, render the new plan too."""
    lines = [plan.title]
    for result in outcome.results:
        url = f"  {result.url}" if result.url and result.url not in result.message else ""
        lines.append(f"{get_state_mark(result.kind).glyph()} {result.subject}: {result.kind}: {result.message}{url}")
    text = format_lines(lines)
    if outcome.fresh is not None:
        text += f"\nthe new plan:\n{render_plan_text(outcome.fresh)}"
    return text


# --- JSON ---------------------------------------------------------------------------------------------


def render_plan_json(plan: Plan) -> str:
    """Render a plan with the exact request of each step."""
    return format_json({"schema": PLAN_SCHEMA, "plan": _plan_document(plan), "refusal": None})


def render_refusal_json(order: Order, refusal: Refusal) -> str:
    """Render the refusal of an order; the plan is null."""
    refused = msgspec.to_builtins(refusal)
    return format_json({"schema": PLAN_SCHEMA, "order": msgspec.to_builtins(order), "plan": None, "refusal": refused})


def render_outcome_json(plan: Plan, outcome: Outcome) -> str:
    """Render an outcome; its `kind` is the worst result."""
    summary = {"schema": OUTCOME_SCHEMA, "kind": outcome.kind, "message": outcome.message, "title": plan.title}
    return format_json(summary | msgspec.to_builtins(outcome))


def _plan_document(plan: Plan) -> dict[str, Any]:
    """Return the plan as JSON values, with title and request of each step."""
    document: dict[str, Any] = msgspec.to_builtins(plan)
    for group, group_document in zip(plan.step_groups, document["changes"], strict=True):
        for step, step_document in zip(group.steps, group_document["steps"], strict=True):
            step_document["title"] = step.title
            step_document["request"] = msgspec.to_builtins(build_step_request(step))
    return document | {"id": plan.id}
