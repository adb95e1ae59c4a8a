"""The texts of `check --list` and `check --explain`: the rules of docs/gitops.md."""

from __future__ import annotations

from anchor_tui.config.suggestions import find_nearest_name
from anchor_tui.domain.policy.docs_page import format_rules
from anchor_tui.domain.policy.registry import ALL_CHECKS, CHECKS_BY_ID


def format_check_list() -> str:
    """Return one line for each check: id, level, rules, title."""
    width = max(len(check.id) for check in ALL_CHECKS)
    scope = max(len(format_rules(check)) for check in ALL_CHECKS)
    return "".join(
        f"{check.id:<{width}}  {check.level:<7}  {format_rules(check):<{scope}}  {check.title}\n"
        for check in ALL_CHECKS
    )


def format_check(check_id: str) -> str | None:
    """Return the description of one check; None if the id is not valid."""
    check = CHECKS_BY_ID.get(check_id)
    if check is None:
        return None
    levels = "".join(f", {level} in {rules}" for rules, level in check.levels.items())
    return (
        f"{check.id}: {check.title}\n\n"
        f"level     {check.level}{levels}\n"
        f"rules     {format_rules(check)}\n"
        f"evidence  {', '.join(check.evidence)}\n"
        f"section   docs/gitops.md, {check.section}\n\n"
        f"Rule: {check.why}\n"
        f"Fix: {check.fix}\n"
    )


def format_unknown_check(check_id: str) -> str:
    """Return the error message for an id that is not valid, with the closest valid id."""
    near = find_nearest_name(check_id, CHECKS_BY_ID)
    hint = f"; did you mean {near}?" if near else "; `check --list` lists all checks"
    return f"there is no check {check_id!r}{hint}"
