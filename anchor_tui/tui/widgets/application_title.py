"""The title of the application screen: environment, name, verdict with cause, revision with its commit."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from textual.content import Content
from textual.geometry import Size
from textual.reactive import reactive
from textual.widget import Widget

from anchor_tui.domain.formatting import format_age, shorten_revision
from anchor_tui.domain.model import Application, Environment, Level
from anchor_tui.domain.status_marks import StatusMark, get_health_mark, get_level_mark, get_sync_mark
from anchor_tui.tui.style import join_parts, link_pull_requests, marked_text, muted_text, safe_text
from anchor_tui.tui.targets import list_known_pull_requests
from anchor_tui.tui.widgets.failure_guard import FailureGuard
from anchor_tui.tui.widgets.incident_badge import draw_badge

if TYPE_CHECKING:
    from anchor_tui.domain.inspection.deployments import RevisionMetadata

TALL_MIN_HEIGHT = 30
"""The height of the screen from which the cause has two lines and the next step one."""


class ApplicationTitle(FailureGuard, Widget):
    """Identity, cause and revision; in a tall terminal the whole cause and the next step."""

    auto_links = reactive(False)  # the colour of a number is that of its line
    environment: reactive[Environment | None] = reactive(None, layout=True)
    application: reactive[Application | None] = reactive(None, layout=True)
    revision: reactive[RevisionMetadata | None] = reactive(None)
    """The commit that was read last."""
    is_stale: reactive[bool] = reactive(False)
    now: reactive[datetime | None] = reactive(None)

    def on_mount(self) -> None:
        """Leave room for the mark of an incident when one starts."""
        self.watch(self.app, "incident", self._draw_again, init=False)

    def _draw_again(self) -> None:
        self.refresh()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002 - of Textual
        """Return the number of lines."""
        return max(1, len(list(self._render_lines(width, viewport.height))))

    def render(self) -> Content:
        """Draw the lines, each cut at the width."""
        lines = self._render_lines(self.size.width, self.screen.size.height)
        text = Content("\n").join(list(lines)[: self.size.height or None])
        return link_pull_requests(text, list_known_pull_requests(self.environment) if self.environment else ())

    def _render_lines(self, width: int, height: int) -> Iterator[Content]:
        environment, application = self.environment, self.application
        if environment is None or application is None:
            return
        room = max(1, width - 2)
        yield self._fit(self._describe_identity(environment, application), max(1, room - draw_badge(self).cell_length))
        is_tall = height >= TALL_MIN_HEIGHT
        cause = get_cause(environment, application)
        if cause:
            lines = safe_text(cause).wrap(room)
            shown = 2 if is_tall else 1
            yield from (self._fit(line, room) for line in lines[: shown - 1])
            rest = Content(" ").join([line.rstrip() for line in lines[shown - 1 :]])
            if rest:
                yield self._fit(rest, room)
        diagnosis = application.diagnosis
        if is_tall and diagnosis is not None and diagnosis.next_step:
            yield self._fit(join_parts(safe_text("next:", "bold"), safe_text(diagnosis.next_step), gap=" "), room)
        yield self._fit(self._describe_revision(environment, application), room)

    def _describe_identity(self, environment: Environment, application: Application) -> Content:
        mark, word = judge_application(environment, application)
        sync_mark, sync = get_sync_mark(application)
        health_mark, health = get_health_mark(application)
        states = [marked_text(health_mark, health), marked_text(sync_mark, sync)]
        parts = [
            safe_text(environment.name, "bold"),
            safe_text(f"{application.namespace}/{application.name}", "bold"),
            marked_text(StatusMark.UNKNOWN, "STALE") if self.is_stale else None,
            marked_text(mark, word.upper()),
            *states,
        ]
        return join_parts(*parts)

    def _describe_revision(self, environment: Environment, application: Application) -> Content:
        """Return the release with author and pull request, and the revision with its commit, as far as known."""
        release = environment.release
        # Until the commit of a new revision is read, that of the former one is still here.
        is_read = self.revision is not None and self.revision.revision == application.compared_revision
        commit = self.revision if is_read else None
        facts = []
        if release is not None:
            facts = [f"release {release.version}", f"by {release.changed_by}" if release.changed_by else ""]
            facts.append(f"#{release.pull_request.number}" if release.pull_request else "")
        revision = f"revision {shorten_revision(application.compared_revision)}"
        author = commit.author_name if commit else ""
        age = f"{format_age(commit.committed_at, self.now)} ago" if commit and commit.committed_at and self.now else ""
        return join_parts(
            safe_text(" ".join(fact for fact in facts if fact)) or None,
            muted_text(revision),
            safe_text(commit.subject) if commit and commit.subject else None,
            muted_text(", ".join(fact for fact in (author, age) if fact)) or None,
        )

    @staticmethod
    def _fit(line: Content, room: int) -> Content:
        return Content(" ") + line.truncate(room, ellipsis=True, pad=True)


def judge_application(environment: Environment, application: Application) -> tuple[StatusMark, str]:
    """Return mark and word of the verdict; if the environment has other applications, those of this one's health."""
    if len(environment.applications) == 1:
        return get_level_mark(environment.verdict.level), environment.verdict.word
    if application.diagnosis is not None and application.diagnosis.blocking:
        return get_level_mark(Level.FAILING), Level.FAILING.value
    return get_health_mark(application)


def get_cause(environment: Environment, application: Application) -> str:
    """Return the cause of the diagnosis, with its beginning; else the worst reason or message. Empty if all is well."""
    if application.diagnosis is not None:
        return application.diagnosis.cause
    if len(environment.applications) == 1 and environment.verdict.level is not Level.OK:
        return "".join(environment.verdict.reasons[:1])
    return next((f"{found.kind}/{found.name}: {found.message}" for found in application.unhealthy if found.message), "")
