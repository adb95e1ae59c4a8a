"""Downloads of GitHub that another host serves, such as the log of a job: the end of the text, without the token."""

from __future__ import annotations

from typing import NamedTuple

import httpx

from anchor_tui.sources.errors import InvalidResponse
from anchor_tui.sources.github.error_map import GITHUB, to_source_error
from anchor_tui.sources.http import describe_redirect, translate_transport_errors

MAX_ERROR_BYTES = 4096


class DownloadTail(NamedTuple):
    """The last bytes of a download."""

    content: bytes
    is_cut: bool = False
    """True if there are earlier bytes."""
    is_unfinished: bool = False
    """True if reading was stopped before the end."""


def check_download_url(response: httpx.Response) -> httpx.URL:
    """Return the address that a response redirects to. Raises InvalidResponse if it is less safe than the API's."""
    try:
        target = response.url.join(response.headers.get("location", ""))
    except httpx.InvalidURL as error:
        raise InvalidResponse("GitHub redirects a download to an invalid address") from error
    if target.scheme != response.url.scheme or not target.host or target == response.url:
        raise InvalidResponse(f"GitHub redirects a download to an unsafe address: {describe_redirect(response)}")
    return target


async def read_tail(
    client: httpx.AsyncClient, request: httpx.Request, *, max_bytes: int, tail_bytes: int, timeout_s: float
) -> DownloadTail:
    """Send a request and keep the end of its body; at most `max_bytes` are read. Raises SourceError."""
    url = f"{request.url.scheme}://{request.url.host}"
    kept, count = bytearray(), 0
    with translate_transport_errors(GITHUB, url, timeout_s):
        response = await client.send(request, stream=True)
        try:
            limit = max_bytes if response.is_success else MAX_ERROR_BYTES
            async for chunk in response.aiter_bytes():
                count += len(chunk)
                kept += chunk
                if len(kept) > 2 * tail_bytes:
                    del kept[:-tail_bytes]
                if count >= limit:
                    break
        finally:
            await response.aclose()
    if response.is_redirect:
        raise InvalidResponse(f"{url}: a download is redirected a second time")
    if not response.is_success:
        raise to_source_error(response.status_code, response.headers, bytes(kept))
    return DownloadTail(bytes(kept[-tail_bytes:]), count > tail_bytes, count >= max_bytes)
