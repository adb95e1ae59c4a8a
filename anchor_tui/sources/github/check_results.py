"""The state of a commit's checks, from its check runs and commit statuses.

GitHub lists every run of a commit, superseded ones included. The newest run of each name and app counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from anchor_tui.domain.model import ChecksStatus
from anchor_tui.sources.github.queries import MORE_CHECKS_QUERY
from anchor_tui.sources.github.response import GraphQLError
from anchor_tui.sources.github.schema import (
    CheckContext,
    CheckContexts,
    CheckRollup,
    RateLimit,
    RequiredCheck,
    convert_json,
)

if TYPE_CHECKING:
    from anchor_tui.sources.github.client import GitHubClient

MAX_CHECK_PAGES = 20
"""With a hundred checks on each page. The state of a commit with more checks is unknown."""
_NEEDS_PERSON = "ACTION_REQUIRED"
_STATES: Mapping[str, ChecksStatus] = {
    "SUCCESS": "success",
    "NEUTRAL": "success",
    "SKIPPED": "success",
    "PENDING": "pending",
    "EXPECTED": "pending",
    "FAILURE": "failure",
    "ERROR": "failure",
    "TIMED_OUT": "failure",
    "CANCELLED": "failure",
    "STARTUP_FAILURE": "failure",
    "STALE": "failure",
    _NEEDS_PERSON: "failure",
}


class CheckResults(NamedTuple):
    """The state of several checks, with the names of those that did not pass."""

    state: ChecksStatus
    failed: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()
    needs_person: tuple[str, ...] = ()
    """The failed checks that need a person to act on GitHub."""


def check_state(context: CheckContext) -> ChecksStatus:
    """Return the state of one run or status."""
    if context.status and context.status != "COMPLETED":
        return "pending"
    return _STATES.get(context.conclusion or context.state or "", "unknown")


def newest_checks(contexts: Iterable[CheckContext | None]) -> tuple[CheckContext, ...]:
    """Return the newest run of each name and app, and the newest status of each name.

    Runs whose order is unknown are all returned.
    """
    groups: dict[tuple[object, ...], list[CheckContext]] = {}
    for context in contexts:
        if context is not None:
            groups.setdefault(_identity(context), []).append(context)
    found = []
    for runs in groups.values():
        newest = max(map(_age_key, runs))
        found += [run for run in runs if _age_key(run) == newest]
    return tuple(found)


def _identity(context: CheckContext) -> tuple[object, ...]:
    app = context.check_suite.app if context.check_suite else None
    return (context.name, context.context, app.database_id if app else None, app.slug if app else None)


_LAST = datetime.max.replace(tzinfo=UTC)
_FIRST = datetime.min.replace(tzinfo=UTC)


def _age_key(context: CheckContext) -> tuple[datetime, datetime]:
    """Return what orders the runs of one check. A run that has not started or ended is the newest."""
    is_over = check_state(context) != "pending"
    unknown = _FIRST if is_over else _LAST
    started_at = context.started_at or context.created_at or context.completed_at or unknown
    return started_at, context.completed_at or unknown


def summarize_rollup(rollup: CheckRollup | None, *, denied: bool) -> CheckResults:
    """Return the combined state of all checks of a commit.

    GitHub's own state covers superseded runs too. It is used if the checks themselves are denied, and if it is SUCCESS
    although some of them are missing.
    """
    if rollup is None:
        return CheckResults("unknown" if denied else "none")
    own_state = _STATES.get(rollup.state or "", "unknown")
    nodes = rollup.contexts.nodes if rollup.contexts else None
    if not nodes:
        return CheckResults(own_state)
    newest, is_complete = newest_checks(nodes), _is_complete(rollup.contexts)
    if not newest or (own_state == "success" and not is_complete):
        return CheckResults(own_state)
    return _combine(newest, [], is_complete=is_complete)


def summarize_required_checks(
    rollup: CheckRollup | None, required: frozenset[RequiredCheck], *, denied: bool
) -> CheckResults:
    """Return the combined state of the required checks of the branch's head."""
    if not required:
        return CheckResults("none")
    if denied or (rollup is not None and rollup.contexts is None):
        return CheckResults("unknown")
    contexts = rollup.contexts if rollup else None
    newest = newest_checks(contexts.nodes if contexts else ())
    missing = [check.context for check in required if not any(_satisfies(run, check) for run in newest)]
    relevant = [run for run in newest if any(_satisfies(run, check) for check in required)]
    return _combine(relevant, missing, is_complete=_is_complete(contexts))


def _satisfies(run: CheckContext, required: RequiredCheck) -> bool:
    """Return whether a run is one of a required check: it has its name and, if the rule names one, its app."""
    if (run.name or run.context) != required.context:
        return False
    return required.integration_id is None or run.app_id in {None, required.integration_id}


def _is_complete(contexts: CheckContexts | None) -> bool:
    return contexts is None or not (contexts.page_info.has_next_page or None in contexts.nodes)


def _combine(runs: Iterable[CheckContext], missing: Iterable[str], *, is_complete: bool) -> CheckResults:
    """Combine the newest runs. With an incomplete list the state is unknown: what is missing may be newer."""
    names: dict[str, list[str]] = {}
    for run in runs:
        names.setdefault(check_state(run), []).append(run.display_name)
    pending = [*names.get("pending", ()), *sorted(missing)]
    failed = names.get("failure", [])
    state: ChecksStatus = "success"
    if not is_complete:
        state = "unknown"
    elif failed:
        state = "failure"
    elif "unknown" in names:
        state = "unknown"
    elif pending:
        state = "pending"
    needs_person = [run.display_name for run in runs if run.conclusion == _NEEDS_PERSON and run.display_name in failed]
    return CheckResults(
        state,
        tuple(dict.fromkeys(failed)) if is_complete else (),
        tuple(dict.fromkeys(pending)) if is_complete else (),
        tuple(dict.fromkeys(needs_person)) if is_complete else (),
    )


# --- further pages ------------------------------------------------------------------------------------


class _Commit(msgspec.Struct, rename="camel"):
    status_check_rollup: CheckRollup | None = None


class _Repository(msgspec.Struct):
    object: _Commit | None = None


class _MoreChecks(msgspec.Struct, rename="camel"):
    repository: _Repository | None = None
    rate_limit: RateLimit | None = None


async def read_further_checks(
    client: GitHubClient, repository: str, oid: str, rollup: CheckRollup | None
) -> tuple[CheckRollup | None, tuple[GraphQLError, ...], list[RateLimit | None]]:
    """Return a commit's checks with those of every further page, and the errors and costs of these pages.

    The result keeps `has_next_page` if a page is missing; its state is then unknown. Raises SourceError.
    """
    errors: list[GraphQLError] = []
    limits: list[RateLimit | None] = []
    if rollup is None or rollup.contexts is None or not rollup.contexts.page_info.has_next_page:
        return rollup, (), limits
    owner, _, name = repository.partition("/")
    nodes, page = list(rollup.contexts.raw_nodes or ()), rollup.contexts.page_info
    cursors: set[str] = set()
    while page.has_next_page and page.end_cursor and page.end_cursor not in cursors and len(cursors) < MAX_CHECK_PAGES:
        cursors.add(page.end_cursor)
        response = await client.query(
            MORE_CHECKS_QUERY, {"owner": owner, "name": name, "oid": oid, "after": page.end_cursor}
        )
        errors += response.errors
        answer = convert_json(response.data, _MoreChecks)
        limits.append(answer.rate_limit)
        commit = answer.repository.object if answer.repository else None
        further = commit.status_check_rollup.contexts if commit and commit.status_check_rollup else None
        if further is None:
            break
        nodes += further.raw_nodes or ()
        page = further.page_info
    return CheckRollup(rollup.state, CheckContexts(nodes, page)), tuple(errors), limits
