"""GitHub's API for reading: GraphQL queries and REST GETs over httpx.

The client refuses everything but reads, whatever the configuration contains. Writes go through `writer.GitHubWriter`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import msgspec

from anchor_tui.sources.credentials.github import GitHubAccess
from anchor_tui.sources.errors import InvalidResponse, TlsError
from anchor_tui.sources.github.download import DownloadTail, check_download_url, read_tail
from anchor_tui.sources.github.error_map import GITHUB, to_source_error
from anchor_tui.sources.github.queries import QueryDocument
from anchor_tui.sources.github.response import GraphQLError, GraphQLResponse
from anchor_tui.sources.http import ReadRules, create_client, describe_redirect, limit_request
from anchor_tui.sources.json_body import decode_json, html_error_text, is_html
from anchor_tui.sources.network import MAX_RESPONSE_BYTES, create_tls_context, find_proxy

if TYPE_CHECKING:
    import ssl

API_VERSION = "2022-11-28"
RESPONSE_TIMEOUT_S = 15.0
REQUEST_DEADLINE_S = 45.0
"""For one request with its redirects: name resolution and a response that drips have no other limit."""
MAX_REDIRECTS = 3
MAX_ERROR_BYTES = 4 * 1024
"""The part of an error's body that is read if it is not JSON."""


class GitHubClient:
    """The reads of one GitHub. Each request is sent once; the caller decides whether to ask again."""

    def __init__(
        self,
        access: GitHubAccess,
        query_texts: frozenset[str],
        transport: httpx.AsyncBaseTransport | None = None,
        *,
        max_response_bytes: int = MAX_RESPONSE_BYTES,
    ) -> None:
        """Allow only `query_texts` as GraphQL documents. Raises TlsError or Unreachable for unusable settings."""
        self._api_url = access.api_url.rstrip("/")
        self._graphql_url = graphql_url(self._api_url)
        self._verify = create_github_tls_context(access) if self._api_url.startswith("https://") else False
        self._transport = transport
        self._http = create_client(
            {
                "Authorization": f"Bearer {access.token.reveal()}",
                "Accept": "application/vnd.github+json",
                "X-GitHub-Api-Version": API_VERSION,
            },
            verify=self._verify,
            proxy=find_proxy(self._api_url),
            timeout_s=RESPONSE_TIMEOUT_S,
            read_rules=ReadRules(GITHUB.name, self._graphql_url, query_texts),
            max_response_bytes=max_response_bytes,
            transport=transport,
        )

    async def query(self, document: QueryDocument, variables: Mapping[str, Any] | None = None) -> GraphQLResponse:
        """Send a registered query. Raises SourceError if no data came; errors with data are in the response."""
        body = {"query": document.text, "variables": dict(document.variables) | dict(variables or {})}
        request = self._http.build_request(
            "POST", self._graphql_url, content=msgspec.json.encode(body), headers={"Content-Type": "application/json"}
        )
        started_at = time.monotonic()
        answer, headers = await self._send(request)
        duration_s = time.monotonic() - started_at
        data = answer.get("data") if isinstance(answer, dict) else None
        errors = answer.get("errors") if isinstance(answer, dict) else None
        if errors and not (isinstance(data, dict) and any(value is not None for value in data.values())):
            raise to_source_error(200, headers, answer)
        if not isinstance(data, dict):
            raise InvalidResponse("GitHub's answer is not a JSON object with data")
        return GraphQLResponse(data, _parse_errors(errors), duration_s)

    async def get_json(self, path: str, params: Mapping[str, str | int] | None = None) -> dict[str, Any]:
        """Return the JSON object at a path such as `/repos/{owner}/{name}`; a JSON list is under `items`.

        Redirects within the server are followed: GitHub redirects a renamed repository. Raises SourceError.
        """
        request = self._http.build_request("GET", f"{self._api_url}{path}", params=dict(params) if params else None)
        answer, _ = await self._send(request)
        if answer is None:
            return {}
        if isinstance(answer, list):
            return {"items": answer}
        if not isinstance(answer, dict):
            raise InvalidResponse("GitHub's answer is not a JSON object")
        return answer

    async def download_tail(self, path: str, *, max_bytes: int, tail_bytes: int) -> DownloadTail:
        """Return the end of a text to which a path redirects. Raises SourceError.

        Another host serves it, with a signed address. The request to that host comes from a client of its own, which
        never had the token. At most `max_bytes` are read.
        """
        request = self._http.build_request("GET", f"{self._api_url}{path}")
        async with limit_request(GITHUB, self._api_url, RESPONSE_TIMEOUT_S, REQUEST_DEADLINE_S):
            response = await self._send_within_origin(request, followed=frozenset({301, 307, 308}))
            if not response.is_redirect:
                _decode(response)  # raises the error that GitHub answered
                raise InvalidResponse(f"{self._api_url}: GitHub does not redirect to the download of {path}")
            target = check_download_url(response)
            async with create_client(
                {},
                verify=self._verify,
                proxy=find_proxy(f"{target.scheme}://{target.host}"),  # without the signature of the address
                timeout_s=RESPONSE_TIMEOUT_S,
                read_rules=ReadRules(GITHUB.name),
                transport=self._transport,
            ) as downloads:
                return await read_tail(
                    downloads,
                    downloads.build_request("GET", target),
                    max_bytes=max_bytes,
                    tail_bytes=tail_bytes,
                    timeout_s=RESPONSE_TIMEOUT_S,
                )

    async def aclose(self) -> None:
        """Close every connection."""
        await self._http.aclose()

    async def _send(self, request: httpx.Request) -> tuple[object, httpx.Headers]:
        """Return the decoded body and the headers of a success. Raises SourceError."""
        async with limit_request(GITHUB, self._api_url, RESPONSE_TIMEOUT_S, REQUEST_DEADLINE_S):
            response = await self._send_following_redirects(request)
        return _decode(response), response.headers

    async def _send_following_redirects(self, request: httpx.Request) -> httpx.Response:
        response = await self._send_within_origin(request)
        if response.is_redirect:
            raise InvalidResponse(f"{self._api_url}: {describe_redirect(response)}")
        return response

    async def _send_within_origin(
        self, request: httpx.Request, followed: frozenset[int] = frozenset(range(300, 400))
    ) -> httpx.Response:
        """Follow redirects of these statuses within the server. Any other redirect is returned."""
        for _ in range(MAX_REDIRECTS + 1):
            response = await self._http.send(request)
            redirected = response.next_request if response.is_redirect else None
            is_followed = request.method == "GET" and response.status_code in followed
            if not is_followed or redirected is None or _origin(redirected.url) != _origin(request.url):
                return response
            request = redirected
        raise InvalidResponse(f"{self._api_url}: more than {MAX_REDIRECTS} redirects")


def graphql_url(api_url: str) -> str:
    """Return the GraphQL endpoint of a REST root: `/graphql`, on an Enterprise server `/api/graphql`."""
    parts = urlsplit(api_url)
    return parts._replace(path=parts.path.rstrip("/").removesuffix("/v3") + "/graphql").geturl()


def create_github_tls_context(access: GitHubAccess) -> ssl.SSLContext:
    """Create the TLS context of a GitHub. Raises TlsError for an unusable file."""
    try:
        return create_tls_context(access.ca_file)
    except OSError as error:
        raise TlsError(f"{access.api_url}: github.ca_file cannot be used: {error}") from error


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _decode(response: httpx.Response) -> object:
    """Return the decoded JSON of a success; None if there is no body. Raises SourceError."""
    content = response.content
    try:
        body = decode_json(content, object) if content else None
    except InvalidResponse as error:
        if not response.is_success:
            raise to_source_error(response.status_code, response.headers, content[:MAX_ERROR_BYTES]) from error
        if is_html(content):
            raise InvalidResponse(html_error_text("GitHub's address")) from error
        raise
    if not response.is_success:
        raise to_source_error(response.status_code, response.headers, body)
    return body


def _parse_errors(errors: object) -> tuple[GraphQLError, ...]:
    return tuple(
        GraphQLError(_to_text(error.get("type")), _to_text(error.get("message")), _parse_path(error.get("path")))
        for error in (errors if isinstance(errors, list) else ())
        if isinstance(error, dict)
    )


def _parse_path(path: object) -> tuple[str | int, ...]:
    """Return the steps of an error's path that are names or positions."""
    return tuple(step for step in path if isinstance(step, str | int)) if isinstance(path, list) else ()


def _to_text(value: object) -> str:
    return value if isinstance(value, str) else ""
