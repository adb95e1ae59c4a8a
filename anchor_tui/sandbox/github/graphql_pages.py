"""Common parts of GitHub's GraphQL objects: pages, errors and accounts."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from graphql import GraphQLError

from anchor_tui.sandbox.github.accounts import ACCOUNTS, BOTS, ORGANISATION, TEAMS
from anchor_tui.sandbox.github.node_ids import encode_node_id

Node = dict[str, Any]
ItemT = TypeVar("ItemT")
MAX_PAGE_SIZE = 100
WEB_URL = "https://github.com"


def build_error(kind: str, message: str, **extensions: object) -> GraphQLError:
    """Return an error with GitHub's `type`."""
    return GraphQLError(message, extensions={"type": kind, **extensions})


def build_connection(
    items: Sequence[ItemT],
    node: Callable[[ItemT], Any],
    *,
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
    **_: object,
) -> Node:
    """Return one page of a list, with GitHub's rules for pages."""
    if first is None and last is None:
        raise build_error("MISSING_PAGINATION_BOUNDARIES", "You must provide a `first` or `last` value to paginate.")
    if max(first or 0, last or 0) > MAX_PAGE_SIZE:
        raise build_error("EXCESSIVE_PAGINATION", f"Requesting more than {MAX_PAGE_SIZE} records exceeds the limit.")
    start = _decode_cursor(after) + 1 if after else 0
    end = _decode_cursor(before) if before else len(items)
    if first is not None:
        end = min(end, start + first)
    if last is not None:
        start = max(start, end - last)
    page = items[start:end]
    return {
        "totalCount": len(items),
        "nodes": [node(item) for item in page],
        "pageInfo": {
            "hasNextPage": end < len(items),
            "endCursor": _encode_cursor(end - 1) if page else None,
        },
    }


def _encode_cursor(place: int) -> str:
    return base64.b64encode(f"cursor:v2:{place}".encode()).decode()


def _decode_cursor(cursor: str) -> int:
    try:
        return int(base64.b64decode(cursor).decode().rpartition(":")[2])
    except ValueError as error:
        raise build_error("INVALID_CURSOR_ARGUMENTS", f"`{cursor}` does not appear to be a valid cursor.") from error


def build_user(login: str) -> Node:
    """Return the node of a user."""
    name = ACCOUNTS[login].name if login in ACCOUNTS else None
    return {
        "__typename": "User",
        "id": encode_node_id("U", login),
        "login": login,
        "name": name,
        "url": f"{WEB_URL}/{login}",
    }


def build_actor(login: str | None) -> Node | None:
    """Return the node of a person, a bot or the organisation."""
    if login is None:
        return None
    kind = "Bot" if login in BOTS else "Organization" if login == ORGANISATION else "User"
    shown_login = login.removesuffix("[bot]")
    return {
        "__typename": kind,
        "id": encode_node_id(kind[0], login),
        "login": shown_login,
        "url": f"{WEB_URL}/{shown_login}",
    }


def build_team(slug: str) -> Node:
    """Return the node of a team."""
    return {
        "__typename": "Team",
        "id": encode_node_id("T", slug),
        "slug": slug,
        "name": slug,
        "combinedSlug": TEAMS[slug],
    }
