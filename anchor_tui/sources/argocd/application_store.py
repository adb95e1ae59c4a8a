"""What is known of one Argo CD's applications, and how a list, an event or a single answer changes it.

Nothing here asks or waits: the source does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Literal

from msgspec.structs import replace

from anchor_tui.config.model import ApplicationName, ApplicationSelector, EnvironmentConfig, ServerConfig
from anchor_tui.domain.model import AppId, Application, Problem
from anchor_tui.domain.source_data import (
    ArgoCDData,
    ObservedApplication,
    belongs_to_environment,
    matches_application_name,
)
from anchor_tui.sources.argocd.response import ApiResponse
from anchor_tui.sources.argocd.schema import (
    ApplicationIdentity,
    ApplicationJson,
    ApplicationListResponse,
    SettingsResponse,
    StreamResult,
    VersionResponse,
    to_observed_application,
)
from anchor_tui.sources.errors import InvalidResponse, SourceError
from anchor_tui.sources.json_body import decode_json

DETAILS_MAX_AGE = timedelta(minutes=5)
"""Argo CD goes over each application every 3 minutes by default."""


class ApplicationStore:
    """The applications of one Argo CD that the environments speak of, as far as the answers told."""

    def __init__(
        self, server: ServerConfig, environments: tuple[EnvironmentConfig, ...], now: Callable[[], datetime]
    ) -> None:
        self.source = server.name
        self.last_activity_at: datetime | None = None
        self._environments = environments
        self._now = now
        self._observed: dict[AppId, ObservedApplication] = {}
        self._detailed: set[AppId] = set()
        self._server_info = ArgoCDData(server=server.name, url=server.server)
        self._problems: tuple[Problem, ...] = ()
        self._stream_problem: Problem | None = None

    # --- what it comes to --------------------------------------------------------------------------

    @property
    def applications(self) -> ArgoCDData:
        """Everything, in the order of the identities."""
        return replace(self._server_info, applications=tuple(self._observed[id_] for id_ in sorted(self._observed)))

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What failed and belongs to no single application."""
        return (*self._problems, *([self._stream_problem] if self._stream_problem else []))

    @property
    def uses_selectors(self) -> bool:
        """Whether an environment names its applications by their labels, so that only a list can tell them."""
        return any(isinstance(each.applications, ApplicationSelector) for each in self._environments)

    @property
    def is_stream_down(self) -> bool:
        """Whether the last stream brought nothing: then details have to be asked for one by one."""
        return self._stream_problem is not None

    @property
    def found_applications(self) -> list[Application]:
        """The applications that are there."""
        return [each.application for each in self._observed.values() if each.application.presence == "found"]

    @property
    def missing_applications(self) -> list[Application]:
        """The configured names that none of them has."""
        found = self.found_applications
        return [
            Application(self.source, name.namespace or self._server_info.own_namespace or "", name.name)
            for name in self._configured_names()
            if not any(self._matches_name(name, each) for each in found)
        ]

    @property
    def project_names(self) -> list[str]:
        """The projects that the applications are in."""
        return sorted({each.project for each in self.found_applications if each.project})

    def is_forbidden(self, application: Application) -> bool:
        """Whether the last answer about it was a 403."""
        known = self._observed.get(application.id)
        return known is not None and known.application.presence == "forbidden"

    # --- answers -----------------------------------------------------------------------------------

    def record_activity(self) -> None:
        """A byte came."""
        self.last_activity_at = self._now()

    def apply_server_info(self, url: str, version: VersionResponse | None, settings: SettingsResponse | None) -> None:
        """What the server says of itself; what it does not say stays as it was."""
        self._server_info = replace(
            self._server_info,
            url=(settings.url if settings else None) or url,
            version=version.version if version else self._server_info.version,
            own_namespace=(settings.controller_namespace if settings else None) or self._server_info.own_namespace,
        )

    def apply_list(self, answer: ApiResponse) -> list[Application]:
        """The list says who is there and how they are in short; details from elsewhere are kept.

        Returns the applications whose details are to be asked for: they are not known, or no longer true.
        """
        items = answer.decode(ApplicationListResponse).items or []
        self._problems = ()
        before = self._observed
        listed: dict[AppId, ObservedApplication] = {}
        for item in items:
            observed = self._parse_item(bytes(item))
            if observed is not None:
                id_ = observed.application.id
                listed[id_] = _merge_details(observed, before.get(id_))
        # What was asked for by name and is not there stays so until it is asked for again.
        gone = {id_: each for id_, each in before.items() if self._is_still_missing(each.application, listed.values())}
        self._observed = listed | gone
        self._detailed &= set(listed)
        self._record_response(answer)
        return [
            each.application
            for id_, each in listed.items()
            if id_ not in self._detailed
            or _comparable_fields(each.application) != _comparable_fields(before[id_].application)
            or (self.is_stream_down and self._is_outdated(each.application))
        ]

    def apply_application(self, application: Application, answer: ApiResponse) -> None:
        """The answer about one application; one that is not understood is its own problem. Raises BadAnswer."""
        observed = to_observed_application(answer.decode(ApplicationJson), self.source, self._server_info.url)
        if observed.application.name != application.name:
            raise InvalidResponse(
                f"the answer is not about {application.id} but {observed.application.id or 'nothing'}"
            )
        self._observed.pop(application.id, None)  # its namespace may not have been known
        self._store_application(observed)
        self._record_response(answer)

    def record_error(self, application: Application, error: SourceError) -> None:
        """No usable answer about one application: what was known of it stays, with the problem."""
        self._observed[application.id] = self._with_problem(
            ObservedApplication(application), Problem("", error.kind, error.message)
        )

    def record_absence(self, application: Application, presence: Literal["absent", "forbidden"], words: str) -> None:
        """An application that was asked for by name is not there, or not for us."""
        bare = Application(*application.id)
        problem = Problem(str(bare.id), presence, words)
        self._observed[bare.id] = ObservedApplication(replace(bare, presence=presence, problems=(problem,)))
        self._detailed.discard(bare.id)
        self.record_activity()

    def drop_application(self, application: Application) -> None:
        """It is not there."""
        self._observed.pop(application.id, None)
        self._detailed.discard(application.id)

    def apply_event(self, event: StreamResult) -> None:
        """How one application is now; one that no environment wants any longer is dropped."""
        self._stream_problem = None
        body = bytes(event.application)
        try:
            identity = decode_json(body, ApplicationIdentity).metadata
        except InvalidResponse as error:
            self._record_unreadable("an event of the stream", error)
            return
        bare = Application(self.source, identity.namespace, identity.name)
        observed = self._parse_item(body) if event.type != "DELETED" else None
        if observed is not None:
            self._store_application(observed)
            return
        self.drop_application(bare)
        if event.type == "DELETED" and any(self._matches_name(name, bare) for name in self._configured_names()):
            self.record_absence(bare, "absent", "it was deleted")

    def record_stream_failure(self, error: SourceError, relist_s: float) -> None:
        """The stream brought nothing at all."""
        message = f"changes are not streamed, and listed every {relist_s:.0f} s instead: {error.message}"
        self._stream_problem = Problem(self.source, "stream", message)

    # --- details -----------------------------------------------------------------------------------

    def _record_response(self, answer: ApiResponse) -> None:
        self._server_info = replace(self._server_info, latency_ms=round(answer.duration_s * 1000, 1))
        self.record_activity()

    def _is_outdated(self, application: Application) -> bool:
        """Whether its controller has gone over it since, most likely: then what it said there is no longer so."""
        reconciled_at = application.reconciled_at
        return reconciled_at is not None and self._now() - reconciled_at > DETAILS_MAX_AGE

    def _store_application(self, observed: ObservedApplication) -> None:
        self._observed[observed.application.id] = observed
        self._detailed.add(observed.application.id)

    def _parse_item(self, item: bytes) -> ObservedApplication | None:
        """One application, if an environment wants it; one that is malformed is a problem and no more."""
        try:
            identity = decode_json(item, ApplicationIdentity).metadata
        except InvalidResponse as error:
            self._record_unreadable("an application in the list", error)
            return None
        bare, labels = Application(self.source, identity.namespace, identity.name), identity.labels or {}
        if not self._is_wanted(bare, labels):
            return None
        try:
            wire = decode_json(item, ApplicationJson)
        except InvalidResponse as error:
            return self._with_problem(ObservedApplication(bare, labels), Problem("", error.kind, error.message))
        return to_observed_application(wire, self.source, self._server_info.url)

    def _with_problem(self, observed: ObservedApplication, problem: Problem) -> ObservedApplication:
        known = self._observed.get(observed.application.id)
        if known is None or known.application.presence != "found":
            known = observed
        problem = replace(problem, subject=str(observed.application.id))
        spoiled = replace(known.application, problems=(problem,))
        return replace(known, application=spoiled, labels=observed.labels or known.labels)

    def _record_unreadable(self, what: str, error: InvalidResponse) -> None:
        problem = Problem(self.source, error.kind, f"{what} is not understood: {error.message}")
        self._problems = tuple(dict.fromkeys((*self._problems, problem)))

    def _is_wanted(self, application: Application, labels: Mapping[str, str]) -> bool:
        own = self._server_info.own_namespace
        return any(belongs_to_environment(each, application, labels, own) for each in self._environments)

    def _configured_names(self) -> list[ApplicationName]:
        """Every configured name once."""
        named = [each.applications for each in self._environments if isinstance(each.applications, tuple)]
        return list(dict.fromkeys(name for names in named for name in names))

    def _matches_name(self, name: ApplicationName, application: Application) -> bool:
        return matches_application_name(name, application, self._server_info.own_namespace)

    def _is_still_missing(self, application: Application, listed: Iterable[ObservedApplication]) -> bool:
        if application.presence == "found":
            return False
        names = [name for name in self._configured_names() if self._matches_name(name, application)]
        return bool(names) and not any(self._matches_name(name, each.application) for each in listed for name in names)


def _merge_details(listed: ObservedApplication, known: ObservedApplication | None) -> ObservedApplication:
    """What a list cannot say is taken from before; the list's own words are newer."""
    if known is None or known.application.presence != "found":
        return listed
    new, old = listed.application, known.application
    same_operation = _operation_key(new) == _operation_key(old)
    merged = replace(
        old,
        project=new.project,
        sync=new.sync,
        health=new.health,
        health_since=new.health_since,
        target_revision=new.target_revision,
        compared_revision=new.compared_revision or old.compared_revision,
        automated=new.automated,
        operation=old.operation if same_operation else new.operation,
        images=new.images,
        problems=new.problems,
    )
    return replace(listed, application=merged)


def _comparable_fields(application: Application) -> tuple[object, ...]:
    """What both a list and a GET say, by which a missed event shows."""
    return (
        application.presence,
        application.sync,
        application.health,
        application.health_since,
        application.compared_revision,
        application.automated,
        application.images,
        application.problems,
        _operation_key(application),
    )


def _operation_key(application: Application) -> tuple[object, ...] | None:
    operation = application.operation
    return (operation.phase, operation.started_at) if operation else None
