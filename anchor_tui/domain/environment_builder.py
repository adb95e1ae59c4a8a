"""Builds one environment of a snapshot. What its inputs have in common with the last ones is not computed again.

An environment whose inputs are the same objects stays the same object. Of its applications only those are judged again
that have changed or have a reason for the verdict: the text of a reason contains ages.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from msgspec.structs import replace

from anchor_tui.config.model import ApplicationName, Config, EnvironmentConfig
from anchor_tui.domain.application_reasons import STALE_CONTROLLER_AFTER, list_application_reasons
from anchor_tui.domain.first_seen import NOTHING_SEEN, FirstSeenTimes, SeenKey, SeenValue
from anchor_tui.domain.formatting import format_count
from anchor_tui.domain.identity import find_changes, is_same, list_changes
from anchor_tui.domain.identity_cache import IdentityCache
from anchor_tui.domain.model import (
    AppId,
    Application,
    ChecksStatus,
    DeliveryWindow,
    Diagnosis,
    Environment,
    Finding,
    LastKnownGood,
    Level,
    Problem,
    PullRequest,
    ReleasePosition,
    SourceState,
    ValueObject,
    Verdict,
    VerdictSpan,
)
from anchor_tui.domain.policy.stale_findings import mark_stale_findings
from anchor_tui.domain.reasons import GROUP_FROM, VerdictInputs, join_names
from anchor_tui.domain.release_lag import compare_releases
from anchor_tui.domain.source_data import EnvironmentFiles, matches_application_name
from anchor_tui.domain.verdict import is_asleep, judge_environment

NON_FATAL_RELEASE_PROBLEMS = frozenset({"image-without-digest", "no-images", "bad-time"})
"""Kinds of problems that do not make a release unreadable."""


class EnvironmentInputs(ValueObject, frozen=True):
    """Everything that an environment is built from.

    `applications` are None before its Argo CD has answered, and `files` before the ops repo was read. `sources` are the
    states of its Argo CD and of GitHub.
    """

    applications: tuple[Application, ...] | None
    own_namespace: str | None
    diagnoses: Mapping[AppId, Diagnosis]
    out_of_sync_since: Mapping[AppId, datetime]
    files: EnvironmentFiles | None
    upstream_files: EnvironmentFiles | None
    shared_problems: tuple[Problem, ...]
    """The problems of files that every environment uses."""
    pull_requests: tuple[PullRequest, ...]
    head_checks: ChecksStatus
    findings: tuple[Finding, ...]
    sources: tuple[SourceState, ...]
    last_known_good: LastKnownGood | None = None
    delivery: tuple[DeliveryWindow, ...] = ()
    seen: Mapping[SeenKey, SeenValue] = NOTHING_SEEN
    """Since when something is wrong."""
    verdicts: tuple[VerdictSpan, ...] = ()

    @property
    def source_states(self) -> tuple[str, ...]:
        """The states of the sources, without their ages."""
        return tuple(source.state for source in self.sources)


class EnvironmentBuilder:
    """Builds one environment again and again, from inputs that have most objects in common."""

    def __init__(self, config: Config, index: int) -> None:
        self._config = config
        self._environment_config = config.environments[index]
        self._upstream = config.environments[index - 1].name if index else None
        self._troubled = TroubledApplications()
        self._dated = FirstSeenTimes()
        self._diagnosed = IdentityCache[tuple[Application, ...]]()
        self._applications: tuple[Application, ...] = ()
        self._positions = IdentityCache[ReleasePosition | None]()
        self._missing = IdentityCache[tuple[str, ...]]()
        self._unreadable = IdentityCache[tuple[str, ...]]()
        self._last: tuple[EnvironmentInputs, Environment] | None = None

    def build(self, inputs: EnvironmentInputs, now: datetime) -> Environment:
        """Return the environment at `now`; the same object as before if nothing in it has changed."""
        configured, files = self._environment_config, inputs.files or EnvironmentFiles()
        applications = self._attach_diagnoses(inputs)
        applications = self._dated.attach(applications, inputs.seen)
        environment = Environment(
            name=configured.name,
            rules=configured.rules,
            tier=configured.tier,
            protected=configured.protected,
            source=configured.server,
            verdict=Verdict(Level.UNKNOWN),
            problems=files.problems,
            release=files.release,
            applications=applications,
            findings=inputs.findings,
            position=self._find_position(inputs),
            last_known_good=inputs.last_known_good,
            delivery=inputs.delivery,
            verdicts=inputs.verdicts,
            pull_requests=inputs.pull_requests,
        )
        verdict_inputs = VerdictInputs(
            now=now,
            sources=inputs.sources,
            head_checks=inputs.head_checks,
            branch=self._config.github.branch,
            out_of_sync_since=inputs.out_of_sync_since,
            missing_applications=self._list_missing(inputs, applications),
            unreadable_files=self._list_unreadable(inputs),
        )
        troubled = self._troubled.update(applications, now, lambda app: _has_reason(app, environment, verdict_inputs))
        before = self._last
        if before is not None and not troubled and not self._troubled.has_changed and _is_alike(before[0], inputs):
            # No application has a reason, and no other reason contains an age.
            verdict = before[1].verdict
        else:
            verdict = judge_environment(environment, replace(verdict_inputs, troubled=troubled))
        # A stale source is one reason of the verdict. Its findings are not repeated there as unknown checks.
        findings = self._dated.attach_to_findings(inputs.findings, inputs.seen)
        built = replace(environment, verdict=verdict, findings=mark_stale_findings(findings, inputs.sources))
        if before is not None:
            built = _keep_same(before[1], built)
        self._last = inputs, built
        return built

    def _attach_diagnoses(self, inputs: EnvironmentInputs) -> tuple[Application, ...]:
        """Return the applications with their diagnoses; the same objects if neither has changed."""
        applications, diagnoses = inputs.applications or (), inputs.diagnoses

        def attach() -> tuple[Application, ...]:
            known = {app.id: app for app in self._applications if app.diagnosis is not None}
            attached = []
            for app in applications:
                diagnosis = diagnoses.get(app.id)
                if diagnosis is None:
                    attached.append(app)
                    continue
                complete, before = replace(app, diagnosis=diagnosis), known.get(app.id)
                attached.append(before if before == complete else complete)
            return tuple(attached)

        self._applications = self._diagnosed.get("", (applications, diagnoses), attach) if diagnoses else applications
        return self._applications

    def _find_position(self, inputs: EnvironmentInputs) -> ReleasePosition | None:
        files, upstream = inputs.files, inputs.upstream_files
        if files is None:
            return None
        return self._positions.get("", (files, upstream), lambda: compare_releases(files, self._upstream, upstream))

    def _list_missing(self, inputs: EnvironmentInputs, found: tuple[Application, ...]) -> tuple[str, ...]:
        if inputs.applications is None:
            return ()
        return self._missing.get(
            "",
            (inputs.applications, inputs.own_namespace),
            lambda: _list_missing_applications(self._environment_config, inputs.own_namespace, found),
        )

    def _list_unreadable(self, inputs: EnvironmentInputs) -> tuple[str, ...]:
        problems = inputs.files.problems if inputs.files is not None else ()

        def list_sentences() -> tuple[str, ...]:
            every = (*problems, *inputs.shared_problems)
            return tuple(str(problem) for problem in every if problem.kind not in NON_FATAL_RELEASE_PROBLEMS)

        return self._unreadable.get("", (problems, inputs.shared_problems), list_sentences)


class TroubledApplications:
    """The applications of an environment that have a reason for its verdict.

    An application without a reason gets one only by a change, or if Argo CD does not reconcile it in time.
    """

    def __init__(self) -> None:
        self.has_changed = False
        """True if the last update has looked at an application."""
        self._known: tuple[Application, ...] = ()
        self._positions: dict[AppId, int] = {}
        self._troubled: set[AppId] = set()
        self._deadlines: list[tuple[datetime, AppId]] = []
        self._with_deadline: set[AppId] = set()

    def update(
        self, applications: tuple[Application, ...], now: datetime, has_reason: Callable[[Application], bool]
    ) -> tuple[Application, ...]:
        """Return the applications that have a reason at `now`, in their order."""
        due = {app.id: app for app in self._take_over(applications)}
        while self._deadlines and self._deadlines[0][0] < now:
            _, id_ = heapq.heappop(self._deadlines)
            self._with_deadline.discard(id_)
            if id_ in self._positions:
                due[id_] = applications[self._positions[id_]]
        self.has_changed = bool(due)
        for id_, app in due.items():
            if has_reason(app):
                self._troubled.add(id_)
            else:
                self._troubled.discard(id_)
                self._set_deadline(app)
        return tuple(applications[position] for position in sorted(self._positions[id_] for id_ in self._troubled))

    def _take_over(self, applications: tuple[Application, ...]) -> list[Application]:
        """Return the applications that are other objects than before."""
        known, self._known = self._known, applications
        if len(known) == len(applications):
            places = find_changes(known, applications)
            if all(known[place].id == applications[place].id for place in places):
                return [applications[place] for place in places]
        self._positions = {app.id: position for position, app in enumerate(applications)}
        self._troubled &= self._positions.keys()
        return list_changes(known, applications)

    def _set_deadline(self, app: Application) -> None:
        """Look at an application again when it should have been reconciled. An earlier deadline of it is enough."""
        if app.reconciled_at is not None and app.id not in self._with_deadline:
            self._with_deadline.add(app.id)
            heapq.heappush(self._deadlines, (app.reconciled_at + STALE_CONTROLLER_AFTER, app.id))


def _has_reason(app: Application, environment: Environment, inputs: VerdictInputs) -> bool:
    reasons = list_application_reasons(app, environment, inputs, asleep=is_asleep(app, environment))
    return next(reasons, None) is not None


_FIELDS_OF_OTHER_REASONS = (
    "files",
    "upstream_files",
    "shared_problems",
    "pull_requests",
    "findings",
    "applications",
    "own_namespace",
)


def _is_alike(before: EnvironmentInputs, after: EnvironmentInputs) -> bool:
    """Return True if the reasons that are not about applications are the same."""
    return (
        all(getattr(before, name) is getattr(after, name) for name in _FIELDS_OF_OTHER_REASONS)
        and before.head_checks == after.head_checks
        and before.source_states == after.source_states
    )


def _keep_same(before: Environment, after: Environment) -> Environment:
    """Return the environment as it was before if nothing has changed.

    The verdict and the findings can be computed again with equal results.
    """
    verdict = before.verdict if after.verdict == before.verdict else after.verdict
    findings = before.findings if after.findings == before.findings else after.findings
    after = replace(after, verdict=verdict, findings=findings)
    same = is_same(
        [getattr(before, name) for name in Environment.__struct_fields__],
        [getattr(after, name) for name in Environment.__struct_fields__],
    )
    return before if same else after


def _list_missing_applications(
    environment_config: EnvironmentConfig, own_namespace: str | None, found: Sequence[Application]
) -> tuple[str, ...]:
    """Return one sentence for each configured application, or label selector, that matches nothing that was read."""
    if not isinstance(environment_config.applications, tuple):
        return () if found else (f"no application has the labels {environment_config.applications}",)
    by_name: dict[str, list[Application]] = {}
    for application in found:
        by_name.setdefault(application.name, []).append(application)

    def is_found(name: ApplicationName) -> bool:
        return any(matches_application_name(name, app, own_namespace) for app in by_name.get(name.name, ()))

    missing = [str(name) for name in environment_config.applications if not is_found(name)]
    if len(missing) >= GROUP_FROM:
        return (f"no answer about {format_count(len(missing), 'application')} yet: {join_names(missing)}",)
    return tuple(f"no answer about {name} yet" for name in missing)
