"""Argo CD's tokens: JSON Web Tokens, HS256, issued by `argocd`."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase

from anchor_tui.sandbox.clock import Clock, format_rfc3339

NO_SESSION = "no session information"
BAD_SIGNATURE = "invalid session: token signature is invalid: signature is invalid"
EXPIRED = "invalid session: token has invalid claims: token is expired"


class UnauthorizedError(Exception):
    """The token is missing, wrong or old; the message is the server's."""


@dataclass(frozen=True, slots=True)
class ArgoCDSession:
    """Who asks: `subject` is `alice:apiKey` or the like."""

    subject: str
    issued_at: datetime
    may_change: tuple[str, ...] = ("*",)
    """The applications, as permissions name them, that it may do more with than get; globs."""

    @property
    def username(self) -> str:
        """The account's name."""
        return self.subject.rsplit(":", 1)[0] if not self.subject.startswith("proj:") else self.subject

    @property
    def is_read_only(self) -> bool:
        """Whether it may only look, whatever is asked."""
        return not self.may_change

    def is_allowed(self, resource: str, action: str, target: str) -> bool:
        """Whether it may: `applications`, `sync`, `project/name` or `project/namespace/name`.

        A subresource of an action, such as `action/apps/Deployment/restart`, is the action's own affair.
        """
        if resource == "logs":
            return not self.is_read_only
        return action == "get" or any(fnmatchcase(target, pattern) for pattern in self.may_change)

    def build_denial(self, resource: str, action: str, target: str) -> str:
        """The text of a 403, with who was refused what."""
        issued_at = format_rfc3339(self.issued_at)
        return f"permission denied: {resource}, {action}, {target}, sub: {self.username}, iat: {issued_at}"


class TokenIssuer:
    """Issues tokens and reads them again."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._may_change: dict[str, tuple[str, ...]] = {}

    def issue_token(
        self,
        subject: str,
        lasts: timedelta = timedelta(hours=24),
        *,
        read_only: bool = False,
        may_change: tuple[str, ...] = ("*",),
    ) -> str:
        """A token for an account; with a negative duration one that has expired.

        It may change the applications of `may_change`, globs of `project/name`; the account `viewer` none at all.
        """
        name = str(uuid.uuid4())
        if read_only or subject.partition(":")[0] == "viewer":
            may_change = ()
        self._may_change[name] = may_change
        now = self._clock.now()
        issued = min(now, now + lasts)
        claims = {
            "iss": "argocd",
            "sub": subject,
            "iat": int(issued.timestamp()),
            "nbf": int(issued.timestamp()),
            "exp": int((now + lasts).timestamp()),
            "jti": name,
        }
        signed = f"{_encode_json({'alg': 'HS256', 'typ': 'JWT'})}.{_encode_json(claims)}"
        return f"{signed}.{self._sign(signed)}"

    def authenticate(self, headers: Mapping[str, str]) -> ArgoCDSession:
        """Who sent a request; `Unauthorized` with the recorded text otherwise."""
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise UnauthorizedError(NO_SESSION)
        signed, _, signature = token.strip().rpartition(".")
        try:
            claims = json.loads(_decode_bytes(signed.split(".")[1]))
            subject, issued, expires = claims["sub"], claims["iat"], claims.get("exp")
            may_change = self._may_change.get(claims.get("jti", ""), ())
        except (IndexError, ValueError, KeyError, TypeError) as error:
            raise UnauthorizedError(NO_SESSION) from error
        if not hmac.compare_digest(signature, self._sign(signed)):
            raise UnauthorizedError(BAD_SIGNATURE)
        if expires is not None and self._clock.now().timestamp() >= expires:
            raise UnauthorizedError(EXPIRED)
        return ArgoCDSession(subject, datetime.fromtimestamp(issued, UTC), may_change)

    def _sign(self, signed: str) -> str:
        return _encode_bytes(hmac.new(self._key, signed.encode(), hashlib.sha256).digest())


def _encode_bytes(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _encode_json(value: Mapping[str, object]) -> str:
    return _encode_bytes(json.dumps(value, separators=(",", ":")).encode())


def _decode_bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
