"""The History pane: each deployment with its commit, release and images; two are compared, one is rolled back to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content

from anchor_tui.domain.formatting import format_age, format_duration, shorten_revision
from anchor_tui.domain.inspection.deployments import DeployedRevision, Deployment
from anchor_tui.domain.model import Image
from anchor_tui.domain.readings import Reading, Unavailable
from anchor_tui.services.observe.application_history import ApplicationHistory, read_history
from anchor_tui.tui.bindings import make_bindings
from anchor_tui.tui.inspection.difference_view import describe_unread
from anchor_tui.tui.inspection.panel import InspectionPanel
from anchor_tui.tui.keys import READ_ONLY_NOTE
from anchor_tui.tui.live_app import LiveApp
from anchor_tui.tui.source_states import LOADING
from anchor_tui.tui.style import join_parts, link_pull_requests, muted_text, safe_text
from anchor_tui.tui.targets import ActionTarget
from anchor_tui.tui.widgets.bars import DetailPanel
from anchor_tui.tui.widgets.list_rows import ListColumn, ListRow, PaneContent
from anchor_tui.tui.widgets.row_list import RowList
from anchor_tui.tui.widgets.rows_and_text import InspectionRows

if TYPE_CHECKING:
    from anchor_tui.services.observe.inspect import ApplicationInspector

HISTORY_POLL_S = 30.0
"""The pause between two readings, in seconds."""
_COLUMNS = (
    ListColumn("DEPLOYED"),
    ListColumn("AGE"),
    ListColumn("RELEASE"),
    ListColumn("COMMIT"),
    ListColumn("PR"),
    ListColumn("SUBJECT", is_flexible=True),
    ListColumn("AUTHOR", is_optional=True),
    ListColumn("BY", is_optional=True),
    ListColumn("TOOK", is_optional=True),
)
_NO_DEPLOYMENTS = "no deployment yet: Argo CD remembers the syncs that succeeded, 10 of them by default"


class HistoryPanel(InspectionPanel[ApplicationHistory]):
    """The deployments that Argo CD remembers, newest first. The first one is the present one."""

    BINDINGS: ClassVar[list[BindingType]] = make_bindings("history")
    poll_s = HISTORY_POLL_S
    has_own_pull_requests = True
    _environment = ""

    def compose(self) -> ComposeResult:
        """Compose rows and text."""
        yield InspectionRows()
        yield DetailPanel()

    def on_mount(self) -> None:
        """Show that the history is being read."""
        self.query_one(InspectionRows).content = PaneContent(_COLUMNS, (), LOADING)

    # --- what was read -------------------------------------------------------------------------------

    @property
    def history(self) -> ApplicationHistory:
        """The history that was read last."""
        return self.last_value or ApplicationHistory((), {})

    @property
    def row_count(self) -> int:
        """The number of deployments."""
        return len(self.history.deployments)

    @property
    def summary(self) -> str:
        """The state of a pair of marks that is not complete."""
        return "1 deployment marked: mark another one" if len(self._row_list.selected) == 1 else ""

    @property
    def deployment(self) -> Deployment | None:
        """The highlighted deployment."""
        row = self._row_list.highlighted_row
        return self._find_deployment(row.key) if row else None

    @property
    def pull_request(self) -> int | None:
        """The pull request that brought the highlighted deployment."""
        row = self._row_list.highlighted_row
        return row.pull_request if row is not None else None

    @property
    def _row_list(self) -> RowList:
        return self.query_one(InspectionRows).row_list

    @property
    def _live_app(self) -> LiveApp:
        assert isinstance(self.app, LiveApp)
        return self.app

    @property
    def environment(self) -> str:
        """The name of the environment that contains the application; empty if it is not listed any more."""
        snapshot = self._live_app.snapshot
        for environment in snapshot.environments if snapshot else ():
            if any(application.id == self.application.id for application in environment.applications):
                return environment.name
        return ""

    def _find_deployment(self, key: str) -> Deployment | None:
        return next((one for one in self.history.deployments if str(one.id) == key), None)

    def _find_revision(self, deployment: Deployment) -> DeployedRevision:
        return self.history.revisions.get(deployment.revision, DeployedRevision())

    async def read(self, inspector: ApplicationInspector) -> Reading[ApplicationHistory]:
        """Read the deployments, and the revisions that are not known yet."""
        return await read_history(inspector, self._environment, self.history.revisions)

    def activate(self) -> None:
        """Begin to read. The name of the environment is looked up here: `read` runs on the background thread."""
        self._environment = self.environment or self._environment
        super().activate()

    def show_reading(self, reading: Reading[ApplicationHistory]) -> None:
        """Show the deployments."""
        rows = self.query_one(InspectionRows)
        empty_text = _NO_DEPLOYMENTS
        if isinstance(reading, Unavailable):
            empty_text = describe_unread("history", reading.error.message)
        built = tuple(self._build_rows())
        rows.content = PaneContent(_COLUMNS, built, empty_text)
        marked = self._row_list.selected & {row.key for row in built}
        self._row_list.selected = marked
        self._show_text()

    def _build_rows(self) -> Iterator[ListRow]:
        for deployment in self.history.deployments:
            known = self._find_revision(deployment)
            commit, release = known.commit, known.release
            words = (
                deployment.revision,
                deployment.initiator,
                f"{commit.subject} {commit.author}" if commit else "",
                release.version if release else "",
            )
            yield ListRow(
                str(deployment.id),
                partial(_draw_row, deployment, known),
                partial(_draw_text, deployment, known),
                " ".join(words),
                clipboard_text=deployment.revision,
                pull_request=commit.pull_request if commit else None,
            )

    def watch_now(self, now: datetime | None) -> None:
        """Draw the ages."""
        if self.is_mounted and now is not None:
            self.query_one(InspectionRows).show_now(now)
            self._show_text()

    @on(RowList.Highlighted)
    def follow_cursor(self, message: RowList.Highlighted) -> None:
        """Show the whole text of the highlighted deployment."""
        message.stop()
        self._show_text()

    def _show_text(self) -> None:
        row = self._row_list.highlighted_row
        if row is not None and self.now is not None:
            detail = link_pull_requests(row.draw_detail(self.now), row.linked_pull_requests)
            self.query_one(DetailPanel).content = detail
        elif row is None:
            self.query_one(DetailPanel).content = safe_text(self.query_one(InspectionRows).content.empty_text)

    # --- keys ----------------------------------------------------------------------------------------

    def action_mark_deployment(self) -> None:
        """Mark or unmark the highlighted deployment. Of three marks the oldest deployment loses its own."""
        deployment = self.deployment
        if deployment is None:
            return
        marked = self._row_list.selected ^ {str(deployment.id)}
        if len(marked) > 2:
            marked -= {min(marked - {str(deployment.id)}, key=int)}
        self._row_list.selected = marked

    def action_compare(self) -> None:
        """Compare the two marked deployments, or the highlighted one with the present one."""
        pair = self._find_pair()
        if pair is None:
            self._explain("Compare", "there is only one deployment")
            return
        older, newer = pair
        if older.revision == newer.revision:
            self._explain("Compare", f"both deployed {shorten_revision(older.revision)}: nothing lies between them")
        elif ", " in older.revision + newer.revision:
            self._explain("Compare", "the application has several sources: compare their commits on GitHub")
        else:
            self._open_comparison(older, newer)

    def _open_comparison(self, older: Deployment, newer: Deployment) -> None:
        from anchor_tui.tui.inspection.comparison_screen import ComparisonScreen

        pending = self.requests.inspect(
            self.application, lambda inspector: inspector.github.compare(older.revision, newer.revision)
        )
        names = [
            f"{known.release.version} ({revision})" if known.release else revision
            for one in (older, newer)
            for known, revision in [(self._find_revision(one), shorten_revision(one.revision))]
        ]
        self.app.push_screen(ComparisonScreen(" → ".join(names), pending))

    def _find_pair(self) -> tuple[Deployment, Deployment] | None:
        deployments = self.history.deployments
        marked = [one for one in deployments if str(one.id) in self._row_list.selected]
        if len(marked) == 2:
            return marked[1], marked[0]
        chosen = marked[0] if marked else self.deployment
        if chosen is None or len(deployments) < 2:
            return None
        return (chosen, deployments[0]) if chosen != deployments[0] else (deployments[1], chosen)

    def action_roll_back_here(self) -> None:
        """Start the rollback of the environment with the release of this deployment highlighted."""
        deployment, snapshot = self.deployment, self._live_app.snapshot
        if deployment is None or snapshot is None:
            self._explain("Roll back", "nothing is highlighted")
            return
        environment = snapshot.find_environment(self.environment)
        known = self._find_revision(deployment)
        if snapshot.read_only:
            self._explain("Roll back", READ_ONLY_NOTE)
        elif environment is None:
            self._explain("Roll back", "the application is not in an environment any more")
        elif known.release is None:
            reason = known.release_problem or "it was not read"
            self._explain("Roll back", f"the release of this deployment is unknown: {reason}; b in the fleet lists all")
        elif environment.release is not None and environment.release.content_key == known.release.content_key:
            self._explain("Roll back", f"{known.release.version} is the present release of {environment.name}")
        else:
            self._live_app.start_action("rollback", ActionTarget(environment.name, release=known.release))

    def _explain(self, title: str, reason: str) -> None:
        self.notify(reason, title=f"{title}: not now", severity="warning", timeout=6)


def _draw_row(deployment: Deployment, known: DeployedRevision, now: datetime) -> tuple[Content, ...]:
    commit, release = known.commit, known.release
    number = commit.pull_request if commit else None
    took = deployment.duration
    return (
        safe_text(f"{deployment.deployed_at:%d %b %H:%M}Z" if deployment.deployed_at else "?"),
        muted_text(format_age(deployment.deployed_at, now)),
        safe_text(release.version, "bold") if release else muted_text("?"),
        safe_text(shorten_revision(deployment.revision)),
        safe_text(f"#{number}") if number else muted_text("–"),
        safe_text(commit.subject) if commit else muted_text(known.commit_problem or "not read"),
        muted_text(commit.author_name if commit else ""),
        muted_text(deployment.initiator),
        muted_text(format_duration(took) if took is not None else "?"),
    )


def _draw_text(deployment: Deployment, known: DeployedRevision, now: datetime) -> Content:
    commit, release = known.commit, known.release
    title = join_parts(
        safe_text(commit.subject if commit else shorten_revision(deployment.revision), "bold"),
        muted_text(f"{commit.author}" if commit else known.commit_problem),
    )
    took = deployment.duration
    facts = [
        f"deployed {format_age(deployment.deployed_at, now)} ago by {deployment.initiator}",
        f"took {format_duration(took)}" if took is not None else "",
        f"commit {deployment.revision}",
    ]
    lines = [title, muted_text(" · ".join(filter(None, facts)))]
    if release is None:
        lines.append(muted_text(f"images unknown: {known.release_problem or 'the release was not read'}"))
    else:
        lines += [muted_text("image ") + safe_text(_format_image(image)) for image in release.images]
    return Content("\n").join(lines)


def _format_image(image: Image) -> str:
    tag, digest = f":{image.tag}" if image.tag else "", f"@{image.digest}" if image.digest else ""
    return f"{image.repository}{tag}{digest}"
