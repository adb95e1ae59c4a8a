"""The fleet list: one row per environment."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from textual.content import Content

from anchor_tui.domain.identity_cache import IdentityCache
from anchor_tui.domain.model import Environment, Snapshot
from anchor_tui.domain.status_marks import get_level_mark
from anchor_tui.tui.environment_summary import (
    describe_health,
    describe_open_pull_requests_briefly,
    describe_release_lag_briefly,
    describe_sync,
    describe_sync_and_health,
    describe_version,
)
from anchor_tui.tui.policy_summary import describe_policy_briefly
from anchor_tui.tui.source_states import SourceStateMemory, dim_if_stale, is_unread
from anchor_tui.tui.style import join_parts, marked_text, muted_text, safe_text
from anchor_tui.tui.targets import list_known_pull_requests
from anchor_tui.tui.widgets.list_rows import ListColumn, ListRow, PaneContent, static_row


class FleetRows:
    """Builds the fleet list. A row is built once for each environment."""

    def __init__(self) -> None:
        self._states = SourceStateMemory()
        self._rows = IdentityCache[ListRow]()

    def build(self, snapshot: Snapshot) -> PaneContent:
        """Return one row per environment, for terminals that are too small for cards."""
        with_policy = any(environment.findings for environment in snapshot.environments)
        states = self._states.get(snapshot)
        rows = tuple(
            self._rows.get(
                (environment.name, with_policy),
                (environment, states),
                partial(_build_fleet_row, environment, snapshot, with_policy=with_policy),
            )
            for environment in snapshot.environments
        )
        return PaneContent(_make_columns(with_policy=with_policy), rows, "no environment is configured")


def _make_columns(*, with_policy: bool) -> tuple[ListColumn, ...]:
    titles = ["", "ENV", "RELEASE", "SYNC", "HEALTH", *(["POLICY"] if with_policy else []), "POSITION", "PR"]
    last = {"POSITION", "PR"}
    return tuple(ListColumn(title, is_flexible=title in last, is_optional=title in last) for title in titles)


def _build_fleet_row(environment: Environment, snapshot: Snapshot, *, with_policy: bool) -> ListRow:
    is_read = not is_unread(snapshot, environment.source)
    placeholder = None if is_read and environment.applications else describe_sync_and_health(environment, snapshot)
    cells = [
        marked_text(get_level_mark(environment.verdict.level)),
        safe_text(environment.name, "bold") + (muted_text(" prot.") if environment.protected else Content("")),
        describe_version(environment, snapshot),
        placeholder or dim_if_stale(describe_sync(environment, brief=True), snapshot, environment.source),
        Content("") if placeholder else dim_if_stale(describe_health(environment), snapshot, environment.source),
        *([describe_policy_briefly(environment, snapshot)] if with_policy else []),
        describe_release_lag_briefly(environment, snapshot),
        describe_open_pull_requests_briefly(environment, snapshot),
    ]
    level = marked_text(get_level_mark(environment.verdict.level), environment.verdict.word.upper())
    detail = Content("\n").join(
        [join_parts(safe_text(environment.name, "bold"), level), *map(safe_text, environment.verdict.reasons)]
    )
    url = environment.applications[0].url if environment.applications else None
    mark = get_level_mark(environment.verdict.level)
    row = static_row(environment.name, tuple(cells), detail, url, clipboard_text=environment.name, mark=mark)
    return replace(row, other_pull_requests=frozenset(list_known_pull_requests(environment)))
