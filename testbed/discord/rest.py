"""The REST side: reads a request, holds it against the description, lets the handler answer.

Every request is written down, also those that fail.
"""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from aiohttp import BodyPartReader, web

from testbed.discord import refusals
from testbed.discord.openapi import JSON_TYPE, MULTIPART_TYPE, Description, Operation
from testbed.discord.refusals import Refusal
from testbed.discord.world import Changes, Json, Upload

API = "/api/v10"
LONG_TOKEN = re.compile(r"[\w-]{60,}")


@dataclass(slots=True, kw_only=True, eq=False)
class Call:
    """One request to the API, and the status it got."""

    method: str
    path: str
    query: Mapping[str, str]
    content_type: str
    authorization: str | None
    body: Any = None
    files: Mapping[int, Upload] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    status: int = 0

    def __str__(self) -> str:
        status = f" -> {self.status}" if self.status else ""
        return f"{self.method} {LONG_TOKEN.sub('…', self.path)}{status}"


@dataclass(slots=True, kw_only=True, eq=False)
class Fault:
    """A failure to come: the next calls that match get this answer instead of their own.

    status: None where no answer of this kind comes: the connection is cut, or the own answer comes slowly.
    """

    method: str
    path: re.Pattern[str]
    status: int | None
    body: Json | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    times: int = 1
    after: bool = False  # the request takes effect and only its answer is lost
    carrying: tuple[str, ...] = ()  # only calls with a file of one of these content types
    slow_s: float = 0.0  # after half of the own answer's bytes

    def takes(self, call: Call) -> bool:
        carried = {file.content_type for file in call.files.values()}
        return (
            self.times > 0
            and self.method == call.method
            and self.path.search(call.path) is not None
            and (not self.carrying or not carried.isdisjoint(self.carrying))
        )


Handler = Callable[[Call], Awaitable[Any]]


class Rest:
    def __init__(self, description: Description, changes: Changes, *, token: str) -> None:
        self._description = description
        self._changes = changes
        self._token = token
        self._handlers: dict[tuple[str, str], Handler] = {}
        self.calls: list[Call] = []
        self.violations: list[str] = []
        self.faults: list[Fault] = []

    def route(self, method: str, template: str, handler: Handler) -> None:
        self._handlers[method, template] = handler

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One request, from its bytes to the answer's bytes."""
        call = await _read(request)
        self.calls.append(call)
        try:
            fault = next((fault for fault in self.faults if fault.takes(call)), None)
            if fault is not None:
                return await self._fail(request, call, fault)
            return self._respond(call, await self._answer(call))
        except Refusal as refusal:
            return self._respond(call, refusal.body, status=refusal.status)
        except Exception as error:
            self._violate(call, f"the stand-in itself broke: {error!r}")
            raise
        finally:
            self._changes.announce()

    async def _fail(self, request: web.Request, call: Call, fault: Fault) -> web.StreamResponse:
        fault.times -= 1
        answer = await self._answer(call) if fault.after else None
        if fault.status is not None:
            return self._respond(call, fault.body, status=fault.status, headers=fault.headers)
        self._changes.announce()
        if fault.slow_s:
            return await self._drip(request, self._respond(call, answer), fault.slow_s)
        if request.transport is not None:
            request.transport.abort()
        return web.Response()

    @staticmethod
    async def _drip(request: web.Request, whole: web.Response, slow_s: float) -> web.StreamResponse:
        body = whole.body if isinstance(whole.body, bytes) else b""
        slow = web.StreamResponse(status=whole.status, headers=whole.headers)
        slow.content_length = len(body)
        await slow.prepare(request)
        await slow.write(body[: len(body) // 2])
        await asyncio.sleep(slow_s)
        with suppress(ConnectionError):  # who waited may have died
            await slow.write(body[len(body) // 2 :])
        return slow

    async def _answer(self, call: Call) -> Any:
        operation, call.params = self._operation(call)
        if operation.needs_token and call.authorization != f"Bot {self._token}":
            raise refusals.unauthorized()
        faults = list(
            operation.faults(
                params=call.params, query=call.query, body=call.body, content_type=call.content_type
            )
        )
        for fault in faults:
            self._violate(call, fault)
        if faults:
            raise refusals.invalid_body(faults[0])
        try:
            answer = await self._handlers[operation.method, operation.template](call)
        except Refusal as refusal:
            if refusal.body["code"] == refusals.INVALID_BODY:
                self._violate(call, str(refusal))
            raise
        for fault in operation.response_faults(answer) if answer is not None else ():
            self._violate(call, f"the stand-in's own answer is wrong: {fault}")
        return answer

    def _operation(self, call: Call) -> tuple[Operation, dict[str, str]]:
        found = self._description.find(call.method, call.path)
        if found is None:
            self._violate(call, "no such operation in testbed/discord/openapi/discord.json")
        elif (call.method, found[0].template) not in self._handlers:
            self._violate(call, "the stand-in does not play this operation")
        else:
            return found
        raise refusals.not_found()

    def _violate(self, call: Call, what: str) -> None:
        self.violations.append(f"{call}: {what}")

    @staticmethod
    def _respond(
        call: Call, body: Any, *, status: int | None = None, headers: Mapping[str, str] | None = None
    ) -> web.Response:
        call.status = status or (HTTPStatus.NO_CONTENT if body is None else HTTPStatus.OK)
        if body is None:
            return web.Response(status=call.status, headers=headers)
        # The type stands there bare: with a charset behind it discord.py would hand out text.
        data = json.dumps(body).encode()
        return web.Response(status=call.status, body=data, content_type=JSON_TYPE, headers=headers)


async def _read(request: web.Request) -> Call:
    call = Call(
        method=request.method,
        path=request.path.removeprefix(API),
        query=dict(request.query),
        content_type=request.content_type,
        authorization=request.headers.get("Authorization"),
    )
    if request.content_type == MULTIPART_TYPE:
        call.body, call.files = await _read_parts(request)
    elif request.can_read_body:
        call.body = json.loads(await request.read())
    return call


async def _read_parts(request: web.Request) -> tuple[Any, dict[int, Upload]]:
    body, files = None, {}
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            raise refusals.invalid_body("a multipart inside a multipart")
        data = bytes(await part.read())
        if part.name == "payload_json":
            body = json.loads(data)
        elif match := re.fullmatch(r"files\[(\d)\]", part.name or ""):
            files[int(match[1])] = Upload(
                filename=part.filename or "unknown",
                data=data,
                content_type=_sniffed(part.filename or "", data),
            )
        else:
            raise refusals.invalid_body(f"the part {part.name!r} is neither payload_json nor files[0..9]")
    return body, files


def _sniffed(filename: str, data: bytes) -> str:
    """Discord looks at the file itself; discord.py calls everything application/octet-stream."""
    signatures = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif"}
    known = next((kind for start, kind in signatures.items() if data.startswith(start)), None)
    if known is None and data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return known or ("text/plain" if filename.endswith(".txt") else "application/octet-stream")
