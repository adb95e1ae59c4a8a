"""Argo CD over httpx: one door for every request, and every failure in words.

httpx is used here and nowhere else. The read-only gate is a transport, so that nothing can go round it.
What decodes answers is imported when there is one: the first request leaves before it.
"""

from __future__ import annotations

import asyncio
import http.cookiejar
import ssl
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from anchor_tui import __version__
from anchor_tui.config.forms import is_loopback
from anchor_tui.sources.argocd.lean import httpx
from anchor_tui.sources.errors import (
    BadAnswer,
    Forbidden,
    NoAnswer,
    NotFound,
    RateLimited,
    ServerFailed,
    SourceError,
    TlsFailure,
    Unauthenticated,
    Unreachable,
    WriteRefused,
)

if TYPE_CHECKING:
    from anchor_tui.sources.argocd.wire import StreamEvent
    from anchor_tui.sources.credentials import ArgoAccess

T = TypeVar("T")
CONNECT_TIMEOUT_S = 10.0
ANSWER_TIMEOUT_S = 20.0


class ReadOnlyGate(httpx.AsyncBaseTransport):
    """Lets through what only reads: GET, and not one with `refresh`, which writes an annotation."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Refuses before a byte leaves."""
        if request.method != "GET":
            raise WriteRefused(f"read-only: {request.method} {request.url.path} was not sent to Argo CD")
        if "refresh" in request.url.params:
            raise WriteRefused(f"read-only: the refresh of {request.url.path} was not sent to Argo CD")
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        """Closes what lies behind the gate."""
        await self._inner.aclose()


class Answer(NamedTuple):
    """The body of a 200 and how long it took, in seconds from the request to the last byte."""

    body: bytes
    took_s: float

    def decode(self, shape: type[T]) -> T:
        """The body as `shape`; a body that ended early or has another form is a `BadAnswer`."""
        return decode(self.body, shape)


class ArgoClient:
    """The requests that go to one Argo CD. Not retried here: who asks knows whether asking twice is harmless."""

    def __init__(
        self, access: ArgoAccess, *, read_only: bool, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self.url = access.url
        self._ahead: dict[object, asyncio.Future[Answer]] = {}
        inner = transport or _transport(access)
        self._http = httpx.AsyncClient(
            base_url=access.url.rstrip("/") + "/",
            transport=ReadOnlyGate(inner) if read_only else inner,
            # A proxy from the environment is honoured by the transport's own mounts, made below.
            mounts={} if transport else _proxies(access, read_only=read_only),
            headers={"User-Agent": f"anchor-tui/{__version__}"},
            cookies=http.cookiejar.CookieJar(http.cookiejar.DefaultCookiePolicy(allowed_domains=[])),
            timeout=httpx.Timeout(ANSWER_TIMEOUT_S, connect=CONNECT_TIMEOUT_S),
            trust_env=False,
        )
        self._use_token(access.token.reveal())

    def ask_ahead(self, path: str, params: Mapping[str, str]) -> None:
        """Sends a GET now; the next `get` of the same waits for its answer instead of asking again."""
        self._ahead[_key(path, params)] = asyncio.ensure_future(self._get(path, params))

    async def get(self, path: str, params: Mapping[str, str] | None = None) -> Answer:
        """GET below the server's root, as `api/v1/applications`. Raises the tree of `sources.errors`."""
        ahead = self._ahead.pop(_key(path, params or {}), None)
        return await (ahead or self._get(path, params or {}))

    async def _get(self, path: str, params: Mapping[str, str]) -> Answer:
        began = time.monotonic()
        with _in_words(self.url):
            response = await self._http.get(path, params=dict(params))
        self._renew(response)
        _raise_for(response)
        return Answer(response.content, time.monotonic() - began)

    @asynccontextmanager
    async def events(self, path: str, params: Mapping[str, str]) -> AsyncIterator[AsyncIterator[StreamEvent | None]]:
        """An event stream: each event as it comes, and None for each heartbeat.

        There is no time limit on the headers: a server sends none before the first event. Who iterates
        sets the limit between two items.
        """
        timeout = httpx.Timeout(None, connect=CONNECT_TIMEOUT_S)
        headers = {"Accept": "text/event-stream"}  # exactly this: any other value gets NDJSON without heartbeats
        with _in_words(self.url):
            async with self._http.stream(
                "GET", path, params=dict(params), headers=headers, timeout=timeout
            ) as response:
                self._renew(response)
                if response.status_code != httpx.codes.OK:
                    await response.aread()
                    _raise_for(response)
                yield _events(response)

    async def aclose(self) -> None:
        """Ends every connection, and what was asked ahead and never wanted."""
        for ahead in self._ahead.values():
            ahead.cancel()
        await asyncio.gather(*self._ahead.values(), return_exceptions=True)
        await self._http.aclose()

    def _use_token(self, token: str) -> None:
        self._http.headers["Authorization"] = f"Bearer {token}"

    def _renew(self, response: httpx.Response) -> None:
        """A login session that is about to end gets its successor in a header."""
        if renewed := response.headers.get("Grpc-Metadata-Renew-Token"):
            self._use_token(renewed)


def _key(path: str, params: Mapping[str, str]) -> tuple[str, tuple[tuple[str, str], ...]]:
    return path, tuple(sorted(params.items()))


async def _events(response: httpx.Response) -> AsyncIterator[StreamEvent | None]:
    async for line in response.aiter_lines():
        if line.startswith("data:"):
            yield _event(line[5:])
        elif line.startswith("{"):  # NDJSON: a proxy took our Accept away
            yield _event(line)
        elif line.startswith(":"):
            yield None
        elif line.lstrip().startswith("<"):
            raise BadAnswer(_html_words(str(response.url.copy_with(query=None))))


def _event(line: str) -> StreamEvent:
    from anchor_tui.sources.argocd.wire import StreamEvent

    event = decode(line.encode(), StreamEvent)
    if event.error is not None:
        raise error_for(event.error.http_code, event.error.message)
    if event.result is None:
        raise ServerFailed("the stream ended with an error that the server did not name")
    return event


def decode(body: bytes, shape: type[T]) -> T:
    """JSON as `shape`, or a `BadAnswer` that says what came instead."""
    import msgspec

    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.ValidationError, UnicodeDecodeError) as error:
        raise BadAnswer(f"the answer has an unexpected shape: {error}") from error
    except msgspec.DecodeError as error:
        if _is_html(body):
            raise BadAnswer(_html_words("the address")) from error
        raise BadAnswer(f"the answer ended early or is no JSON ({len(body):,} bytes: {error})") from error


def _raise_for(response: httpx.Response) -> None:
    if response.status_code == httpx.codes.OK:
        if response.headers.get("content-type", "").startswith("text/html"):
            raise BadAnswer(_html_words(str(response.url.copy_with(query=None))))
        return
    if response.is_redirect:
        target = httpx.URL(response.headers.get("location", ""))
        if target.scheme == "https" and response.url.scheme == "http":
            raise BadAnswer(f"the server speaks TLS: say https://{response.url.netloc.decode()} instead of http")
        raise BadAnswer(f"the server redirects to {target.host or target.path}: is a login proxy in between?")
    raise error_for(response.status_code, _message(response), response.headers.get("retry-after"))


def error_for(status: int, message: str, retry_after: str | None = None) -> SourceError:
    """The error of an HTTP status and the server's own words."""
    words = f": {message}" if message else ""
    match status:
        case 401 if "expired" in message:
            return Unauthenticated("401: the token has expired; log in again (`argocd login`)")
        case 401 if "no session information" in message:
            return Unauthenticated("401: no valid token was sent; log in (`argocd login`) or set ARGOCD_AUTH_TOKEN")
        case 401:
            return Unauthenticated(f"401{words}; log in again (`argocd login`)")
        case 403:
            return Forbidden(f"403{words}")
        case 404:
            return NotFound(f"404{words}")
        case 429:
            wait_s = float(retry_after) if retry_after and retry_after.isdecimal() else None
            return RateLimited(f"429: too many requests{words}", wait_s)
        case _:
            return ServerFailed(f"HTTP {status}{words}")


def _message(response: httpx.Response) -> str:
    if _is_html(response.content):
        return "a page of HTML, as from a proxy"
    import msgspec

    from anchor_tui.sources.argocd.wire import ErrorAnswer, StreamError

    body = response.content.removeprefix(b"data:")  # an event stream's error is an event
    try:
        answer = msgspec.json.decode(body, type=ErrorAnswer)
    except msgspec.DecodeError:
        return response.text.strip()[:200]
    inner = answer.error.message if isinstance(answer.error, StreamError) else answer.error
    return answer.message or inner


def _is_html(body: bytes) -> bool:
    return body.lstrip()[:1] == b"<"


def _html_words(where: str) -> str:
    return f"{where} answered with a page of HTML instead of JSON: a proxy's login page, or the wrong root_path?"


@contextmanager
def _in_words(url: str) -> Iterator[None]:
    """Turns httpx's exceptions into ours, `from` the cause."""
    try:
        yield
    except httpx.ConnectTimeout as error:
        raise NoAnswer(f"{url}: no connection within {CONNECT_TIMEOUT_S:.0f} s") from error
    except httpx.TimeoutException as error:
        raise NoAnswer(f"{url}: no answer within {ANSWER_TIMEOUT_S:.0f} s") from error
    except httpx.ConnectError as error:
        if _is_tls(error):
            raise TlsFailure(
                f"{url}: TLS: {_tls_words(error)}; name the authority with ca_file, or set insecure = true"
            ) from error
        raise Unreachable(f"{url}: cannot connect: {error or 'no reason given'}") from error
    except httpx.RemoteProtocolError as error:
        raise BadAnswer(f"{url}: the answer ended early or is no HTTP: {error}") from error
    except httpx.DecodingError as error:
        raise BadAnswer(f"{url}: the answer cannot be decompressed: {error}") from error
    except httpx.TransportError as error:
        raise Unreachable(f"{url}: the connection broke: {str(error) or type(error).__name__}") from error
    except httpx.InvalidURL as error:
        raise BadAnswer(f"{url} is no address: {error}") from error


def _is_tls(error: BaseException) -> bool:
    text = str(error).upper()
    return "CERTIFICATE" in text or "SSL" in text or "TLS" in text


def _tls_words(error: BaseException) -> str:
    return str(error).removeprefix("[SSL: ").replace("]", "", 1).split(" (_ssl.c")[0]


def _transport(access: ArgoAccess, proxy: str | None = None) -> httpx.AsyncHTTPTransport:
    # An SSL context takes 40 ms to make; plain http (loopback, or asked for) has no use for one.
    verify: ssl.SSLContext | bool = _ssl_context(access) if access.url.startswith("https://") else False
    return httpx.AsyncHTTPTransport(verify=verify, proxy=proxy, limits=httpx.Limits(max_connections=32))


def _ssl_context(access: ArgoAccess) -> ssl.SSLContext:
    try:
        context = httpx.create_ssl_context(verify=not access.insecure)
        if access.ca_file:
            context.load_verify_locations(cafile=access.ca_file)
        if access.ca_data:
            context.load_verify_locations(cadata=access.ca_data)
        if access.client_cert_file:
            context.load_cert_chain(access.client_cert_file, access.client_key_file)
        elif access.client_cert_data and access.client_key_data:
            _load_pair(context, access.client_cert_data, access.client_key_data)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise TlsFailure(f"{access.url}: the TLS files of the configuration cannot be used: {error}") from error
    return context


def _load_pair(context: ssl.SSLContext, certificate: str, key: str) -> None:
    """The standard library takes a certificate from a file only: one that nobody else may read, and not for long."""
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
        file.write(f"{certificate}\n{key}\n")
        file.flush()
        context.load_cert_chain(file.name)


def _proxies(access: ArgoAccess, *, read_only: bool) -> dict[str, httpx.AsyncBaseTransport]:
    """HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY, read as the standard library reads them; never for loopback."""
    import urllib.request  # 10 ms that only a proxied start pays

    url = httpx.URL(access.url)
    found = urllib.request.getproxies()
    proxy = found.get(url.scheme) or found.get("all")
    if not proxy or is_loopback(url.host) or urllib.request.proxy_bypass(url.netloc.decode()):
        return {}
    try:
        transport = _transport(access, proxy if "://" in proxy else f"http://{proxy}")
    except (ImportError, ValueError, httpx.InvalidURL) as error:  # its text may hold the proxy's password
        kind = proxy.partition("://")[0] if "://" in proxy else "no address"
        raise Unreachable(f"{access.url}: the proxy that the environment names cannot be used ({kind})") from error
    return {"all://": ReadOnlyGate(transport) if read_only else transport}
