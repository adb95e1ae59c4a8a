"""The errors of outside systems.

    SourceError                 kind and message; the message contains what failed, why, and what to do
      CredentialError           no address or no token; no request was sent
      WriteRefused              a read-only run refused the request
      Unreachable               no connection: DNS, refused, reset, proxy
        TlsError                the server's certificate is not trusted
        Timeout                 no answer in time
      Unauthenticated           401: the token is missing, wrong, expired or revoked
      Forbidden                 403: the token lacks a permission
      NotFound                  404, or a 403 instead of it
      RateLimited               429, or the 403 of a rate limit, with the time to wait
      HttpError                 any other HTTP status
        ServerError             5xx and unexpected statuses
        ClientError             4xx
      InvalidResponse           not an answer of the API: HTML from a proxy, a body that ended early

An error of a write reports in `maybe_applied` whether the write may have been carried out without an answer.

Parts of a message are foreign text: show it as plain text only. A message never contains a token, nor the password of a
URL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from anchor_tui.domain.foreign_text import mask_tokens

if TYPE_CHECKING:
    from anchor_tui.domain.model import SourceFailure


class SourceError(Exception):
    """A source gave no usable answer."""

    kind: ClassVar[str] = "failed"
    maybe_applied = False
    """True if a write may have been carried out all the same. It is not sent again; its effect is looked up."""

    def __init__(self, message: str) -> None:
        self.message = mask_tokens(message)
        super().__init__(self.message)

    @property
    def failure(self) -> SourceFailure:
        """Return the error as a value, for readings and snapshots."""
        from anchor_tui.domain.model import SourceFailure  # the first requests are sent before the model is loaded

        return SourceFailure(self.kind, self.message)


class CredentialError(SourceError):
    """There is no address or no token; no request was sent."""

    kind = "credentials"


class WriteRefused(SourceError):
    """A read-only run refused the request; nothing was sent."""

    kind = "read-only"


class Unreachable(SourceError):
    """There is no connection: DNS, refused, reset, proxy. `sent` is False if the request cannot have left."""

    kind = "unreachable"

    def __init__(self, message: str, *, sent: bool = True) -> None:
        super().__init__(message)
        self.maybe_applied = sent


class TlsError(Unreachable):
    """The server's certificate is not trusted; nothing was sent."""

    kind = "tls"

    def __init__(self, message: str) -> None:
        super().__init__(message, sent=False)


class Timeout(Unreachable):
    """There was no answer in time."""

    kind = "timeout"


class Unauthenticated(SourceError):
    """401: the token is missing, wrong, expired or revoked."""

    kind = "unauthenticated"


class Forbidden(SourceError):
    """403: the token lacks a permission."""

    kind = "forbidden"


class NotFound(SourceError):
    """404, or a 403 instead of it."""

    kind = "not-found"


class RateLimited(SourceError):
    """429, or the 403 of a rate limit. `retry_after_s` is the requested pause in seconds; None if there is none."""

    kind = "rate-limited"

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class HttpError(SourceError):
    """A status without an error of its own. `status` is 0 if the failure came without one."""

    kind = "server"

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class ServerError(HttpError):
    """5xx: the server failed."""

    maybe_applied = True


class ClientError(HttpError):
    """4xx: the server understood the request and did nothing."""


class InvalidResponse(SourceError):
    """The response is not an answer of the API: HTML from a proxy, a body that ended early."""

    kind = "bad-answer"
    maybe_applied = True
