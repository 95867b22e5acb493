import asyncio
import gzip
import socket
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.test_utils import RawTestServer

from bot.errors import Refusal
from bot.media.fetch import Fetcher
from bot.media.origins import PublicResolver, open_session
from tests.bot.media.test_origins import SIGNED, Names

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
BODY = bytes(range(256)) * 4
QUERY = "ex=66&hm=5ec2e7"


class Cdn:
    """A server on the loopback: each request takes the next answer, and the last one stays."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self.server = RawTestServer(self._answer)
        self.requests: list[web.BaseRequest] = []
        self.over = asyncio.Event()
        self._session = session
        self._answers: list[Handler] = []

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server.port}"

    async def fetch(
        self, *answers: Handler, max_bytes: int = 2048, deadline_s: float = 20, attempts: int = 4
    ) -> bytes:
        self._answers = list(answers)
        fetcher = Fetcher(
            session=self._session,
            max_bytes=max_bytes,
            deadline_s=deadline_s,
            extra_hosts=[self.host],
            attempts=attempts,
            first_wait_s=0.001,
        )
        return await fetcher.fetch(f"http://{self.host}/cat.png?{QUERY}")

    async def refusal(self, *answers: Handler, deadline_s: float = 20, attempts: int = 4) -> str:
        with pytest.raises(Refusal) as refusal:
            await self.fetch(*answers, deadline_s=deadline_s, attempts=attempts)
        assert QUERY not in "".join(traceback.format_exception(refusal.value))
        return str(refusal.value)

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        self.requests.append(request)
        handler = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return await handler(request)


@pytest.fixture
async def cdn() -> AsyncIterator[Cdn]:
    async with open_session() as session:
        cdn = Cdn(session)
        async with cdn.server:
            yield cdn
            cdn.over.set()


def status(code: int, headers: dict[str, str] | None = None, *, body: bytes = b"") -> Handler:
    async def handler(_: web.BaseRequest) -> web.Response:
        return web.Response(status=code, body=body, headers=headers)

    return handler


ok = status(200, body=BODY)


def redirect(location: str, code: int = 302) -> Handler:
    return status(code, {"Location": location})


def pieces(*chunks: bytes, until: asyncio.Event | None = None, length: int | None = None) -> Handler:
    """A body in chunks, whose end waits for an event, or falls short of the length that was announced."""

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        response.content_length = length
        await response.prepare(request)
        for chunk in chunks:
            await response.write(chunk)
        if until is not None:
            await until.wait()
        if length is not None and request.transport is not None:
            request.transport.close()
        return response

    return handler


async def hang_up(request: web.BaseRequest) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.close()
    return web.Response()


async def test_the_body_arrives_whole(cdn: Cdn) -> None:
    assert await cdn.fetch(ok) == BODY
    assert cdn.requests[0].query_string == QUERY
    assert cdn.requests[0].headers["Accept-Encoding"] == "identity"


async def test_a_body_that_comes_in_many_pieces_is_put_together(cdn: Cdn) -> None:
    large = BODY * 2048  # more than is buffered at once
    assert await cdn.fetch(status(200, body=large), max_bytes=len(large)) == large


async def test_a_body_of_exactly_the_limit_is_taken(cdn: Cdn) -> None:
    assert await cdn.fetch(ok, max_bytes=len(BODY)) == BODY


async def test_too_long_a_body_is_refused_at_its_announced_length(cdn: Cdn) -> None:
    # Only the header is sent: whoever waits for the body waits for ever.
    announced = pieces(until=cdn.over, length=3 * 2**20)
    assert await cdn.refusal(announced) == "That file is larger than 0.00195 MiB: attach a smaller one."
    assert len(cdn.requests) == 1


async def test_too_long_a_body_without_a_length_is_refused_while_it_is_read(cdn: Cdn) -> None:
    endless = pieces(*[BODY] * 3, until=cdn.over)
    assert "larger than" in await cdn.refusal(endless)
    assert len(cdn.requests) == 1


async def test_a_body_that_stops_coming_ends_at_the_deadline(cdn: Cdn) -> None:
    stalled = pieces(BODY[:10], until=cdn.over)
    refusal = await cdn.refusal(stalled, deadline_s=0.2, attempts=50)
    assert refusal == "The attachment did not arrive within 0.2 s: try again in a moment."


async def test_a_silent_attempt_leaves_time_for_another(cdn: Cdn) -> None:
    assert await cdn.fetch(pieces(BODY[:10], until=cdn.over), ok, deadline_s=3) == BODY


async def test_a_connection_that_is_not_taken_leaves_time_for_another() -> None:
    """Linux answers no connection beyond a listener's queue, which here has room for one and is full."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, socket.socket() as first:
        first.connect(full.getsockname())
        host = f"127.0.0.1:{full.getsockname()[1]}"
        async with open_session() as session:
            fetcher = Fetcher(session=session, max_bytes=1, deadline_s=1.5, extra_hosts=[host], attempts=1)
            with pytest.raises(Refusal, match="the connection was lost"):
                await fetcher.fetch(f"http://{host}/cat.png?{QUERY}")


@pytest.mark.parametrize("code", [500, 502, 503, 408, 429])
async def test_a_passing_fault_is_tried_again(cdn: Cdn, code: int) -> None:
    assert await cdn.fetch(status(code), status(code, {"Retry-After": "0"}), ok) == BODY
    assert len(cdn.requests) == 3


async def test_the_pauses_begin_small_and_none_is_made_when_the_server_asks_for_none(cdn: Cdn) -> None:
    for passing in (status(503), status(503, {"Retry-After": "0"})):
        assert await cdn.fetch(*[passing] * 9, ok, deadline_s=5, attempts=10) == BODY


async def test_a_connection_that_is_always_lost_is_said_to_be_so(cdn: Cdn) -> None:
    refusal = await cdn.refusal(hang_up, attempts=1)
    assert refusal == (
        "The attachment cannot be downloaded now (the connection was lost): try again in a moment."
    )


async def test_a_lost_connection_and_a_short_body_are_tried_again(cdn: Cdn) -> None:
    short = pieces(BODY[:10], length=len(BODY))
    assert await cdn.fetch(hang_up, short, ok) == BODY


@pytest.mark.parametrize("retry_after", ["soon", "-5", "nan", "Wed, 21 Oct 2065 07:28:00 GMT", ""])
async def test_an_odd_retry_after_does_no_harm(cdn: Cdn, retry_after: str) -> None:
    assert await cdn.fetch(status(429, {"Retry-After": retry_after}), ok) == BODY


async def test_a_retry_after_beyond_the_deadline_is_not_waited_for(cdn: Cdn) -> None:
    patient = status(429, {"Retry-After": "86400"})
    assert "did not arrive within 1 s" in await cdn.refusal(patient, deadline_s=1)
    assert len(cdn.requests) == 1


async def test_a_persistent_fault_is_refused_after_the_last_attempt(cdn: Cdn) -> None:
    assert "cannot be downloaded now (HTTP 503)" in await cdn.refusal(status(503), attempts=3)
    assert len(cdn.requests) == 3


@pytest.mark.parametrize("code", [403, 404, 410])
async def test_an_expired_link_is_said_to_be_so_at_once(cdn: Cdn, code: int) -> None:
    assert await cdn.refusal(status(code)) == "That attachment's link has expired: attach the file again."
    assert len(cdn.requests) == 1


@pytest.mark.parametrize("code", [204, 206, 400, 401, 418])
async def test_any_other_answer_is_refused_at_once(cdn: Cdn, code: int) -> None:
    assert await cdn.refusal(status(code)) == (
        f"The attachment cannot be downloaded (HTTP {code}): attach the file again."
    )
    assert len(cdn.requests) == 1


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
async def test_a_redirect_within_the_host_is_followed(cdn: Cdn, code: int) -> None:
    assert await cdn.fetch(redirect("/other.png?a=1", code), ok) == BODY
    assert cdn.requests[1].path_qs == "/other.png?a=1"


async def test_three_redirects_are_followed_and_no_fourth(cdn: Cdn) -> None:
    on = redirect("/on")
    assert await cdn.fetch(on, on, on, ok) == BODY
    refusal = await cdn.refusal(on, on, on, on, ok)
    assert refusal == "The attachment's address leads on and on: attach the file itself."


async def test_a_redirect_to_nowhere_is_to_the_same_address(cdn: Cdn) -> None:
    assert "leads on and on" in await cdn.refusal(status(302))
    assert {request.path_qs for request in cdn.requests} == {f"/cat.png?{QUERY}"}


@pytest.mark.parametrize(
    "location",
    [
        f"http://127.0.0.1:1/a?{QUERY}",
        "http://localhost/a",
        "https://evil.example/a",
        "file:///etc/passwd",
        "http://[/",
    ],
)
async def test_a_redirect_to_another_host_is_refused_and_not_asked(cdn: Cdn, location: str) -> None:
    assert "attach the file itself" in await cdn.refusal(redirect(location))
    assert len(cdn.requests) == 1


async def test_a_host_that_is_not_named_is_not_asked(cdn: Cdn) -> None:
    async with open_session() as session:
        fetcher = Fetcher(session=session, max_bytes=1, deadline_s=20)
        with pytest.raises(Refusal, match=r"not taken from http://127\.0\.0\.1"):
            await fetcher.fetch(f"http://{cdn.host}/cat.png")
    assert cdn.requests == []


async def test_discords_name_leading_to_the_loopback_is_not_asked() -> None:
    with socket.create_server(("127.0.0.1", 0)):
        connector = aiohttp.TCPConnector(resolver=PublicResolver(Names("127.0.0.1")))
        async with aiohttp.ClientSession(connector=connector) as session:
            fetcher = Fetcher(session=session, max_bytes=1, deadline_s=20, attempts=2, first_wait_s=0.001)
            with pytest.raises(Refusal, match="cannot be downloaded now") as refusal:
                await fetcher.fetch(SIGNED)
    assert "no public address" in "".join(traceback.format_exception(refusal.value))


class Turncoat(AbstractResolver):
    """Each name has a public address at the first look, and leads to the loopback from then on."""

    def __init__(self) -> None:
        self.looks = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.looks += 1
        address = PUBLIC if self.looks == 1 else "127.0.0.1"
        return await Names(address).resolve(host, port, family)

    async def close(self) -> None:
        """Nothing is open."""


PUBLIC = "162.159.130.233"


async def test_the_connection_goes_to_the_address_that_was_checked() -> None:
    """Discord's name turns to the loopback after the check; the connection does not follow it there."""
    turncoat, connected = Turncoat(), []

    def refuse(address: Any) -> socket.socket:
        connected.append(address[4][0])
        raise OSError("no way out of this test")

    connector = aiohttp.TCPConnector(
        resolver=PublicResolver(turncoat), socket_factory=refuse, ttl_dns_cache=0
    )
    async with aiohttp.ClientSession(connector=connector) as session:
        fetcher = Fetcher(session=session, max_bytes=1, deadline_s=20, attempts=2, first_wait_s=0.001)
        with pytest.raises(Refusal, match="cannot be downloaded now"):
            await fetcher.fetch(SIGNED)
    assert turncoat.looks == 2, "one look for each connection, and each is checked"
    assert connected == [PUBLIC]


async def test_a_compressed_body_is_not_unfolded(cdn: Cdn) -> None:
    """We ask for bytes as they are; a server that compresses nevertheless cannot fill the memory."""
    bomb = gzip.compress(bytes(50_000_000))
    with pytest.raises(Refusal, match="larger than"):
        await cdn.fetch(status(200, {"Content-Encoding": "gzip"}, body=bomb), max_bytes=60_000)
