"""Snapshot → lines of a frame. A part that has not changed is written once for each segment, and then referred to.

The parts are an application, the findings of an environment or of the estate, and an environment without these two.
Each has a number; an environment refers to its applications, a snapshot to its environments. Unchanged parts are found
by identity, and parts that were built again by comparison.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from anchor_tui.domain.identity import find_changes
from anchor_tui.domain.model import AppId, Application, Environment, Finding, Snapshot
from anchor_tui.domain.snapshot_ages import is_same_application
from anchor_tui.services.json_text import format_json_line

ESTATE = ""
"""The name under which the findings of the estate are kept."""
NumberRange = tuple[int, int]
"""The first of consecutive numbers, and how many there are."""


class EnvironmentPart(msgspec.Struct, frozen=True):
    """An environment as it is written: its applications and findings are numbers of parts."""

    body: Environment
    findings: int
    applications: tuple[NumberRange, ...]


class SnapshotPart(msgspec.Struct, frozen=True):
    """A snapshot as it is written: its environments and findings are numbers of parts."""

    body: Snapshot
    findings: int
    environments: tuple[int, ...]


class _KnownEnvironment(NamedTuple):
    """An environment as it was written last, the numbers of its applications, and its own number."""

    environment: Environment
    applications: list[int]
    part: EnvironmentPart
    number: int


class EncodedSnapshot(NamedTuple):
    """The lines of a frame, and the number of the first part in them."""

    lines: list[bytes]
    first_part: int


class SnapshotEncoder:
    """The parts that a segment contains already. A segment has an encoder of its own."""

    def __init__(self) -> None:
        self._count = 0
        self._lines: list[bytes] = []
        self._environments: dict[str, _KnownEnvironment] = {}
        self._applications: dict[tuple[str, AppId], tuple[Application, int]] = {}
        self._findings: dict[str, tuple[tuple[Finding, ...], int]] = {}

    def encode(self, snapshot: Snapshot) -> EncodedSnapshot:
        """Return the snapshot and the parts of it that the segment does not contain."""
        self._lines, first_part = [], self._count
        environments = tuple(map(self._number_environment, snapshot.environments))
        findings = self._number_findings(ESTATE, snapshot.findings)
        body = replace(snapshot, environments=(), findings=())
        lines = [_encode(SnapshotPart(body, findings, environments)), *self._lines]
        return EncodedSnapshot(lines, first_part)

    def _add(self, part: object) -> int:
        self._lines.append(_encode(part))
        self._count += 1
        return self._count - 1

    def _number_environment(self, environment: Environment) -> int:
        known = self._environments.get(environment.name)
        if known is not None and known.environment is environment:
            return known.number
        applications = self._number_applications(environment, known)
        part = EnvironmentPart(
            replace(environment, applications=(), findings=()),
            self._number_findings(environment.name, environment.findings),
            tuple(join_numbers(applications)),
        )
        number = known.number if known is not None and known.part == part else self._add(part)
        self._environments[environment.name] = _KnownEnvironment(environment, applications, part, number)
        return number

    def _number_applications(self, environment: Environment, known: _KnownEnvironment | None) -> list[int]:
        """Return the number of each application. Only those that are other objects than the last time are examined."""
        new = environment.applications
        if known is None or len(known.environment.applications) != len(new):
            return [self._number_application(environment.name, application) for application in new]
        numbers = known.applications.copy()
        for place in find_changes(known.environment.applications, new):
            numbers[place] = self._number_application(environment.name, new[place])
        return numbers

    def _number_application(self, environment: str, application: Application) -> int:
        key = environment, application.id
        known = self._applications.get(key)
        if known is not None and known[0] is application:
            return known[1]
        is_known = known is not None and is_same_application(known[0], application)
        number = known[1] if known is not None and is_known else self._add(application)
        self._applications[key] = application, number
        return number

    def _number_findings(self, name: str, findings: tuple[Finding, ...]) -> int:
        known = self._findings.get(name)
        if known is not None and (known[0] is findings or known[0] == findings):
            number = known[1]
        else:
            number = self._add(findings)
        self._findings[name] = findings, number
        return number


def join_numbers(numbers: Iterable[int]) -> list[NumberRange]:
    """Return numbers as ranges: most applications of a segment were written by its first frame, one after another."""
    ranges: list[NumberRange] = []
    first, count = 0, 0
    for number in numbers:
        if count and number == first + count:
            count += 1
            continue
        if count:
            ranges.append((first, count))
        first, count = number, 1
    if count:
        ranges.append((first, count))
    return ranges


def _encode(part: object) -> bytes:
    """Return a part as one line of JSON without tokens."""
    return format_json_line(part).rstrip("\n").encode()
