"""The life of a fork server: its children, its end, its replacement, and what dies with it."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

import psutil
import pytest

from bot.media.child import environment
from bot.media.fork_server import SOCKETS, STATUS
from bot.media.sandbox import MIB, DecodeLimits
from tests.bot.media.test_child import FILTERED, is_filtered
from tests.support.picture_files import png
from tests.support.warm_children import (
    PROBE,
    forked,
    is_gone,
    needs_fork,
    noted,
    servers,
    told,
    until,
    waiting,
    warm,
)

THREADED = "tests.support.threaded_child"
GATEWAY = f"""
import asyncio, sys
from bot.media.warm_children import WarmChildren
asyncio.run(WarmChildren("{PROBE}").ask("{PROBE}", "wait", sys.argv[1], data=b""))
"""


@needs_fork
async def test_each_child_is_new_and_all_are_the_server_s() -> None:
    async with warm() as children:
        found = [await told(children.ask) for _ in range(3)]
    assert len({one["process"] for one in found}) == 3
    assert len({one["parent"] for one in found}) == 1
    assert found[0]["parent"] != os.getpid()


@needs_fork
async def test_a_child_finds_nothing_of_another_s_file_or_arguments_in_its_memory() -> None:
    secret = "what-ada-sent-" * 20
    successors = "".join(chr(ord(one) + 1) for one in secret)
    async with warm() as children:
        own = await children.ask(PROBE, "search", successors, data=secret.encode())
        assert own.output == b"true", "a file is found where it is"
        await children.ask(PROBE, "echo", secret, data=secret.encode())
        other = await children.ask(PROBE, "search", successors, data=b"what ben has sent")
        assert other.output == b"false"


@needs_fork
async def test_a_server_is_replaced_after_so_many_children() -> None:
    async with warm(forks=2) as children:
        parents = [(await told(children.ask))["parent"] for _ in range(5)]
        assert [parents.count(one) for one in dict.fromkeys(parents)] == [2, 2, 1]
        await until(lambda: all(is_gone(one) for one in parents[:4]))


@needs_fork
async def test_a_server_whose_child_has_crashed_is_replaced() -> None:
    """Else its children's addresses could be found by trying: each of them has the same."""
    async with warm() as children:
        parents = []
        for operation in (("end", "7"), ("crash", "SIGSEGV"), ("crash", "SIGABRT"), ("end", "0")):
            parents.append((await told(children.ask))["parent"])
            await children.ask(PROBE, *operation, data=b"")
        assert parents[0] == parents[1]
        assert len({*parents}) == 3
        await until(lambda: is_gone(parents[0]) and is_gone(parents[2]))


@needs_fork
async def test_a_child_of_a_replaced_server_is_left_to_end(tmp_path: Path) -> None:
    async with warm(forks=1) as children:
        task, pid = await waiting(children.ask, tmp_path / "pid")
        old = psutil.Process(pid).ppid()
        assert (await told(children.ask))["parent"] != old
        os.kill(pid, signal.SIGUSR1)
        assert (await task).status == -signal.SIGUSR1
        await until(lambda: is_gone(old))


@needs_fork
async def test_where_the_server_dies_its_child_dies_and_the_answer_comes_from_a_new_one(
    tmp_path: Path,
) -> None:
    async with warm() as children:
        await told(children.ask)
        note = tmp_path / "pid"
        task, pid = await waiting(children.ask, note)
        server = psutil.Process(pid).ppid()
        note.unlink()
        os.kill(server, signal.SIGKILL)
        await until(lambda: is_gone(pid) and is_gone(server))
        os.kill(await noted(note), signal.SIGUSR1)
        assert (await task).status == -signal.SIGUSR1
        assert (await told(children.ask))["parent"] not in {server, os.getpid()}


@needs_fork
async def test_a_server_that_hangs_is_killed_with_its_child(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.media.warm_children.PATIENCE_S", 0.2)
    async with warm() as children:
        task, pid = await waiting(children.ask, tmp_path / "pid")
        os.kill(psutil.Process(pid).ppid(), signal.SIGSTOP)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until(lambda: is_gone(pid))
        assert (await told(children.ask))["folder"] == "/"


@needs_fork
async def test_a_new_child_is_not_taken_for_one_that_ends_at_its_start(tmp_path: Path) -> None:
    """The server may learn of all at once, and the new one's files get the numbers of the old one's."""
    async with warm() as children:
        first, pid = await waiting(children.ask, tmp_path / "pid")
        server = psutil.Process(psutil.Process(pid).ppid())
        server.suspend()
        await until(lambda: server.status() == psutil.STATUS_STOPPED)
        os.kill(pid, signal.SIGKILL)
        await until(lambda: _has_ended(pid))
        second = asyncio.create_task(children.ask(PROBE, "echo", data=b"second"))
        await asyncio.sleep(0.1)
        first.cancel()
        await asyncio.sleep(0.1)
        server.resume()
        await asyncio.wait([first])
        assert (await second).output == b"second"


@needs_fork
async def test_nothing_is_left_of_children_that_have_ended(tmp_path: Path) -> None:
    async with warm() as children:
        server, me = psutil.Process((await told(children.ask))["parent"]), psutil.Process()
        await until(lambda: server.num_fds() == 5)  # three, its own socket, and what it waits with
        ours = me.num_fds()
        task, _pid = await waiting(children.ask, tmp_path / "pid")
        await children.ask(PROBE, "end", "0", data=bytes(MIB))
        assert (await told(children.ask))["parent"] == server.pid
        task.cancel()
        await asyncio.wait([task])
        assert server.children() == []
        await until(lambda: server.num_fds() == 5)
        assert me.num_fds() == ours


@asynccontextmanager
async def bare_server(module: str) -> AsyncIterator[socket.socket]:
    """A fork server, as its own socket shows it."""
    control, theirs = socket.socketpair()
    command = (sys.executable, "-I", "-m", "bot.media.fork_server", "300", module)
    with control:
        with theirs:
            process = await asyncio.create_subprocess_exec(*command, stdin=theirs.fileno(), env=environment())
        yield control
    assert await process.wait() == 0


@contextmanager
def sockets(control: socket.socket, number: int = SOCKETS) -> Iterator[list[socket.socket]]:
    """Our ends of those that are sent to a server."""
    with ExitStack() as stack:
        pairs = [socket.socketpair() for _ in range(number)]
        socket.send_fds(control, [b"."], [theirs.fileno() for _ours, theirs in pairs])
        for ours, theirs in pairs:
            stack.enter_context(ours).settimeout(60)
            theirs.close()
        yield [ours for ours, _theirs in pairs]


@needs_fork
async def test_a_request_with_too_few_sockets_is_closed_and_the_next_is_served() -> None:
    """They are lost where the server can open no more files."""
    async with bare_server(PROBE) as control:
        with sockets(control, 2) as some:
            assert [one.recv(1) for one in some] == [b"", b""]
        with sockets(control) as (talk, _complaint, line):
            talk.sendall(json.dumps([PROBE, "echo"]).encode() + b"\nit is served")
            talk.shutdown(socket.SHUT_WR)
            assert (talk.recv(100), STATUS.unpack(line.recv(100))) == (b"it is served", (0,))


@needs_fork
@pytest.mark.skipif(not FILTERED, reason="calls are filtered on Linux only")
async def test_a_forked_child_is_confined_before_it_has_a_byte_of_its_file() -> None:
    async with bare_server("bot.media.reading") as control:
        with sockets(control) as (talk, _complaint, line):
            limits = json.dumps(asdict(DecodeLimits()))
            talk.sendall(json.dumps(["bot.media.reading", limits, "null", "false"]).encode() + b"\n")
            await until(lambda: any(is_filtered(one.pid) for one in forked()))
            talk.sendall(png(32, 32))
            talk.shutdown(socket.SHUT_WR)
            assert STATUS.unpack(line.recv(100)) == (0,)


@needs_fork
async def test_a_closed_server_leaves_nobody(tmp_path: Path) -> None:
    async with warm() as children:
        task, pid = await waiting(children.ask, tmp_path / "pid")
        server = psutil.Process(pid).ppid()
        task.cancel()
        await asyncio.wait([task])
    assert is_gone(pid)
    assert is_gone(server)


@needs_fork
async def test_with_a_killed_gateway_die_the_server_and_its_children(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    gateway = await asyncio.create_subprocess_exec(sys.executable, "-c", GATEWAY, str(note))
    try:
        child = await noted(note)
        server = psutil.Process(child).ppid()
        assert psutil.Process(server).ppid() == gateway.pid
    finally:
        gateway.kill()
        await gateway.wait()
    await until(lambda: _has_ended(child) and _has_ended(server))


def _has_ended(pid: int) -> bool:
    """Gone, or waited for by whoever takes over the orphans here."""
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    return True


@needs_fork
async def test_an_idle_server_ends_and_the_next_child_gets_a_new_one() -> None:
    async with warm(idle_s=1.0) as children:
        first = (await told(children.ask))["parent"]
        await until(lambda: is_gone(first))
        assert (await told(children.ask))["parent"] != first, (
            "it may not be known yet that the server has ended"
        )
        assert (await told(children.ask))["parent"] not in {first, os.getpid()}


@needs_fork
async def test_no_child_is_forked_from_a_process_with_threads() -> None:
    """Such a server ends; children are started by themselves then, and no other server is tried at once."""
    async with warm(THREADED) as children:
        for _ in range(2):
            ended = await children.ask(THREADED, data=b"")
            assert json.loads(ended.output) == os.getpid()
        assert servers() == []
