"""The gateway: HELLO, IDENTIFY, READY, heartbeats, RESUME, and the events that a bot with one intent gets."""

import json
import secrets
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum

from aiohttp import WSMsgType, web

from testbed.discord.payloads import Payloads
from testbed.discord.world import Changes, Json, World

# Members, presences and message content: an application without approval is closed out for them.
PRIVILEGED_INTENTS = 1 << 1 | 1 << 8 | 1 << 15
AUTHENTICATION_FAILED, DISALLOWED_INTENTS = 4004, 4014
HEARTBEAT_INTERVAL_MS = 2000


class Op(IntEnum):
    """What a frame is about: https://discord.com/developers/docs/topics/opcodes-and-status-codes"""

    DISPATCH = 0
    HEARTBEAT = 1
    IDENTIFY = 2
    PRESENCE = 3
    VOICE_STATE = 4
    RESUME = 6
    INVALID_SESSION = 9
    HELLO = 10
    HEARTBEAT_ACK = 11


class Line:
    """One websocket; packs each frame when the client asked for a zlib stream."""

    def __init__(self, socket: web.WebSocketResponse, *, compress: str | None) -> None:
        self.socket = socket
        self._packer = zlib.compressobj() if compress == "zlib-stream" else None

    async def send(self, payload: Json) -> None:
        text = json.dumps(payload)
        if self._packer is None:
            await self.socket.send_str(text)
        else:
            await self.socket.send_bytes(
                self._packer.compress(text.encode()) + self._packer.flush(zlib.Z_SYNC_FLUSH)
            )


@dataclass(slots=True, kw_only=True, eq=False)
class Session:
    """What survives a lost connection: the events so far, to be told again on RESUME."""

    id: str
    shard: tuple[int, int]
    intents: int
    events: list[Json] = field(default_factory=list)
    line: Line | None = None
    heartbeats: int = 0
    resumed: int = 0

    async def dispatch(self, event: str, data: Json) -> None:
        payload: Json = {"op": Op.DISPATCH, "t": event, "s": len(self.events) + 1, "d": data}
        self.events.append(payload)
        if self.line is not None and not self.line.socket.closed:
            await self.line.send(payload)


class Gateway:
    def __init__(
        self, world: World, payloads: Payloads, changes: Changes, *, token: str, url: Callable[[], str]
    ) -> None:
        self._world = world
        self._payloads = payloads
        self._changes = changes
        self._token = token
        self._url = url
        self.sessions: dict[str, Session] = {}
        self.violations: list[str] = []

    @property
    def live(self) -> list[Session]:
        return [session for session in self.sessions.values() if session.line is not None]

    def session_for(self, guild_id: int) -> Session:
        """The session that a server's events go to: a live one, else the last, where they wait for a RESUME.

        Raises:
            LookupError: no bot has logged in.
        """
        for session in [*reversed(self.live), *reversed(self.sessions.values())]:
            if (guild_id >> 22) % session.shard[1] == session.shard[0]:
                return session
        raise LookupError("no bot has logged in to the gateway")

    async def drop(self) -> None:
        """Loses every connection, as a network does; the sessions may be resumed."""
        for session in self.live:
            if session.line is not None:
                await session.line.socket.close(code=1001)

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        """One connection from HELLO to its end."""
        if (version := request.query.get("v")) != "10" or request.query.get("encoding") != "json":
            self.violations.append(
                f"gateway: opened with {dict(request.query)}, not v=10 and json (v={version})"
            )
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        line = Line(socket, compress=request.query.get("compress"))
        await line.send({"op": Op.HELLO, "d": {"heartbeat_interval": HEARTBEAT_INTERVAL_MS}})
        session: Session | None = None
        try:
            async for frame in socket:
                if frame.type is WSMsgType.TEXT:
                    session = await self._receive(line, session, json.loads(frame.data))
        finally:
            if session is not None and session.line is line:
                session.line = None
            self._changes.announce()
        return socket

    async def _receive(self, line: Line, session: Session | None, payload: Json) -> Session | None:
        match payload["op"]:
            case Op.HEARTBEAT:
                if session is not None:
                    session.heartbeats += 1
                await line.send({"op": Op.HEARTBEAT_ACK})
            case Op.IDENTIFY:
                return await self._identify(line, payload["d"])
            case Op.RESUME:
                return await self._resume(line, payload["d"])
            case Op.PRESENCE | Op.VOICE_STATE:
                pass  # presence and voice state: Discord says nothing to them
            case op:
                self.violations.append(f"gateway: op {op} is not for a bot like this: {payload}")
        self._changes.announce()
        return session

    async def _identify(self, line: Line, data: Json) -> Session | None:
        if data["token"] != self._token:
            await line.socket.close(code=AUTHENTICATION_FAILED, message=b"Authentication failed.")
            return None
        if data["intents"] & PRIVILEGED_INTENTS:
            await line.socket.close(code=DISALLOWED_INTENTS, message=b"Disallowed intent(s).")
            return None
        shard = tuple(data.get("shard", (0, 1)))
        session = Session(
            id=secrets.token_hex(16), shard=(shard[0], shard[1]), intents=data["intents"], line=line
        )
        self.sessions[session.id] = session
        mine = (self._world.guild_id >> 22) % session.shard[1] == session.shard[0]
        guild_id = str(self._world.guild_id)
        ready: Json = {
            "v": 10,
            "user": self._payloads.person(self._world.bot) | {"mfa_enabled": False, "locale": "en-US"},
            "guilds": [{"id": guild_id, "unavailable": True}] if mine else [],
            "session_id": session.id,
            "resume_gateway_url": self._url(),
            "shard": list(session.shard),
            "application": {"id": str(self._world.application_id), "flags": 0},
            "private_channels": [],
        }
        await session.dispatch("READY", ready)
        if mine:
            await session.dispatch("GUILD_CREATE", self._payloads.guild())
        self._changes.announce()
        return session

    async def _resume(self, line: Line, data: Json) -> Session | None:
        session = self.sessions.get(data["session_id"])
        if session is None or data["token"] != self._token:
            await line.send({"op": Op.INVALID_SESSION, "d": False})
            return None
        session.line = line
        for missed in session.events[data["seq"] :]:
            await line.send(missed)
        await session.dispatch("RESUMED", {})
        session.resumed += 1
        self._changes.announce()
        return session
