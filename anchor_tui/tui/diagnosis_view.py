"""A diagnosis as lines: the cause, since when, the evidence, the next step and other causes."""

from __future__ import annotations

from datetime import datetime

from textual.content import Content

from anchor_tui.domain.formatting import format_age
from anchor_tui.domain.model import Diagnosis
from anchor_tui.domain.status_marks import StatusMark
from anchor_tui.tui.style import join_parts, marked_text, muted_text, safe_text


def describe_diagnosis(diagnosis: Diagnosis | None, now: datetime) -> list[Content]:
    """Return the lines of a diagnosis, the cause first; none without a diagnosis."""
    if diagnosis is None:
        return []
    since = muted_text(f"since {format_age(diagnosis.since, now)} ago") if diagnosis.since else None
    mark = StatusMark.FAILING if diagnosis.rule else StatusMark.UNKNOWN
    lines = [join_parts(marked_text(mark, diagnosis.cause), since)]
    if diagnosis.next_step:
        lines.append(join_parts(safe_text("next", "bold"), safe_text(diagnosis.next_step)))
    lines += [join_parts(muted_text("evidence"), safe_text(text)) for text in diagnosis.evidence]
    lines += [join_parts(muted_text("also"), safe_text(text)) for text in diagnosis.also]
    return lines
