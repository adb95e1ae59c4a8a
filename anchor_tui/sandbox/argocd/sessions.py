"""Argo CD's tokens: JSON Web Tokens (HS256) issued by `argocd`."""

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
    """The token is missing, invalid or expired; the message is the server's."""


@dataclass(frozen=True, slots=True)
class ArgoCDSession:
    """The account of a request. `subject` is `alice:apiKey` or similar."""

    subject: str
    issued_at: datetime
    may_change: tuple[str, ...] = ("*",)
    """Globs of the RBAC names of applications that the account may change."""

    @property
    def username(self) -> str:
        """The name of the account."""
        return self.subject.rsplit(":", 1)[0] if not self.subject.startswith("proj:") else self.subject

    @property
    def is_read_only(self) -> bool:
        """Report whether the account cannot change anything."""
        return not self.may_change

    def is_allowed(self, resource: str, action: str, target: str) -> bool:
        """Report whether the account may do `action` with `target`.

        `target` is `project/name` or `project/namespace/name`. For an action's subresource, such as
        `action/apps/Deployment/restart`, the action decides.
        """
        if resource == "logs":
            return not self.is_read_only
        return action == "get" or any(fnmatchcase(target, pattern) for pattern in self.may_change)

    def build_denial(self, resource: str, action: str, target: str) -> str:
        """Return the message of a 403, with account and refused action."""
        issued_at = format_rfc3339(self.issued_at)
        return f"permission denied: {resource}, {action}, {target}, sub: {self.username}, iat: {issued_at}"


class TokenIssuer:
    """Issues and checks tokens."""

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
        """Return a token for an account; with a negative `lasts` an expired one.

        `may_change` are globs of `project/name`. The account `viewer` may change nothing.
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
        """Return the session of a request's token. Raises UnauthorizedError with the recorded message."""
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
