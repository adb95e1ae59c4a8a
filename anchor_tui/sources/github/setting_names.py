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
from anchor_tui.sources.errors import Forbidden, InvalidResponse, NotFound, ServerError, SourceError
from anchor_tui.sources.github.schema import convert_json

if TYPE_CHECKING:
    from github import Github

    from anchor_tui.sources.github.client import GitHubClient

SettingKind: TypeAlias = Literal["variables", "secrets"]
PAGE_SIZE = 30
"""The most variables that GitHub puts on a page; of secrets it would be 100."""
MAX_PAGES = 34
"""A repository has at most 500 variables, an organisation 1,000."""
MAX_ENVIRONMENTS = 30


class NamedItem(msgspec.Struct):
    """A variable, a secret, or an environment."""

    name: str
    value: str = ""


class SettingsPage(msgspec.Struct):
    """One page of whichever of them was asked for."""

    total_count: int = 0
    variables: list[NamedItem] = []
    secrets: list[NamedItem] = []
    environments: list[NamedItem] = []


async def read_setting_names(door: GitHubClient, repository: str) -> tuple[RepoSettingNames, bool]:
    """Everything that may be listed of one repository, and whether asking again soon may tell more.

    What a token may not list is said in words. Raises SourceError where GitHub cannot be asked at all.
    """
    listing = _SettingsListing(door, repository)
    environments = await listing.read_environments()
    variables = await listing.read_names("variables", environments)
    secrets = await listing.read_names("secrets", environments)
    return RepoSettingNames(repository, variables, secrets), listing.is_retryable


def unread_settings(repository: str, reason: str) -> RepoSettingNames:
    """The settings of a repository that could not be asked at all."""
    return RepoSettingNames(repository, SettingNames(unlisted=(reason,)), SettingNames(unlisted=(reason,)))


class _SettingsListing:
    """One repository being listed; `may_pass` where something failed in a way that may pass."""

    def __init__(self, door: GitHubClient, repository: str) -> None:
        self._client = door
        self._base = f"/repos/{repository}"
        self._gaps: tuple[str, ...] = ()
        self.is_retryable = False

    async def read_environments(self) -> tuple[str, ...]:
        """The names of the environments that are asked."""
        try:
            found = await _read_pages(self._client, f"{self._base}/environments", "environments")
        except (Forbidden, NotFound, InvalidResponse, ServerError) as error:
            self._gaps = (self._describe_failure(error, "those of its environments: ", "Actions: read"),)
            return ()
        if len(found) > MAX_ENVIRONMENTS:
            some = f"only {MAX_ENVIRONMENTS} of its {len(found)} environments are asked"
            self._gaps = (some,)
        return tuple(each.name for each in found[:MAX_ENVIRONMENTS])

    async def read_names(self, kind: SettingKind, environments: tuple[str, ...]) -> SettingNames:
        """The names of one kind: the repository's own, those it shares, its environments'."""
        reasons: list[str] = []

        async def listed(path: str, what: str, permission: str) -> Mapping[str, str]:
            try:
                return {each.name: each.value for each in await _read_pages(self._client, self._base + path, kind)}
            except (Forbidden, NotFound, InvalidResponse, ServerError) as error:
                reasons.append(self._describe_failure(error, what, permission))
                return {}

        permission = f"{kind.capitalize()}: read"
        own = await listed(f"/actions/{kind}", "", permission)
        shared = await listed(f"/actions/organization-{kind}", "those of the organisation: ", permission)
        inside = {}
        for each in environments:
            path = f"/environments/{quote(each, safe='')}/{kind}"
            inside[each] = await listed(path, f"those of its environment {each}: ", "Environments: read")
        return SettingNames({**shared, **own}, inside, (*reasons, *self._gaps))

    def _describe_failure(self, error: SourceError, what: str, permission: str) -> str:
        denied = isinstance(error, Forbidden | NotFound)
        self.is_retryable = self.is_retryable or not denied
        named = "the token needs" in error.message
        return f"{what}{error.message}" + (f"; the token needs {permission}" if denied and not named else "")


async def _read_pages(door: GitHubClient, path: str, kind: SettingKind | Literal["environments"]) -> list[NamedItem]:
    found: list[NamedItem] = []
    for number in range(1, MAX_PAGES + 1):
        page = await _read_page(door, path, number)
        rows: list[NamedItem] = getattr(page, kind)
        found += rows
        if len(found) >= page.total_count or not rows:
            return found
    raise InvalidResponse(f"{path} has more than {MAX_PAGES} pages")


async def _read_page(door: GitHubClient, path: str, number: int) -> SettingsPage:
    """One request: between two of them other work gets through the door."""

    def ask(github: Github) -> Any:  # noqa: ANN401 - JSON
        return github.requester.requestJsonAndCheck("GET", path, parameters={"per_page": PAGE_SIZE, "page": number})[1]

    answer = await door.call(ask)
    if not isinstance(answer, dict) or "total_count" not in answer:
        raise InvalidResponse(f"GitHub's answer about {path} is no list")
    return convert_json(answer, SettingsPage)
