"""The known applications of one Argo CD, and how a list, a stream event or a single response changes them.

The store sends no requests: `ApplicationReader` and `ArgoSource` do.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Literal

from msgspec.structs import replace

from anchor_tui.config.model import EnvironmentConfig, ServerConfig
from anchor_tui.domain.model import AppId, Application, Problem
from anchor_tui.domain.source_data import ArgoCDData, ObservedApplication
from anchor_tui.domain.text_limits import limit_texts
from anchor_tui.sources.argocd.application_conversion import to_observed_application
from anchor_tui.sources.argocd.application_decoder import ApplicationDecoder, MalformedApplication
from anchor_tui.sources.argocd.application_details import (
    add_missing_details,
    describe_missing_details,
    list_comparable_fields,
    merge_details,
)
from anchor_tui.sources.argocd.application_filter import ApplicationFilter
from anchor_tui.sources.argocd.known_applications import KnownApplications
from anchor_tui.sources.argocd.past_syncs import PastSyncs
from anchor_tui.sources.argocd.response import ApiResponse
from anchor_tui.sources.argocd.schema import (
    ApplicationJson,
    ApplicationListResponse,
    SettingsResponse,
    StreamResult,
    VersionResponse,
)
from anchor_tui.sources.errors import InvalidResponse, SourceError

DETAILS_MAX_AGE = timedelta(minutes=5)
"""Argo CD reconciles each application every 3 minutes by default: older details are outdated."""

MAX_SINGLE_REQUESTS = 8
"""Up to so many applications are requested one by one: they are answered at once."""
STREAMED_PER_REQUEST = 10
"""A request costs about as much as so many applications of a stream."""


class ApplicationStore:
    """The applications of one Argo CD that the environments refer to."""

    def __init__(
        self,
        server: ServerConfig,
        environments: tuple[EnvironmentConfig, ...],
        now: Callable[[], datetime],
        past_syncs: PastSyncs | None = None,
    ) -> None:
        self.source = server.name
        self.last_activity_at: datetime | None = None
        """The time of the last byte from the server."""
        self._filter = ApplicationFilter(environments)
        self._listed_count = 0
        """The number of applications in the last list, wanted or not."""
        self._now = now
        self._past_syncs = past_syncs
        self._decoder = ApplicationDecoder(self.source, self._filter, past_syncs)
        self._decoder.web_url = server.server
        self._known = KnownApplications()
        self._without_details: set[AppId] = set()
        self._undecoded: dict[AppId, bytes] = {}
        self._noted: dict[AppId, tuple[ObservedApplication, ObservedApplication]] = {}
        self._server_info = ArgoCDData(server=server.name, url=server.server)
        self._problems: tuple[Problem, ...] = ()
        self._stream_problem: Problem | None = None
        self._are_details_required = False

    # --- contents ------------------------------------------------------------------------------------

    @property
    def data(self) -> ArgoCDData:
        """Everything that is known, sorted by application identity. The manifests are not included.

        What has not changed since the last time is the same object.
        """
        applications = self._known.ordered
        if incomplete := {application.id for application in self._incomplete_applications}:
            applications = tuple(
                self._note_missing_details(observed) if observed.application.id in incomplete else observed
                for observed in applications
            )
        else:
            self._noted.clear()
        past = self._past_syncs.published if self._past_syncs is not None else {}
        return replace(self._server_info, applications=applications, past_syncs=past)

    def _note_missing_details(self, observed: ObservedApplication) -> ObservedApplication:
        """Return an application with the problem that its details are missing; the same object each time."""
        before = self._noted.get(observed.application.id)
        if before is None or before[0] is not observed:
            before = self._noted[observed.application.id] = observed, add_missing_details(observed)
        return before[1]

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The failures that do not belong to a single application, and the applications without details."""
        problems = (*self._problems, *([self._stream_problem] if self._stream_problem else []))
        if incomplete := self._incomplete_applications:
            problems += (describe_missing_details(self.source, incomplete, len(self.found_applications)),)
        return problems

    @property
    def is_own_namespace_known(self) -> bool:
        """True if Argo CD has reported its namespace: without it, a bare name matches in every namespace."""
        return self._filter.own_namespace is not None

    @property
    def needs_list(self) -> bool:
        """True if a list is shorter than a request for each application, or the only way to find them by labels."""
        return self._filter.uses_selectors or len(self._filter.names) > MAX_SINGLE_REQUESTS

    @property
    def is_stream_shorter(self) -> bool:
        """True if a stream, which begins with every application, is shorter than a request for each missing one."""
        missing = len(self._without_details)
        return missing > MAX_SINGLE_REQUESTS and self._listed_count <= missing * STREAMED_PER_REQUEST

    @property
    def missing_details_count(self) -> int:
        """The number of applications that are known only by the short state of a list."""
        return len(self._without_details)

    @property
    def is_waiting_for_details(self) -> bool:
        """True while the first round of the stream has not brought all details."""
        return bool(self._without_details) and not self._are_details_required

    @property
    def applications_without_details(self) -> list[Application]:
        """The applications that are known only by the short state of a list."""
        known = (self._known.get(id_) for id_ in sorted(self._without_details))
        return [observed.application for observed in known if observed and observed.application.presence == "found"]

    @property
    def _incomplete_applications(self) -> list[Application]:
        """The applications whose missing details are reported. A failed GET has its own problem."""
        if not self._are_details_required:
            return []
        return [application for application in self.applications_without_details if not application.problems]

    @property
    def is_stream_down(self) -> bool:
        """True if the last stream brought nothing: details then need a GET for each application."""
        return self._stream_problem is not None

    @property
    def found_applications(self) -> tuple[Application, ...]:
        """The applications that exist, sorted by identity; the same object until one changes."""
        return self._known.found

    @property
    def missing_applications(self) -> list[Application]:
        """A bare application for every configured name that no found application has."""
        own_namespace = self._filter.own_namespace or ""
        return [
            Application(self.source, name.namespace or own_namespace, name.name)
            for name in self._filter.names_without(self.found_applications)
        ]

    @property
    def project_names(self) -> list[str]:
        """The projects of the found applications, sorted."""
        return sorted({application.project for application in self.found_applications if application.project})

    def is_forbidden(self, application: Application) -> bool:
        """Return True if the last response about the application was a 403."""
        known = self._known.get(application.id)
        return known is not None and known.application.presence == "forbidden"

    def is_protected(self, application: Application) -> bool:
        """Return True if the application belongs to a protected environment."""
        observed = self._known.get(application.id)
        return observed is not None and self._filter.is_protected(application, observed.labels)

    # --- changes -------------------------------------------------------------------------------------

    def record_activity(self) -> None:
        """Remember that a byte has arrived now."""
        self.last_activity_at = self._now()

    def apply_server_info(self, url: str, version: VersionResponse | None, settings: SettingsResponse | None) -> None:
        """Take over version, web address and own namespace; what a response does not contain stays as it was."""
        self._filter.own_namespace = (settings.controller_namespace if settings else None) or self._filter.own_namespace
        self._server_info = limit_texts(
            replace(
                self._server_info,
                url=(settings.url if settings else None) or url,
                version=version.version if version else self._server_info.version,
                own_namespace=self._filter.own_namespace,
            )
        )
        self._decoder.web_url = self._server_info.url

    def apply_list(self, response: ApiResponse) -> list[Application]:
        """Take over which applications exist, with their short state; keep details that a list does not contain.

        Return the applications whose details are unknown, or outdated by what the list contains. Raises
        InvalidResponse.
        """
        items = response.decode(ApplicationListResponse).items or []
        self._problems = ()
        self._listed_count = len(items)
        listed: dict[AppId, ObservedApplication] = {}
        due: list[Application] = []
        for item in items:
            observed = self._decode(bytes(item), "an application in the list")
            if not isinstance(observed, ObservedApplication):
                continue
            known = self._known.get(observed.application.id)
            merged = merge_details(observed, known)
            if self._is_due(merged.application, known):
                due.append(merged.application)
            listed[merged.application.id] = merged
        self._without_details = {id_ for id_ in listed if self.lacks_details(id_)}
        self._known.replace_all(listed | self._still_missing(listed))
        self._record_response(response)
        return due

    def apply_list_later(self, response: ApiResponse) -> None:
        """Take over which applications exist. They are decoded by `decode_listed`, unless an event contains them.

        For a first list that a stream follows at once. Raises InvalidResponse.
        """
        items = response.decode(ApplicationListResponse).items or []
        self._listed_count = len(items)
        for item in map(bytes, items):
            try:
                identified = self._decoder.identify(item)
            except InvalidResponse as error:
                self._record_unreadable("an application in the list", error)
                continue
            if identified.is_wanted:
                self._undecoded[identified.id] = item
        self._without_details = set(self._undecoded)
        self._record_response(response)

    def decode_listed(self) -> None:
        """Decode the applications of a list that no event has contained since."""
        undecoded, self._undecoded = self._undecoded, {}
        for item in undecoded.values():
            observed = self._decode(item, "an application in the list")
            if isinstance(observed, ObservedApplication):
                self._known.put(observed)

    def lacks_details(self, id_: AppId) -> bool:
        """Return True if an application is unknown, or known only by the short state of a list."""
        known = self._known.get(id_)
        return known is None or known.application.presence != "found" or id_ in self._without_details

    def _is_due(self, listed: Application, known: ObservedApplication | None) -> bool:
        """Return True if the details of a listed application are unknown, or outdated by what the list contains."""
        if known is None or self.lacks_details(listed.id):
            return True
        has_missed_event = list_comparable_fields(listed) != list_comparable_fields(known.application)
        return has_missed_event or (self.is_stream_down and self._is_outdated(listed))

    def apply_application(self, application: Application, response: ApiResponse) -> None:
        """Take over the response to a GET for one application. Raises InvalidResponse."""
        observed = to_observed_application(response.decode(ApplicationJson), self.source, self._server_info.url)
        if observed.application.name != application.name:
            raise InvalidResponse(
                f"the response is not about {application.id} but {observed.application.id or 'nothing'}"
            )
        if observed.application.id != application.id:  # its namespace was not known
            self._known.remove(application.id)
        self._store_application(observed)
        self._record_response(response)

    def record_error(self, application: Application, error: SourceError) -> None:
        """Keep what is known of the application and add the problem."""
        if self.lacks_details(application.id):
            self._without_details.add(application.id)
        self._known.put(self._with_problem(ObservedApplication(application), Problem("", error.kind, error.message)))

    def record_absence(self, application: Application, presence: Literal["absent", "forbidden"], reason: str) -> None:
        """Record that a configured application does not exist, or is not visible to the token."""
        bare = Application(*application.id)
        problem = Problem(str(bare.id), presence, reason)
        self._known.put(ObservedApplication(replace(bare, presence=presence, problems=(problem,))))
        self._without_details.discard(bare.id)
        self.record_activity()

    def drop_application(self, application: Application) -> None:
        """Forget an application that no longer exists."""
        self._known.remove(application.id)
        self._undecoded.pop(application.id, None)
        self._without_details.discard(application.id)

    def apply_event(self, event: StreamResult) -> bool:
        """Take over one application's new state; drop one that no environment refers to any longer.

        Return False if nothing that is shown has changed but the time of the last reconciliation: Argo CD reports one
        for each application every few minutes.
        """
        self._stream_problem = None
        observed = self._decode(bytes(event.application), "a stream event")
        if observed is None:
            return True
        id_ = observed.application.id if isinstance(observed, ObservedApplication) else observed
        known, lacked_details = self._known.get(id_), self.lacks_details(id_)
        if isinstance(observed, ObservedApplication) and event.type != "DELETED":
            self._store_application(observed)
            return known is None or lacked_details or not _differ_in_time_only(known, observed)
        bare = Application(*id_)
        self.drop_application(bare)
        if event.type == "DELETED" and self._filter.names_of(bare):
            self.record_absence(bare, "absent", "it was deleted")
            return True
        return known is not None

    def require_details(self) -> None:
        """Report applications without details from now on: the stream should have sent them."""
        self._are_details_required = True

    def record_stream_failure(self, error: SourceError, relist_s: float) -> None:
        """Record that the stream brought nothing. `relist_s` is the pause between two lists, in seconds."""
        message = f"changes are not streamed; listed every {relist_s:.0f} s instead: {error.message}"
        self._stream_problem = Problem(self.source, "stream", message)

    # --- details -------------------------------------------------------------------------------------

    def _record_response(self, response: ApiResponse) -> None:
        self._server_info = replace(self._server_info, latency_ms=round(response.duration_s * 1000, 1))
        self.record_activity()

    def _is_outdated(self, application: Application) -> bool:
        reconciled_at = application.reconciled_at
        return reconciled_at is not None and self._now() - reconciled_at > DETAILS_MAX_AGE

    def _store_application(self, observed: ObservedApplication) -> None:
        self._known.put(observed)
        self._undecoded.pop(observed.application.id, None)
        self._without_details.discard(observed.application.id)

    def _decode(self, item: bytes, part: str) -> ObservedApplication | AppId | None:
        """Return one application; only its identity if no environment refers to it.

        A malformed one gets a problem; without an identity the problem is that of the `part` of the response, and the
        result is None.
        """
        try:
            decoded = self._decoder.decode(item)
        except InvalidResponse as error:
            self._record_unreadable(part, error)
            return None
        if isinstance(decoded, MalformedApplication):
            problem = Problem("", decoded.failure.kind, decoded.failure.message)
            return self._with_problem(decoded.observed, problem)
        return decoded

    def _with_problem(self, observed: ObservedApplication, problem: Problem) -> ObservedApplication:
        known = self._known.get(observed.application.id)
        if known is None or known.application.presence != "found":
            known = limit_texts(observed)
        problem = replace(problem, subject=str(observed.application.id))
        application = replace(known.application, problems=limit_texts((problem,)))
        return replace(known, application=application, labels=observed.labels or known.labels)

    def _record_unreadable(self, part: str, error: InvalidResponse) -> None:
        problem = Problem(self.source, error.kind, f"{part} cannot be read: {error.message}")
        self._problems = tuple(dict.fromkeys((*self._problems, problem)))

    def _still_missing(self, listed: dict[AppId, ObservedApplication]) -> dict[AppId, ObservedApplication]:
        """Return the absent and forbidden applications that the new list does not contain either."""
        unmatched = set(self._filter.names_without(observed.application for observed in listed.values()))
        missing = {}
        for observed in self._known:
            names = self._filter.names_of(observed.application)
            if observed.application.presence != "found" and names and unmatched.issuperset(names):
                missing[observed.application.id] = observed
        return missing


def _differ_in_time_only(before: ObservedApplication, after: ObservedApplication) -> bool:
    """Return True if two states differ in nothing but the time of the last reconciliation."""
    same_time = replace(after.application, reconciled_at=before.application.reconciled_at)
    return same_time == before.application and after.labels == before.labels
