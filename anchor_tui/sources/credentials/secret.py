"""Tokens that no log shows: parsing, and the time when they expire."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from anchor_tui.sources.errors import CredentialError

if TYPE_CHECKING:
    from collections.abc import Mapping


class Secret:
    """A token. Its text form is `***`; only `reveal` returns the token."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the token, only for the request header that contains it."""
        return self._text

    def __repr__(self) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> str:
        raise TypeError("a token must not be serialized")


@dataclass(frozen=True, slots=True)
class MissingSecret:
    """The absence of a token, with the reason for an error message."""

    reason: str


def parse_token(text: str, origin: str) -> Secret:
    """Return a token without surrounding white space. `origin` describes its source in an error message.

    Raises CredentialError if the text cannot be a token.
    """
    token = text.strip()
    if not token.isascii() or not token.isprintable() or " " in token:
        raise CredentialError(f"{origin} contains characters that are not valid in a token: copy the whole token again")
    return Secret(token)


def read_token_expiry(token: Secret | str) -> datetime | None:
    """Return the expiry of a JWT, or None if it is unknown. The signature is not checked."""
    parts = (token.reveal() if isinstance(token, Secret) else token).split(".")
    if len(parts) != 3:
        return None
    try:
        payload = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        return None
    expiry = payload.get("exp") if isinstance(payload, dict) else None
    if isinstance(expiry, bool) or not isinstance(expiry, int | float):
        return None
    try:
        return datetime.fromtimestamp(expiry, UTC)
    except (OverflowError, OSError, ValueError):
        return None


def read_configured_token(variable: str, table: str, environ: Mapping[str, str]) -> tuple[Secret, str] | None:
    """Return the token of the variable that `token_env` names, with its origin; None if no variable is configured.

    `table` is the configuration table of `token_env`. Raises CredentialError if the variable is not set.
    """
    if not variable:
        return None
    if text := environ.get(variable, "").strip():
        return parse_token(text, f"${variable}"), f"${variable}"
    raise CredentialError(f"${variable}, which token_env of {table} names, is not set: set it, or remove token_env")
