"""The registry of faults: how the proxy breaks the requests, and how the screen names the fault.

`docs/reliability.md` lists every fault of the registry.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from tests.chaos.proxy import Behaviour, Exchange, relay

ChaosSide = Literal["argocd", "github"]
Effect = Literal["lost", "problem", "unaffected", "transient"]
"""lost: the source is stale or missing. problem: it is fresh, with a problem. unaffected: it is never anything but
fresh, and a change arrives. transient: it may be stale, and is fresh again without a removal of the fault."""

HTML_BODY = b"<!DOCTYPE html><html><body><h1>Corporate proxy</h1><form>Sign in</form></body></html>"
JUMP = timedelta(hours=1)


@dataclass(frozen=True)
class ChaosFault:
    """One fault of one side. `words` is a pattern for the text that names it on the screen."""

    name: str
    side: ChaosSide
    meaning: str
    effect: Effect
    words: str = ""
    behaviour: Behaviour = relay
    refuses: bool = False
    has_no_name: bool = False
    """The name of the host is not resolved."""
    certificate: Literal["valid", "expired", "mismatched"] = "valid"
    clock_shift: timedelta = timedelta(0)
    needs_list: bool = False
    """A change arrives only with the next regular list."""

    @property
    def id(self) -> str:
        """The side and the name."""
        return f"{self.side}:{self.name}"


# --- behaviours -----------------------------------------------------------------------------------------


async def hang(exchange: Exchange) -> None:
    """Accept the request and never answer."""
    await asyncio.get_running_loop().create_future()


def delay(seconds: float) -> Behaviour:
    """Answer later."""

    async def behave(exchange: Exchange) -> None:
        await asyncio.sleep(seconds)
        await relay(exchange)

    return behave


async def drip(exchange: Exchange) -> None:
    """Send one byte every 50 ms: no pause between two bytes is long."""
    async with exchange.open_upstream() as upstream:
        body = await upstream.read_body() if not exchange.is_stream else b"data: {" * 1000
        for byte in upstream.render_head(without=b"content-length:") + body:
            await exchange.write(bytes([byte]))
            await asyncio.sleep(0.05)


async def reset_in_head(exchange: Exchange) -> None:
    """Reset the connection after half of the response's head."""
    async with exchange.open_upstream() as upstream:
        head = upstream.render_head()
        await exchange.write(head[: len(head) // 2])
        exchange.reset()


async def reset_in_body(exchange: Exchange) -> None:
    """Reset the connection after half of the body; in a stream, in the middle of the first event."""
    async with exchange.open_upstream() as upstream:
        first = await anext(aiter(upstream.chunks), b"")
        await exchange.write(upstream.render_head() + first[: len(first) // 2])
        exchange.reset()


async def truncate_json(exchange: Exchange) -> None:
    """Send half of the body as if it were all."""
    async with exchange.open_upstream() as upstream:
        first = await anext(aiter(upstream.chunks), b"")
        await exchange.write(upstream.render_head(without=b"content-length:") + first[: len(first) // 2])


async def end_body_early(exchange: Exchange) -> None:
    """Announce the whole body, send half of it, and close the connection."""
    async with exchange.open_upstream() as upstream:
        first = await anext(aiter(upstream.chunks), b"")
        await exchange.write(upstream.render_head() + first[: len(first) // 2])


async def redirect_to_itself(exchange: Exchange) -> None:
    """Redirect each request to its own address."""
    await exchange.respond(302, b"", "text/plain", f"location: {exchange.path}")


def answer(status: int, body: bytes | dict[str, Any], content_type: str = "application/json", *more: str) -> Behaviour:
    """Answer every request with the same response."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()

    async def behave(exchange: Exchange) -> None:
        await exchange.respond(status, raw, content_type, *more)

    return behave


def refuse_with(status: int, message: str, *more: str) -> Behaviour:
    """Answer with a status and an error body that both APIs use."""
    return answer(status, {"error": message, "code": 2, "message": message}, "application/json", *more)


async def exhaust_graphql_budget(exchange: Exchange) -> None:
    """Answer as GitHub does when no points are left."""
    reset_at = int((datetime.now(UTC) + timedelta(seconds=2)).timestamp())
    body = {"errors": [{"type": "RATE_LIMITED", "message": "API rate limit exceeded for user ID 1."}]}
    limits = ("x-ratelimit-remaining: 0", f"x-ratelimit-reset: {reset_at}")
    await exchange.respond(200, json.dumps(body).encode(), "application/json", *limits)


def change_data(change: Callable[[dict[str, Any]], None]) -> Behaviour:
    """Change the JSON of the polls; forward everything else."""

    async def behave(exchange: Exchange) -> None:
        if not exchange.path.endswith("/graphql"):
            return await relay(exchange)
        async with exchange.open_upstream() as upstream:
            answered = json.loads(await upstream.read_body())
            change(answered)
            await exchange.write(upstream.render_head(without=b"content-length:"))
            return await exchange.deliver(json.dumps(answered).encode())

    return behave


def deny_branch_rules(answered: dict[str, Any]) -> None:
    """Return null for the rules of the branch, with the reason."""
    repository = answered["data"].get("repository") or {}
    if "refUpdateRule" in (repository.get("ref") or {}):
        repository["ref"]["refUpdateRule"] = None
        message = "Resource not accessible by personal access token"
        error = {"type": "FORBIDDEN", "path": ["repository", "ref", "refUpdateRule"], "message": message}
        answered["errors"] = [error]


def empty_budget(answered: dict[str, Any]) -> None:
    """Return a budget without points that is full again in three seconds."""
    if limit := answered["data"].get("rateLimit"):
        limit["remaining"] = 0
        limit["resetAt"] = (datetime.now(UTC) + timedelta(seconds=3)).strftime("%Y-%m-%dT%H:%M:%SZ")


# --- streams --------------------------------------------------------------------------------------------


def change_stream(change: Callable[[AsyncIterator[bytes]], AsyncIterator[bytes]]) -> Behaviour:
    """Change the events of streams; forward everything else. An event ends with an empty line."""

    async def behave(exchange: Exchange) -> None:
        if not exchange.is_stream:
            return await relay(exchange)
        async with exchange.open_upstream() as upstream:
            await exchange.write(upstream.render_head())
            async for part in change(_split_events(upstream.chunks)):
                await exchange.deliver(part)
        return None

    return behave


async def _split_events(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield whole events and heartbeats: the sandbox sends each as one chunk."""
    async for chunk in chunks:
        yield chunk


async def silence_stream(exchange: Exchange) -> None:
    """Send the head of a stream and nothing more; forward everything else."""
    if not exchange.is_stream:
        return await relay(exchange)
    async with exchange.open_upstream() as upstream:
        await exchange.write(upstream.render_head())
        await asyncio.get_running_loop().create_future()
    return None


async def cut_stream_at_once(exchange: Exchange) -> None:
    """End a stream before its first event; forward everything else."""
    if not exchange.is_stream:
        return await relay(exchange)
    return await exchange.respond(200, b"", "text/event-stream")


async def reset_stream_in_event(exchange: Exchange) -> None:
    """Reset a stream in the middle of its second event; forward everything else."""
    if not exchange.is_stream:
        return await relay(exchange)
    async with exchange.open_upstream() as upstream:
        await exchange.write(upstream.render_head())
        await exchange.deliver(await anext(aiter(upstream.chunks), b""))
        second = await anext(aiter(upstream.chunks), b"")
        await exchange.write(second[: len(second) // 2])
        exchange.reset()
    return None


async def repeat_events(events: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Send each event three times."""
    async for event in events:
        yield event * 3


async def reorder_events(events: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Send every two events in the other order; a heartbeat ends the wait for the second one."""
    held = b""
    async for event in events:
        if not held and event.startswith(b"data:"):
            held = event
            continue
        yield event + held
        held = b""


async def drop_events(events: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Send only heartbeats after the first events."""
    sent = 0
    async for event in events:
        sent += event.startswith(b"data:")
        if sent <= 3 or not event.startswith(b"data:"):
            yield event


async def truncate_events(events: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Send half of every third event as if it were whole."""
    count = 0
    async for event in events:
        count += 1
        yield event if count % 3 or not event.startswith(b"data:") else event[: len(event) // 2] + b"\n\n"


async def flood_heartbeats(exchange: Exchange) -> None:
    """Send 20,000 heartbeats a second between the events of a stream; forward everything else."""
    if not exchange.is_stream:
        return await relay(exchange)
    async with exchange.open_upstream() as upstream:
        await exchange.write(upstream.render_head())
        events = aiter(upstream.chunks)
        while True:
            coming = asyncio.ensure_future(anext(events, b""))
            try:
                while not (await asyncio.wait((coming,), timeout=0.05))[0]:
                    await exchange.deliver(b":\n" * 1000)
            finally:
                coming.cancel()
            if not (event := await coming):
                return None
            await exchange.deliver(event)


# --- the registry ---------------------------------------------------------------------------------------

SHORT_DELAY_S = 0.25
"""With the scaled limits of the client this is a server that answers after 5 s."""
LONG_DELAY_S = 1.5
"""With the scaled limits of the client this is a server that answers after 30 s."""
SECONDARY_LIMIT = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."


def _list_common_faults(side: ChaosSide) -> list[ChaosFault]:
    def lost(name: str, meaning: str, words: str, behaviour: Behaviour = relay, **more: Any) -> ChaosFault:
        return ChaosFault(name, side, meaning, "lost", words, behaviour, **more)

    return [
        lost("refused", "connections are refused", r"unreachable: .*cannot connect.*refused", refuses=True),
        lost("dns", "the name is not resolved", r"unreachable: .*cannot connect.*not known", has_no_name=True),
        lost(
            "tls-mismatch", "the certificate is for another name", r"tls: .*Hostname mismatch", certificate="mismatched"
        ),
        lost("tls-expired", "the certificate has expired", r"tls: .*has expired", certificate="expired"),
        ChaosFault("slow", side, "each answer takes 5 s", "unaffected", "", delay(SHORT_DELAY_S)),
        lost("latency", "each answer takes 30 s", r"timeout: .*no answer within", delay(LONG_DELAY_S)),
        lost("hang", "requests are never answered", r"timeout: .*no answer within", hang),
        lost("drip", "one byte a second", r"timeout: .*no (?:complete )?answer within", drip),
        lost("reset-in-head", "reset in the head of the answer", r"(?:unreachable|bad-answer): ", reset_in_head),
        lost("reset-in-body", "reset in the body of the answer", r"(?:unreachable|bad-answer): ", reset_in_body),
        lost("early-end", "the connection ends in the body", r"bad-answer: .*ended early", end_body_early),
        lost("truncated-json", "half a document", r"bad-answer: ", truncate_json),
        lost("xml", "XML with status 200", r"bad-answer: ", answer(200, b"<?xml version='1.0'?><a/>", "text/xml")),
        lost("html", "a login page with status 200", r"bad-answer: .*HTML", answer(200, HTML_BODY, "text/html")),
        lost("redirect-loop", "each request is redirected to itself", r"bad-answer: .*redirect", redirect_to_itself),
        lost("401", "the token is refused", r"unauthenticated: 401", refuse_with(401, "Bad credentials")),
        lost("403", "the token lacks a permission", r"forbidden: 403", refuse_with(403, "permission denied")),
        lost("404", "the address is not found", r"not-found: .*404", refuse_with(404, "Not Found")),
        lost("409", "a conflict", r"server: .*HTTP 409", refuse_with(409, "conflict")),
        lost("415", "a refused content type", r"server: .*HTTP 415", refuse_with(415, "unsupported media type")),
        lost("429", "too many requests", r"rate-limited: 429", refuse_with(429, "too many requests")),
        lost(
            "429-retry-after",
            "too many requests, with Retry-After",
            r"rate-limited: 429",
            refuse_with(429, "too many requests", "retry-after: 1"),
        ),
        lost("500", "the server fails", r"server: .*HTTP 500", refuse_with(500, "internal error")),
        lost("501", "the server cannot answer", r"server: .*HTTP 501", refuse_with(501, "not implemented")),
        lost("502", "the proxy has no server", r"server: .*HTTP 502", answer(502, HTML_BODY, "text/html")),
        lost("503", "the server is overloaded", r"server: .*HTTP 503", answer(503, HTML_BODY, "text/html")),
        lost(
            "503-retry-after",
            "the server is overloaded, with Retry-After",
            r"server: .*HTTP 503",
            answer(503, HTML_BODY, "text/html", "retry-after: 1"),
        ),
        lost("504", "the proxy's server is late", r"server: .*HTTP 504", answer(504, HTML_BODY, "text/html")),
        ChaosFault("clock-forward", side, "the local clock jumps an hour ahead", "transient", clock_shift=JUMP),
        ChaosFault("clock-back", side, "the local clock jumps an hour back", "transient", clock_shift=-JUMP),
        lost(
            "clock-back-and-hang",
            "the local clock jumps an hour back, and requests are never answered",
            r"(?:timeout|silent|clock): ",
            hang,
            clock_shift=-JUMP,
        ),
    ]


def _list_stream_faults() -> list[ChaosFault]:
    def stream(name: str, meaning: str, behaviour: Behaviour, **more: Any) -> ChaosFault:
        return ChaosFault(name, "argocd", meaning, "unaffected", "", behaviour, **more)

    return [
        stream("stream-silent", "a stream sends nothing", silence_stream),
        ChaosFault(
            "stream-empty",
            "argocd",
            "a stream ends before its first event",
            "problem",
            r"changes are not streamed",
            cut_stream_at_once,
        ),
        stream("stream-reset", "a stream is reset in an event", reset_stream_in_event),
        stream("stream-truncated", "a stream contains half events", change_stream(truncate_events)),
        stream("stream-repeated", "a stream repeats its events", change_stream(repeat_events)),
        stream("stream-reordered", "a stream reorders its events", change_stream(reorder_events)),
        stream("stream-dropped", "a stream drops its events", change_stream(drop_events), needs_list=True),
        stream("stream-flood", "a stream sends heartbeats without pause", flood_heartbeats),
    ]


def _list_github_faults() -> list[ChaosFault]:
    def limited(name: str, meaning: str, *more: str) -> ChaosFault:
        behaviour = refuse_with(403, SECONDARY_LIMIT, *more)
        return ChaosFault(name, "github", meaning, "lost", r"rate-limited: 403", behaviour)

    return [
        limited("secondary-limit", "a secondary limit"),
        limited("secondary-limit-retry-after", "a secondary limit, with Retry-After", "retry-after: 1"),
        ChaosFault(
            "budget-exhausted",
            "github",
            "no points are left, and the query is refused",
            "lost",
            r"rate-limited: .*rate limit",
            exhaust_graphql_budget,
        ),
        ChaosFault(
            "budget-0",
            "github",
            "no points are left after the query",
            "problem",
            r"0 of 5,000 points left",
            change_data(empty_budget),
        ),
        ChaosFault(
            "graphql-partial",
            "github",
            "a field is denied in an answer with data",
            "problem",
            r"refUpdateRule: Resource not accessible",
            change_data(deny_branch_rules),
        ),
        ChaosFault(
            "graphql-failed",
            "github",
            "GraphQL fails with status 200",
            "lost",
            r"server: .*Something went wrong",
            answer(200, {"data": None, "errors": [{"message": "Something went wrong while executing your query."}]}),
        ),
    ]


FAULTS: tuple[ChaosFault, ...] = (
    *_list_common_faults("argocd"),
    *_list_stream_faults(),
    *_list_common_faults("github"),
    *_list_github_faults(),
)
FAULTS_BY_ID = {fault.id: fault for fault in FAULTS}
