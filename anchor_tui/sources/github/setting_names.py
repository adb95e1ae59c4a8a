"""The names of a repository's variables and secrets: its own, those the organisation shares, its environments'.

Secrets are listed by name; GitHub never returns their values. If the token may not list some of them, the reason
names the missing permission, and the rest is listed all the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, TypeAlias
from urllib.parse import quote

import msgspec

from anchor_tui.domain.source_data import RepoSettingNames, SettingNames
from anchor_tui.sources.errors import Forbidden, HttpError, InvalidResponse, NotFound, SourceError
from anchor_tui.sources.github.schema import convert_json

if TYPE_CHECKING:
    from anchor_tui.sources.github.client import GitHubClient

SettingKind: TypeAlias = Literal["variables", "secrets"]
PAGE_SIZE = 30
"""GitHub's largest page of variables; of secrets it would be 100."""
MAX_PAGES = 34
"""A repository has at most 500 variables, an organisation 1,000."""
MAX_ENVIRONMENTS = 30


class NamedItem(msgspec.Struct):
    """A variable, a secret or an environment."""

    name: str
    value: str = ""


class SettingsPage(msgspec.Struct):
    """One page of variables, of secrets or of environments."""

    total_count: int = 0
    variables: list[NamedItem] = []
    secrets: list[NamedItem] = []
    environments: list[NamedItem] = []


async def read_setting_names(client: GitHubClient, repository: str) -> tuple[RepoSettingNames, bool]:
    """Return the names of a repository's settings, and whether a retry soon makes sense.

    The reasons for what could not be listed are included. Raises SourceError if GitHub cannot be reached at all.
    """
    listing = _SettingsListing(client, repository)
    environments = await listing.read_environments()
    variables = await listing.read_names("variables", environments)
    secrets = await listing.read_names("secrets", environments)
    return RepoSettingNames(repository, variables, secrets), listing.is_retryable


def unread_settings(repository: str, reason: str) -> RepoSettingNames:
    """Return the settings of a repository that could not be read at all."""
    return RepoSettingNames(repository, SettingNames(unlisted=(reason,)), SettingNames(unlisted=(reason,)))


class _SettingsListing:
    """The listing of one repository. `is_retryable` is set after a failure that can pass."""

    def __init__(self, client: GitHubClient, repository: str) -> None:
        self._client = client
        self._base = f"/repos/{repository}"
        self._gaps: tuple[str, ...] = ()
        self.is_retryable = False

    async def read_environments(self) -> tuple[str, ...]:
        """Return the names of the environments whose settings are listed."""
        try:
            environments = await self._read_pages("/environments", "environments")
        except (Forbidden, NotFound, InvalidResponse, HttpError) as error:
            self._gaps = (self._describe_failure(error, "those of its environments: ", "Actions: read"),)
            return ()
        if len(environments) > MAX_ENVIRONMENTS:
            self._gaps = (f"only {MAX_ENVIRONMENTS} of its {len(environments)} environments are read",)
        return tuple(environment.name for environment in environments[:MAX_ENVIRONMENTS])

    async def read_names(self, kind: SettingKind, environments: tuple[str, ...]) -> SettingNames:
        """Return the names of one kind: the repository's own, those shared with it, its environments'."""
        reasons: list[str] = []

        async def read_values(path: str, scope: str, permission: str) -> Mapping[str, str]:
            try:
                return {item.name: item.value for item in await self._read_pages(path, kind)}
            except (Forbidden, NotFound, InvalidResponse, HttpError) as error:
                reasons.append(self._describe_failure(error, scope, permission))
                return {}

        permission = f"{kind.capitalize()}: read"
        own = await read_values(f"/actions/{kind}", "", permission)
        shared = await read_values(f"/actions/organization-{kind}", "those of the organisation: ", permission)
        by_environment = {}
        for environment in environments:
            path = f"/environments/{quote(environment, safe='')}/{kind}"
            scope = f"those of its environment {environment}: "
            by_environment[environment] = await read_values(path, scope, "Environments: read")
        return SettingNames({**shared, **own}, by_environment, (*reasons, *self._gaps))

    def _describe_failure(self, error: SourceError, scope: str, permission: str) -> str:
        is_denied = isinstance(error, Forbidden | NotFound)
        self.is_retryable = self.is_retryable or not is_denied
        is_named = "the token needs" in error.message
        return f"{scope}{error.message}" + (f"; the token needs {permission}" if is_denied and not is_named else "")

    async def _read_pages(self, path: str, kind: SettingKind | Literal["environments"]) -> list[NamedItem]:
        items: list[NamedItem] = []
        for number in range(1, MAX_PAGES + 1):
            page = await self._read_page(f"{self._base}{path}", number)
            page_items: list[NamedItem] = getattr(page, kind)
            items += page_items
            if len(items) >= page.total_count or not page_items:
                return items
        raise InvalidResponse(f"{self._base}{path} has more than {MAX_PAGES} pages")

    async def _read_page(self, path: str, number: int) -> SettingsPage:
        answer = await self._client.get_json(path, {"per_page": PAGE_SIZE, "page": number})
        if "total_count" not in answer:
            raise InvalidResponse(f"GitHub's answer about {path} is not a list")
        return convert_json(answer, SettingsPage)
