"""`check --list` and `check --explain`: the rules in the owners' words."""

from __future__ import annotations

from difflib import get_close_matches

from anchor_tui.domain.policy.docs_page import format_rules
from anchor_tui.domain.policy.registry import CHECKS, CHECKS_BY_ID


def format_check_list() -> str:
    """Every check, one a line: id, level, rules, title."""
    width = max(len(check.id) for check in CHECKS)
    scope = max(len(format_rules(check)) for check in CHECKS)
    return "".join(
        f"{check.id:<{width}}  {check.level:<7}  {format_rules(check):<{scope}}  {check.title}\n" for check in CHECKS
    )


def format_check(id: str) -> str | None:  # noqa: A002 - the option's own word
    """One check in full; None where there is none of that id."""
    check = CHECKS_BY_ID.get(id)
    if check is None:
        return None
    more = "".join(f", {level} in {rules}" for rules, level in check.levels.items())
    return (
        f"{check.id}: {check.title}\n\n"
        f"level     {check.level}{more}\n"
        f"rules     {format_rules(check)}\n"
        f"evidence  {', '.join(check.evidence)}\n"
        f"section   docs/gitops.md, {check.section}\n\n"
        f"The owners: {check.why}\n"
        f"To mend it: {check.fix}\n"
    )


def format_unknown_check(id: str) -> str:  # noqa: A002
    """What to say of an id that is none."""
    near = get_close_matches(id, CHECKS_BY_ID, 1)
    return f"there is no check {id!r}" + (f"; did you mean {near[0]}?" if near else "; `check --list` lists them")
