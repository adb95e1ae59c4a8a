"""The texts of our pull requests and commits, in the operator's name.

Text that anchor-tui and the operator did not write (titles, messages, versions, URLs) is quoted as code: GitHub then
reads no mention, no reference, no closing keyword, no image and no HTML in it. Our own markers are the trailer of the
commit and the paragraph with the reason. Both are at the start of a line, where quoted text never is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from anchor_tui.domain.actions.plan import Order, PlanLine
from anchor_tui.domain.foreign_text import sanitize_lines, sanitize_text, shorten_text
from anchor_tui.domain.model import Diagnosis

REQUEST_TRAILER = "Anchor-Tui-Request"
"""The trailer of the commit message that identifies our commit after a lost response."""
REASON_MARK = "**Reason:**"
"""The beginning of the paragraph in a pull request's text that contains the operator's reason."""
CAUSE_MARK = "**Why:**"
"""The beginning of the paragraph in a pull request's text with the diagnosed cause of a failure."""
MAX_EVIDENCE = 6
"""Lines of evidence below a cause."""
MAX_REASON_LENGTH = 500
MAX_QUOTE_LENGTH = 300
MAX_TITLE_LENGTH = 200
MAX_BODY_LENGTH = 60_000
"""GitHub refuses a text of more than 65,536 characters."""
_BACKTICKS = re.compile("`+")
_OUR_TRAILER = re.compile(rf"^[ \t]*({re.escape(REQUEST_TRAILER)}[ \t]*:.*)$", re.IGNORECASE | re.MULTILINE)
_PLAIN_TITLE_WORD = re.compile(r"[A-Za-z0-9_.:/\[\]~+-]{1,120}")


def quote_as_code(text: str, limit: int = MAX_QUOTE_LENGTH) -> str:
    """Return foreign text as one line of code in Markdown, whatever it contains."""
    line = shorten_text(" ".join(sanitize_text(text).split()), limit)
    if not line:
        return "`-`"
    fence = "`" * (max(map(len, _BACKTICKS.findall(line)), default=0) + 1)
    space = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{space}{line}{space}{fence}"


def quote_in_table(text: str, limit: int = MAX_QUOTE_LENGTH) -> str:
    """Return foreign text as code for a cell of a table, which a vertical bar would end."""
    return quote_as_code(text.replace("|", "\u2502"), limit)


def is_plain_title_word(text: str) -> bool:
    """Return whether foreign text can be part of a title: one word that GitHub reads as nothing else."""
    return _PLAIN_TITLE_WORD.fullmatch(text) is not None


def format_title(text: str) -> str:
    """Return a title of a pull request, which is also the subject of its commit: one printable line."""
    return shorten_text(" ".join(sanitize_text(text).split()), MAX_TITLE_LENGTH)


def format_trailer(request_id: str) -> str:
    """Return the trailer of the commit of a request."""
    return f"{REQUEST_TRAILER}: {sanitize_text(request_id)}"


def format_reason(reason: str) -> str:
    """Return the paragraph with the operator's reason. It is one line, so nothing in it is a trailer."""
    return f"{REASON_MARK} {' '.join(sanitize_text(reason).split())[:MAX_REASON_LENGTH]}"


def find_reason(body: str) -> str:
    """Return the reason in the text of a pull request; empty if there is no reason."""
    lines = (line.strip() for line in body[:MAX_BODY_LENGTH].split("\n"))
    found = next((line.removeprefix(REASON_MARK) for line in lines if line.startswith(REASON_MARK)), "")
    return sanitize_text(found).strip()[:MAX_REASON_LENGTH]


def edited_or_default_body(order: Order, made: str) -> str:
    """Return the pull request's text: the default, or the operator's with the reason added.

    The operator's text stays as it is, but it does not contain a trailer of ours.
    """
    if not order.body:
        return made
    body = _OUR_TRAILER.sub(lambda found: quote_as_code(found[1]), sanitize_lines(order.body))
    body = shorten_text(body, MAX_BODY_LENGTH)
    if not order.reason or " ".join(order.reason.split()) in " ".join(body.split()):
        return body
    return f"{body.rstrip()}\n\n{format_reason(order.reason)}\n"


def format_cause(diagnosis: Diagnosis, application: str = "") -> str:
    """Return the paragraph with the cause of a failure and its evidence. All of it contains foreign text."""
    subject = f"{quote_as_code(application)}: " if application else ""
    since = f" (since {diagnosis.since:%Y-%m-%d %H:%M} UTC)" if diagnosis.since else ""
    evidence = "".join(f"\n- {quote_as_code(text)}" for text in (*diagnosis.evidence, *diagnosis.also)[:MAX_EVIDENCE])
    return f"{CAUSE_MARK} {subject}{quote_as_code(diagnosis.cause)}{since}{evidence}"


def format_checks(lines: Sequence[PlanLine]) -> str:
    """Return lines of a plan as a list. They contain foreign text."""
    return "\n".join(f"- {line.mark.glyph()} {quote_as_code(line.text)}" for line in lines)
