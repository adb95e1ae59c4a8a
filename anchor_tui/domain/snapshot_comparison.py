"""Compares two snapshots by identity: the work is proportional to what differs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from anchor_tui.domain.changes import Change, ChangeKind
from anchor_tui.domain.formatting import get_first_line, shorten_revision
from anchor_tui.domain.identity import list_changes
from anchor_tui.domain.model import AppId, Application, Environment, Finding, Level, PullRequest, Release, Snapshot


def list_snapshot_changes(before: Snapshot | None, after: Snapshot) -> tuple[Change, ...]:
    """Return what differs between two snapshots: sources first, then each environment, then pull requests.

    Everything is a change from None without `before`. Parts that are the same objects are not looked at.
    """
    return tuple(_list_changes(before, after))


def _list_changes(before: Snapshot | None, after: Snapshot) -> Iterator[Change]:
    yield from _list_source_changes(before, after)
    if before is None or before.environments is not after.environments:
        old = {environment.name: environment for environment in before.environments} if before else {}
        new = {environment.name: environment for environment in after.environments}
        for name in dict.fromkeys((*new, *old)):
            if old.get(name) is not new.get(name):
                states = EnvironmentState(before, old.get(name)), EnvironmentState(after, new.get(name))
                yield from _list_environment_changes(*states, name, after)
    yield from _list_finding_changes(before.findings if before else (), after.findings, None, after)
    yield from _list_pull_request_changes(before, after)


# --- sources -----------------------------------------------------------------------------------------


def _list_source_changes(before: Snapshot | None, after: Snapshot) -> Iterator[Change]:
    for source in after.sources:
        known = before.find_source(source.id) if before else None
        old = None if known is None or known.state == "asking" else known.state
        new = None if source.state == "asking" else source.state
        if old != new:
            detail = source.error.message if source.error else ""
            yield Change(
                "source", old, new, after.taken_at, subject=source.id, detail=detail, reported_at=source.taken_at
            )


# --- environments and applications ---------------------------------------------------------------------


class EnvironmentState(NamedTuple):
    """An environment in its snapshot; None if the snapshot does not contain it."""

    snapshot: Snapshot | None
    environment: Environment | None

    @property
    def applications(self) -> tuple[Application, ...]:
        """Its applications."""
        return self.environment.applications if self.environment else ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Its findings."""
        return self.environment.findings if self.environment else ()

    @property
    def release(self) -> Release | None:
        """Its release; None if it is not known."""
        return self.environment.release if self.environment else None

    @property
    def verdict(self) -> str | None:
        """The word of the verdict; None if it is unknown because a source was not read."""
        if self.environment is None or self.snapshot is None:
            return None
        verdict = self.environment.verdict
        sources = (source for source in self.snapshot.sources if source.kind == "github" or self._is_own(source.id))
        if verdict.level is Level.UNKNOWN and any(source.state != "fresh" for source in sources):
            return None
        return verdict.word

    def get_presence(self, app: Application | None) -> str | None:
        """Return the presence of an application. None is one that is not in the environment."""
        if app is not None:
            return app.presence
        if self.environment is None or self.snapshot is None:
            return None
        source = self.snapshot.find_source(self.environment.source)
        return "absent" if source is not None and source.taken_at is not None else None

    def _is_own(self, source_id: str) -> bool:
        return self.environment is not None and source_id == self.environment.source


def _list_environment_changes(
    before: EnvironmentState, after: EnvironmentState, name: str, snapshot: Snapshot
) -> Iterator[Change]:
    old, new = before.verdict, after.verdict
    if old != new:
        reasons = after.environment.verdict.reasons if after.environment else ()
        yield Change("verdict", old, new, snapshot.taken_at, name, detail=reasons[0] if reasons else "")
    if before.release is not after.release:
        yield from _list_release_changes(before.release, after.release, name, snapshot)
    if before.applications is not after.applications:
        changed_before = {app.id: app for app in list_changes(after.applications, before.applications)}
        changed_after = {app.id: app for app in list_changes(before.applications, after.applications)}
        for id_ in dict.fromkeys((*changed_after, *changed_before)):
            one, other = changed_before.get(id_), changed_after.get(id_)
            presence = before.get_presence(one), after.get_presence(other)
            if presence[0] != presence[1]:
                yield Change("application", *presence, snapshot.taken_at, name, id_)
            yield from _list_application_changes(one, other, id_, name, snapshot)
    yield from _list_finding_changes(before.findings, after.findings, name, snapshot)


def _list_release_changes(
    before: Release | None, after: Release | None, environment: str, snapshot: Snapshot
) -> Iterator[Change]:
    old, new = (release.version if release else None for release in (before, after))
    if before and after and old == new and before.content_key != after.content_key:
        old, new = (f"{release.version} ({_identify_content(release)})" for release in (before, after))
    if old != new:
        pull = after.pull_request if after else None
        yield Change(
            "release",
            old,
            new,
            snapshot.taken_at,
            environment,
            detail=pull.title if pull else "",
            pull_request=pull.number if pull else None,
            reported_at=after.changed_at if after else None,
        )


def _identify_content(release: Release) -> str:
    """Return what distinguishes two releases of the same version: the commit, or the images without a commit."""
    if release.commit:
        return shorten_revision(release.commit)
    return ", ".join(image.digest or image.tag or "?" for image in release.images)


def _list_application_changes(
    before: Application | None,
    after: Application | None,
    id_: AppId,
    environment: str,
    snapshot: Snapshot,
) -> Iterator[Change]:
    for kind, get_value in _APPLICATION_VALUES.items():
        old, new = (get_value(app) if app and app.presence == "found" else None for app in (before, after))
        if old == new:
            continue
        detail, reported_at = "", None
        if after is not None:
            match kind:
                case "health":
                    reported_at = after.health_since
                case "revision":
                    reported_at = after.synced_at
                case "diagnosis" if after.diagnosis is not None:
                    detail, reported_at = after.diagnosis.cause, after.diagnosis.since
        yield Change(kind, old, new, snapshot.taken_at, environment, id_, detail=detail, reported_at=reported_at)


def _identify_diagnosis(app: Application) -> str | None:
    """Return rule and resource of the cause, which stay the same while its sentence changes its numbers."""
    if app.diagnosis is None:
        return None if app.is_suspect else ""
    return f"{app.diagnosis.rule or 'unexplained'} {app.diagnosis.resource or ''}".rstrip()


_APPLICATION_VALUES: Mapping[ChangeKind, Callable[[Application], str | None]] = {
    "sync": lambda app: app.sync,
    "health": lambda app: app.health,
    "revision": lambda app: app.synced_revision,
    "diagnosis": _identify_diagnosis,
}


# --- findings ----------------------------------------------------------------------------------------


_WORST_FIRST = ("fail", "waived", "unknown", "pass", "skipped")


class FindingValues:
    """The findings of one environment by check and place. Several of one place count as the worst of them."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self._unknown_checks = {finding.check for finding in findings if finding.status == "unknown"}
        self._is_evaluated = bool(findings)
        self.by_key: dict[tuple[str, str], Finding] = {}
        for finding in sorted(findings, key=lambda item: _WORST_FIRST.index(item.status), reverse=True):
            self.by_key[finding.check, finding.resource or finding.file or ""] = finding

    def get_value(self, key: tuple[str, str]) -> str | None:
        """Return the value of a key. One that is not in the findings is clear if the check was evaluated."""
        finding = self.by_key.get(key)
        if finding is None:
            return "clear" if self._is_evaluated and key[0] not in self._unknown_checks else None
        match finding.status:
            case "fail" | "waived":
                return finding.status
            case "unknown":
                return None
            case _:
                return "clear"


def _list_finding_changes(
    before: tuple[Finding, ...], after: tuple[Finding, ...], environment: str | None, snapshot: Snapshot
) -> Iterator[Change]:
    if before is after:
        return
    old, new = FindingValues(before), FindingValues(after)
    for key in dict.fromkeys((*new.by_key, *old.by_key)):
        values = old.get_value(key), new.get_value(key)
        finding = new.by_key.get(key) or old.by_key[key]
        if values[0] != values[1]:
            yield Change(
                "finding",
                *values,
                snapshot.taken_at,
                environment,
                subject=finding.check,
                place=key[1],
                detail=get_first_line(finding.message),
                severity=finding.level,
                reported_at=finding.since,
            )


# --- pull requests -----------------------------------------------------------------------------------


def _list_pull_request_changes(before: Snapshot | None, after: Snapshot) -> Iterator[Change]:
    if before and before.environments is after.environments and before.pull_requests is after.pull_requests:
        return
    old, new = _index_pull_requests(before), _index_pull_requests(after)
    for number, pull in {**old, **new}.items():
        one, other = old.get(number), new.get(number)
        if one is other:
            continue
        state = get_pull_request_state(number, one, before), get_pull_request_state(number, other, after)
        values: dict[ChangeKind, tuple[str | None, str | None]] = {
            "pull-request": state,
            "checks": (_get_checks(one), _get_checks(other)),
        }
        for kind, (was, is_now) in values.items():
            if was != is_now:
                yield Change(
                    kind,
                    was,
                    is_now,
                    after.taken_at,
                    pull.environments[0] if len(pull.environments) == 1 else None,
                    subject=str(number),
                    detail=pull.title,
                    pull_request=number,
                    reported_at=pull.created_at if kind == "pull-request" and is_now == "open" else None,
                )


def _index_pull_requests(snapshot: Snapshot | None) -> dict[int, PullRequest]:
    return {pull.number: pull for pull in snapshot.all_pull_requests} if snapshot else {}


def _get_checks(pull: PullRequest | None) -> str | None:
    return pull.checks if pull is not None and pull.checks != "unknown" else None


def get_pull_request_state(number: int, pull: PullRequest | None, snapshot: Snapshot | None) -> str | None:
    """Return the state of a pull request. None is one that is not in the list: merged if a release names it."""
    if pull is not None:
        return "open"
    if snapshot is None or not _is_list_complete(number, snapshot):
        return None
    released = (environment.release.pull_request for environment in snapshot.environments if environment.release)
    between = (
        ref
        for environment in snapshot.environments
        if environment.position
        for ref in environment.position.pull_requests
    )
    return "merged" if any(ref is not None and ref.number == number for ref in (*released, *between)) else "absent"


def _is_list_complete(number: int, snapshot: Snapshot) -> bool:
    """Return True if the pull requests were read, and this one is not among those that could not be read."""
    was_read = any(source.kind == "github" and source.taken_at is not None for source in snapshot.sources)
    return was_read and not any(problem.subject == f"GitHub: #{number}" for problem in snapshot.problems)
