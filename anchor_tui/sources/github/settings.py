"""The names of a repository's variables and secrets: its own, the organisation's that it shares, its environments'.

Secrets are listed by name; GitHub tells their values to nobody. What a token may not list is said with the
permission that it lacks, and costs nothing of the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeAlias
from urllib.parse import quote

import msgspec

from anchor_tui.domain.source_data import RepoSettingNames, SettingNames
from anchor_tui.sources.errors import BadAnswer, Forbidden, NotFound, ServerFailed, SourceError
from anchor_tui.sources.github.wire import convert

if TYPE_CHECKING:
    from github import Github

    from anchor_tui.sources.github.door import Door

Kind: TypeAlias = Literal["variables", "secrets"]
PAGE_SIZE = 30
"""The most variables that GitHub puts on a page; of secrets it would be 100."""
MOST_PAGES = 34
"""A repository has at most 500 variables, an organisation 1,000."""
MOST_ENVIRONMENTS = 30


class Named(msgspec.Struct):
    """A variable, a secret, or an environment."""

    name: str
    value: str = ""


class Page(msgspec.Struct):
    """One page of whichever of them was asked for."""

    total_count: int = 0
    variables: list[Named] = []
    secrets: list[Named] = []
    environments: list[Named] = []


async def read_settings(door: Door, repository: str) -> tuple[RepoSettingNames, bool]:
    """Everything that may be listed of one repository, and whether asking again soon may tell more.

    What a token may not list is said in words. Raises SourceError where GitHub cannot be asked at all.
    """
    listing = _Listing(door, repository)
    environments = await listing.environments()
    variables = await listing.names("variables", environments)
    secrets = await listing.names("secrets", environments)
    return RepoSettingNames(repository, variables, secrets), listing.may_pass


def unread(repository: str, reason: str) -> RepoSettingNames:
    """The settings of a repository that could not be asked at all."""
    return RepoSettingNames(repository, SettingNames(unlisted=(reason,)), SettingNames(unlisted=(reason,)))


class _Listing:
    """One repository being listed; `may_pass` where something failed in a way that may pass."""

    def __init__(self, door: Door, repository: str) -> None:
        self._door = door
        self._base = f"/repos/{repository}"
        self._lacking: tuple[str, ...] = ()
        self.may_pass = False

    async def environments(self) -> tuple[str, ...]:
        """The names of the environments that are asked."""
        try:
            found = await _pages(self._door, f"{self._base}/environments", "environments")
        except (Forbidden, NotFound, BadAnswer, ServerFailed) as error:
            self._lacking = (self._reason(error, "those of its environments: ", "Actions: read"),)
            return ()
        if len(found) > MOST_ENVIRONMENTS:
            some = f"only {MOST_ENVIRONMENTS} of its {len(found)} environments are asked"
            self._lacking = (some,)
        return tuple(each.name for each in found[:MOST_ENVIRONMENTS])

    async def names(self, kind: Kind, environments: tuple[str, ...]) -> SettingNames:
        """The names of one kind: the repository's own, those it shares, its environments'."""
        reasons: list[str] = []

        async def listed(path: str, what: str, permission: str) -> Mapping[str, str]:
            try:
                return {each.name: each.value for each in await _pages(self._door, self._base + path, kind)}
            except (Forbidden, NotFound, BadAnswer, ServerFailed) as error:
                reasons.append(self._reason(error, what, permission))
                return {}

        permission = f"{kind.capitalize()}: read"
        own = await listed(f"/actions/{kind}", "", permission)
        shared = await listed(f"/actions/organization-{kind}", "those of the organisation: ", permission)
        inside = {}
        for each in environments:
            path = f"/environments/{quote(each, safe='')}/{kind}"
            inside[each] = await listed(path, f"those of its environment {each}: ", "Environments: read")
        return SettingNames({**shared, **own}, inside, (*reasons, *self._lacking))

    def _reason(self, error: SourceError, what: str, permission: str) -> str:
        denied = isinstance(error, Forbidden | NotFound)
        self.may_pass = self.may_pass or not denied
        named = "the token needs" in error.message
        return f"{what}{error.message}" + (f"; the token needs {permission}" if denied and not named else "")


async def _pages(door: Door, path: str, kind: Kind | Literal["environments"]) -> list[Named]:
    found: list[Named] = []
    for number in range(1, MOST_PAGES + 1):
        page = await _page(door, path, number)
        rows: list[Named] = getattr(page, kind)
        found += rows
        if len(found) >= page.total_count or not rows:
            return found
    raise BadAnswer(f"{path} has more than {MOST_PAGES} pages")


async def _page(door: Door, path: str, number: int) -> Page:
    """One request: between two of them other work gets through the door."""

    def ask(github: Github) -> Any:  # noqa: ANN401 - JSON
        return github.requester.requestJsonAndCheck("GET", path, parameters={"per_page": PAGE_SIZE, "page": number})[1]

    answer = await door.call(ask)
    if not isinstance(answer, dict) or "total_count" not in answer:
        raise BadAnswer(f"GitHub's answer about {path} is no list")
    return convert(answer, Page)
