"""Tokens in the keyring of the system.

The keyring module takes 0.1 s to import and may wait for a person at a prompt. Do not call these functions on the event
loop.
"""

from __future__ import annotations

import shlex

from anchor_tui.sources.credentials.secret import MissingSecret, Secret, parse_token
from anchor_tui.sources.errors import CredentialError

KEYRING_SERVICE = "anchor-tui"
"""Name of the keyring service. The user name is `argocd:<url>`, `github:<url>` or `status-api:<url>`."""


def read_keyring_token(user: str) -> Secret | MissingSecret:
    """Return the token of a user name. A keyring that fails is reported as a missing token."""
    try:
        import keyring

        found = keyring.get_password(KEYRING_SERVICE, user)
    except Exception as error:  # noqa: BLE001 - backends are plugins and may raise any exception
        return MissingSecret(f"the keyring did not respond ({type(error).__name__})")
    if found:
        return parse_token(found, "the keyring's entry")
    return MissingSecret(f"the keyring has no entry; `keyring set {KEYRING_SERVICE} {shlex.quote(user)}` adds one")


def store_token(user: str, token: Secret) -> None:
    """Store a token in the keyring and read it back. Raises CredentialError if it was not stored."""
    way_out = "set an environment variable instead, and name it as token_env"
    try:
        import keyring

        keyring.set_password(KEYRING_SERVICE, user, token.reveal())
        stored = keyring.get_password(KEYRING_SERVICE, user)  # the null backend accepts every token and stores none
    except Exception as error:
        raise CredentialError(f"the keyring did not accept the token ({type(error).__name__}): {way_out}") from error
    if stored != token.reveal():
        raise CredentialError(f"the keyring did not store the token: {way_out}")


def delete_token(user: str) -> bool:
    """Delete a token from the keyring. Return False if there was none. Raises CredentialError if that fails."""
    if isinstance(read_keyring_token(user), MissingSecret):
        return False
    try:
        import keyring

        keyring.delete_password(KEYRING_SERVICE, user)
    except Exception as error:
        raise CredentialError(f"the keyring did not delete the token ({type(error).__name__})") from error
    return True
