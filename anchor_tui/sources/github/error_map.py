"""GitHub's error responses as errors of `sources.errors`, for reads and writes alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from anchor_tui.sources.errors import RateLimited, ServerError, SourceError
from anchor_tui.sources.http import HTML_PAGE, MAX_MESSAGE_LENGTH, Service, error_for_status, parse_retry_after

GITHUB = Service(
    name="GitHub",
    login_hint="the token is wrong, expired or revoked: set GITHUB_TOKEN, or `gh auth login`",
    tls_hint="; name the authority with github.ca_file",
    not_found_hint="; or the token may not see it",
    default_retry_after_s=60.0,
)
_RATE_LIMIT_TYPES = frozenset({"RATE_LIMIT", "RATE_LIMITED"})
_FORBIDDEN_TYPES = frozenset({"FORBIDDEN", "INSUFFICIENT_SCOPES"})
_INTERNAL_ERROR = "Something went wrong"
"""The start of the message with which GraphQL reports an internal error, such as a timeout."""


def to_source_error(status: int, headers: Mapping[str, Any], body: object) -> SourceError:
    """Return the error of a response.

    `body` is the decoded JSON, or the text if it is not JSON. GraphQL reports errors with status 200 (PyGithub: 400)
    and a `type` for each; both RATE_LIMIT and RATE_LIMITED occur.
    """
    lowered = {name.lower(): str(value) for name, value in headers.items()}
    message = error_message(body)
    types = {_to_text(error.get("type")) for error in _graphql_errors(body)}
    if types & _RATE_LIMIT_TYPES:
        status = 429
    elif "NOT_FOUND" in types:
        status = 404
    elif status <= 400 and types & _FORBIDDEN_TYPES:
        status = 403
    elif status <= 400 and message.startswith(_INTERNAL_ERROR):
        return ServerError(f"GitHub failed: {message}")
    if status == 403 and _is_rate_limit(message, lowered):
        text = f"403: too many requests: {message}" if message else "403: too many requests"
        return RateLimited(text, parse_retry_after(lowered, GITHUB.default_retry_after_s))
    if status == 403:
        message = _explain_forbidden(message, lowered)
    return error_for_status(GITHUB, max(status, 400), message, lowered)


def _is_rate_limit(message: str, headers: Mapping[str, str]) -> bool:
    """Return whether a 403 is a rate limit. Enterprise servers call theirs an abuse detection mechanism."""
    lowered = message.lower()
    return (
        "rate limit" in lowered
        or "abuse detection" in lowered
        or "retry-after" in headers
        or headers.get("x-ratelimit-remaining") == "0"
    )


def _explain_forbidden(message: str, headers: Mapping[str, str]) -> str:
    if sso := headers.get("x-github-sso"):
        return f"the organisation requires that the token is authorised for SSO: {sso}"
    if permissions := headers.get("x-accepted-github-permissions"):
        return f"{message}; the token needs {permissions}"
    return message


def error_message(body: object) -> str:
    """Return the text of an error body, shortened; a page of HTML is only named."""
    if isinstance(body, Mapping):
        details = "; ".join(
            _to_text(error.get("message")) or _to_text(error.get("code")) for error in _graphql_errors(body)
        )
        # PyGithub puts a body that is not JSON under `data`.
        text = ": ".join(filter(None, [_to_text(body.get("message")), details])) or _to_text(body.get("data"))
    else:
        text = body.decode(errors="replace") if isinstance(body, bytes) else _to_text(body)
    text = text.strip()
    return HTML_PAGE if text.startswith("<") else text[:MAX_MESSAGE_LENGTH]


def _graphql_errors(body: object) -> list[Mapping[str, Any]]:
    errors = body.get("errors") if isinstance(body, Mapping) else None
    return [error for error in errors if isinstance(error, Mapping)] if isinstance(errors, list) else []


def _to_text(value: object) -> str:
    """Return a text; nothing for any other value, which may be of any size and depth."""
    return value if isinstance(value, str) else ""
