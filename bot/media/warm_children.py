"""Children that start at once: forked by `bot.media.fork_server`, which has loaded their libraries.

What goes in and out, what a child may do and how it ends is as with `bot.media.child.ask_child`, which takes
over wherever a fork server cannot be had.
"""

import asyncio
import os
import socket
import sys
import time
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, suppress
from json import dumps
from typing import Final, NamedTuple

import structlog

from bot.media.child import Ask, Ended, ask_child, environment
from bot.media.fork_server import SOCKETS, STATUS
from bot.media.sandbox import MIB

log = structlog.get_logger(__name__)

FORKS: Final = 1000
"""Of one server. All its children have its addresses in memory, and another server has others."""
IDLE_S: Final = 300.0
PAUSE_S: Final = 60.0
"""How long children are started one by one after a server that has served nobody."""
PATIENCE_S: Final = 10.0
"""How long a server may take to kill a child, or to end, before it is killed itself."""
_CHUNK_BYTES: Final = 256 * 1024


def can_fork() -> bool:
    """Whether this system has all that the fork server needs."""
    if sys.platform != "linux" or not hasattr(os, "pidfd_open"):
        return False
    try:
        os.close(os.pidfd_open(os.getpid()))
    except OSError:  # an old kernel, or a container's rules
        return False
    return True


@asynccontextmanager
async def warm_children(*modules: str) -> AsyncIterator[Ask]:
    """Starts children of these modules: warm ones where the system can, else one by one."""
    if not can_fork():
        yield ask_child
        return
    children = WarmChildren(*modules)
    try:
        yield children.ask
    finally:
        await children.close()


class WarmChildren:
    """Keeps a fork server. It is started at the first use, ends after a pause, and is replaced after `forks`.

    Each of the modules has `load_libraries`, for the server, and `main`, for its children.
    """

    def __init__(self, *modules: str, forks: int = FORKS, idle_s: float = IDLE_S) -> None:
        self._modules = modules
        self._forks = forks
        self._idle_s = idle_s
        self._starting = asyncio.Lock()
        self._server: ForkServer | None = None
        self._replaced: set[ForkServer] = set()
        self._pause_until = 0.0

    async def ask(self, module: str, *arguments: str, data: bytes, most_bytes: int = MIB) -> Ended:
        """See `bot.media.child.Ask`. A server that dies meanwhile costs time, but not the answer."""
        server = await self._ready()
        if server is not None:
            request = dumps([module, *arguments]).encode() + b"\n"
            ended = await server.ask(request, data, most_bytes)
            if ended is None or ended.status < 0:
                self._replace(server)
            if ended is not None:
                return ended
            self._note_failure(server)
        return await ask_child(module, *arguments, data=data, most_bytes=most_bytes)

    async def close(self) -> None:
        """Ends the servers, and with them their children."""
        servers = self._replaced | ({self._server} if self._server else set())
        self._server = None
        await asyncio.gather(*(server.close() for server in servers))

    async def _ready(self) -> "ForkServer | None":
        async with self._starting:
            server = self._server
            if server is not None and server.is_alive and server.forks < self._forks:
                return server
            if server is not None:
                self._replace(server)
            if time.monotonic() < self._pause_until:
                return None
            try:
                self._server = await ForkServer.start(*self._modules, idle_s=self._idle_s)
            except OSError as error:
                self._pause_until = time.monotonic() + PAUSE_S
                log.warning("no fork server", modules=self._modules, reason=error.strerror)
            return self._server

    def _replace(self, server: "ForkServer") -> None:
        """It gets no more to do. So after a crash: with files that crash, one after the other, somebody could
        find out the addresses in memory that all children of a server share.
        """
        server.retire()
        self._replaced = {one for one in (*self._replaced, server) if one.is_alive}
        if self._server is server:
            self._server = None

    def _note_failure(self, server: "ForkServer") -> None:
        if not server.has_served:
            self._pause_until = time.monotonic() + PAUSE_S
            log.warning("a fork server has served nobody", modules=self._modules)


class Sockets(NamedTuple):
    """Our ends of a child's sockets; see `bot.media.fork_server`."""

    talk: socket.socket
    complaint: socket.socket
    line: socket.socket


class ForkServer:
    """A running server. forks: how many children it was asked for."""

    def __init__(self, process: Process, control: socket.socket) -> None:
        self._process = process
        self._control = control
        self._running = 0
        self._is_retired = False
        self.forks = 0
        self.has_served = False

    @classmethod
    async def start(cls, *modules: str, idle_s: float) -> "ForkServer":
        """It takes requests at once, and answers them when it has loaded its libraries.

        Raises:
            OSError: it cannot be started.
        """
        control, theirs = socket.socketpair()
        try:
            with theirs:
                process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-I", "-m", "bot.media.fork_server", str(idle_s), *modules),
                    stdin=theirs.fileno(),
                    stdout=DEVNULL,
                    cwd="/",
                    env=environment(),
                    start_new_session=True,  # Ctrl-C in a terminal is for the parent alone
                )
        except BaseException:
            control.close()
            raise
        control.setblocking(False)
        return cls(process, control)

    @property
    def is_alive(self) -> bool:
        return self._process.returncode is None

    async def ask(self, request: bytes, data: bytes, most_bytes: int) -> Ended | None:
        """None: the server has died, and its child with it."""
        with ExitStack() as stack:
            ours = self._ask_for_child(stack)
            if ours is None:
                return None
            self.forks += 1
            self._running += 1
            try:
                return await self._converse(ours, (request, data), most_bytes)
            finally:
                self._running -= 1
                self._close_when_done()

    def _ask_for_child(self, stack: ExitStack) -> "Sockets | None":
        """Our ends of its sockets; None: the server has died."""
        with ExitStack() as theirs_open:
            pairs = [socket.socketpair() for _ in range(SOCKETS)]
            for ours, theirs in pairs:
                ours.setblocking(False)
                stack.enter_context(ours)
                theirs_open.enter_context(theirs)
            try:
                socket.send_fds(self._control, [b"."], [theirs.fileno() for _ours, theirs in pairs])
            except OSError:
                return None
        return Sockets(*(ours for ours, _theirs in pairs))

    async def _converse(self, ours: "Sockets", given: tuple[bytes, bytes], most_bytes: int) -> Ended | None:
        talk, complaint, line = ours
        status: bytes | None = None
        try:
            _fed, output, said, status = await asyncio.gather(
                _feed(talk, *given), _drain(talk, most_bytes), _drain(complaint, MIB), _received(line)
            )
        finally:
            if status is None:
                await self._kill_child(line)
        if not status:
            return None
        self.has_served = True
        (number,) = STATUS.unpack(status)
        return Ended(status=number, output=output, complaint=said.decode(errors="replace"))

    async def _kill_child(self, line: socket.socket) -> None:
        """The closed line has the server kill it; returns when that is done."""
        try:
            line.shutdown(socket.SHUT_WR)
            async with asyncio.timeout(PATIENCE_S):
                await _received(line)
        except (OSError, TimeoutError):  # TimeoutError: the server itself hangs
            self.kill()

    def retire(self) -> None:
        """It ends with the last of its children."""
        self._is_retired = True
        self._close_when_done()

    def _close_when_done(self) -> None:
        if self._is_retired and not self._running:
            self._control.close()

    def kill(self) -> None:
        """Its children die with it."""
        with suppress(ProcessLookupError):
            self._process.kill()

    async def close(self) -> None:
        """Ends it, and returns when it has ended."""
        self._control.close()
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._process.wait()
        except TimeoutError:
            self.kill()
            await self._process.wait()


async def _feed(talk: socket.socket, *parts: bytes) -> None:
    try:
        for part in parts:
            await asyncio.get_running_loop().sock_sendall(talk, part)
        talk.shutdown(socket.SHUT_WR)
    except OSError:
        return  # the child has ended early; its exit status says why


async def _drain(end: socket.socket, most_bytes: int) -> bytes:
    kept = bytearray()
    while chunk := await _received(end, _CHUNK_BYTES):
        if len(kept) < most_bytes:
            kept += chunk
    return bytes(kept)


async def _received(end: socket.socket, most_bytes: int = STATUS.size) -> bytes:
    """Nothing at the end, or where the child has left something unread."""
    try:
        return await asyncio.get_running_loop().sock_recv(end, most_bytes)
    except ConnectionResetError:
        return b""
