"""Tokens: held so that no log shows them, kept in the system's keyring, and read for when they end."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import UTC, datetime

from anchor_tui.sources.errors import CredentialError

KEYRING_SERVICE = "anchor-tui"
"""The keyring's service; the user is `argocd:<url>`, `github:<url>` or `status-api:<url>`."""


class Secret:
    """A token. It is written as `***` wherever it is not asked for by name."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The token itself, for the header that it goes into and for nothing else."""
        return self._text

    def __repr__(self) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> str:
        raise TypeError("a token is not written down")


@dataclass(frozen=True, slots=True)
class MissingSecret:
    """Why there is no token, in words."""

    reason: str


def parse_token(text: str, origin: str) -> Secret:
    """A token as it was given, without the line end around it; CredentialError where it cannot be one."""
    token = text.strip()
    if not token.isascii() or not token.isprintable() or " " in token:
        raise CredentialError(f"{origin} holds blanks or signs that no token has: was it copied whole?")
    return Secret(token)


def read_token_expiry(token: Secret | str) -> datetime | None:
    """When a JWT ends, read from its own payload without any check; None where it does not tell."""
    parts = (token.reveal() if isinstance(token, Secret) else token).split(".")
    if len(parts) != 3:
        return None
    try:
        payload = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        return None
    ends = payload.get("exp") if isinstance(payload, dict) else None
    if isinstance(ends, bool) or not isinstance(ends, int | float):
        return None
    try:
        return datetime.fromtimestamp(ends, UTC)
    except (OverflowError, OSError, ValueError):
        return None


# --- the keyring -------------------------------------------------------------------------------------
# It takes 0.1 s to import and may wait for a person at a prompt: never on the event loop.


def read_keyring_token(user: str) -> Secret | MissingSecret:
    """The token kept for a user of our service; a keyring that does not work is only a reason for none."""
    try:
        import keyring

        found = keyring.get_password(KEYRING_SERVICE, user)
    except Exception as error:  # noqa: BLE001 - backends are anybody's plugins and raise anything
        return MissingSecret(f"the keyring gave no answer ({type(error).__name__})")
    return parse_token(found, "the keyring's entry") if found else MissingSecret("the keyring has no entry for it")


def store_token(user: str, token: Secret) -> None:
    """Put a token into the keyring; CredentialError where it is not there afterwards."""
    way_out = "give the token in an environment variable instead, named by token_env"
    try:
        import keyring

        keyring.set_password(KEYRING_SERVICE, user, token.reveal())
        kept = keyring.get_password(KEYRING_SERVICE, user)  # the null backend accepts everything and keeps nothing
    except Exception as error:
        raise CredentialError(f"the keyring did not take the token ({type(error).__name__}): {way_out}") from error
    if kept != token.reveal():
        raise CredentialError(f"the keyring did not keep the token: {way_out}")


def delete_token(user: str) -> bool:
    """Take a token out of the keyring; False where there was none. CredentialError where it would not go."""
    if isinstance(read_keyring_token(user), MissingSecret):
        return False
    try:
        import keyring

        keyring.delete_password(KEYRING_SERVICE, user)
    except Exception as error:
        raise CredentialError(f"the keyring did not give the token up ({type(error).__name__})") from error
    return True
