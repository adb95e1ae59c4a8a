"""Everything that can go wrong between us and an outside system.

    SourceError                 kind and message; the message is a sentence with the way out
      CredentialError           no address or no token: nothing was asked
      WriteRefused              the read-only gate held a request back
      Unreachable               no connection: DNS, refused, reset, proxy
        TlsFailure              the connection is not to be trusted
        NoAnswer                the time was up
      Unauthenticated           401: the token is missing, wrong, expired or revoked
      Forbidden                 403: the token may not do this
      NotFound                  404, or a 403 that hides one
      RateLimited               429 or a rate limit's 403, with the time to wait
      ServerFailed              5xx and what no other kind fits
      BadAnswer                 an answer that is none: HTML from a proxy, a body that ended early

Of a write each also tells whether it may have been carried out although no answer came (`lost`).

Messages are foreign text in part: they are shown as plain text only, and never hold a token.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from anchor_tui.domain.model import SourceFailure


class SourceError(Exception):
    """A source gave no usable answer."""

    kind: ClassVar[str] = "failed"
    maybe_applied = False
    """Whether the request may have been carried out all the same: a write is not sent again, its state is read."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    @property
    def failure(self) -> SourceFailure:
        """The same as a value, for readings and snapshots."""
        from anchor_tui.domain.model import SourceFailure  # errors are known before the model has to be

        return SourceFailure(self.kind, self.message)


class CredentialError(SourceError):
    """No address or no token: nothing was asked."""

    kind = "credentials"


class WriteRefused(SourceError):
    """The read-only gate held a request back."""

    kind = "read-only"


class Unreachable(SourceError):
    """No connection: DNS, refused, reset, proxy. `sent` tells whether the request had left by then."""

    kind = "unreachable"

    def __init__(self, message: str, *, sent: bool = True) -> None:
        super().__init__(message)
        self.maybe_applied = sent


class TlsError(Unreachable):
    """The connection is not to be trusted."""

    kind = "tls"

    def __init__(self, message: str) -> None:
        super().__init__(message, sent=False)


class Timeout(Unreachable):
    """The time was up."""

    kind = "timeout"


class Unauthenticated(SourceError):
    """401: the token is missing, wrong, expired or revoked."""

    kind = "unauthenticated"


class Forbidden(SourceError):
    """403: the token may not do this."""

    kind = "forbidden"


class NotFound(SourceError):
    """404, or a 403 that hides one."""

    kind = "not-found"


class RateLimited(SourceError):
    """429 or a rate limit's 403. `wait_s` is what the server asked for, in seconds; None where it did not say."""

    kind = "rate-limited"

    def __init__(self, message: str, wait_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = wait_s


class ServerError(SourceError):
    """5xx and what no other kind fits. `status` is the HTTP one, 0 where there was none."""

    kind = "server"
    maybe_applied = True

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class ClientError(ServerError):
    """A 4xx that no other kind fits: the server understood, and did nothing."""

    maybe_applied = False


class InvalidResponse(SourceError):
    """An answer that is none: HTML from a proxy, a body that ended early."""

    kind = "bad-answer"
    maybe_applied = True
