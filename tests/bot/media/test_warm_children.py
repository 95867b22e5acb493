"""A child of a fork server has, may and leaves no more than one that is started by itself."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psutil
import pytest

from bot.errors import Refusal
from bot.media.child import Ask, PictureEditor, ask_child, environment
from bot.media.decode import Decoder, clean
from bot.media.fork_server import SOCKETS, STATUS
from bot.media.sandbox import MIB, DecodeLimits
from bot.media.warm_children import WarmChildren, can_fork, warm_children
from tests.bot.media.test_child import FILTERED, is_filtered
from tests.bot.media.test_sandbox import ATTEMPTS
from tests.support.picture_files import black_png, endless_png, png

PROBE = "tests.support.probing_child"
SLOW = "tests.support.slow_child"
THREADED = "tests.support.threaded_child"
needs_fork = pytest.mark.skipif(not can_fork(), reason="the fork server is for Linux")
GATEWAY = f"""
import asyncio, sys
from bot.media.warm_children import WarmChildren
asyncio.run(WarmChildren("{PROBE}").ask("{PROBE}", "wait", sys.argv[1], data=b""))
"""


@asynccontextmanager
async def warm(*modules: str, forks: int = 1000, idle_s: float = 300.0) -> AsyncIterator[WarmChildren]:
    children = WarmChildren(*(modules or (PROBE,)), forks=forks, idle_s=idle_s)
    try:
        yield children
    finally:
        await children.close()


@pytest.fixture(params=[pytest.param("warm", marks=needs_fork), "by itself"])
async def ask(request: pytest.FixtureRequest) -> AsyncIterator[Ask]:
    if request.param == "by itself":
        yield ask_child
        return
    async with warm() as children:
        yield children.ask


async def told(ask: Ask, *arguments: str, data: bytes = b"") -> dict[str, Any]:
    ended = await ask(PROBE, "tell", *arguments, data=data)
    assert (ended.status, ended.complaint) == (0, "")
    found: dict[str, Any] = json.loads(ended.output)
    return found


async def until(happened: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not happened():  # noqa: ASYNC110 - it happens in another process
            await asyncio.sleep(0.01)


def is_gone(pid: int) -> bool:
    """A process that has ended and is not waited for is still there."""
    return not psutil.pid_exists(pid)


def servers() -> list[psutil.Process]:
    """The fork servers of this process, which has other children too."""
    return [child for child in psutil.Process().children() if _is_server(child)]


def _is_server(child: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
        return "bot.media.fork_server" in child.cmdline()
    return False


def forked() -> list[psutil.Process]:
    """Their children."""
    return [child for server in servers() for child in server.children()]


async def waiting(ask: Ask, note: Path) -> tuple["asyncio.Task[Any]", int]:
    """A child that does not end by itself."""
    task = asyncio.create_task(ask(PROBE, "wait", str(note), data=b"x"))
    return task, await noted(note)


async def noted(note: Path) -> int:
    """The number of the process that leaves it there."""
    await until(lambda: note.exists() and note.read_text() != "")
    return int(await asyncio.to_thread(note.read_text))


async def test_a_child_gets_what_it_asks_for_and_nothing_of_ours(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "a secret")
    found = await told(ask, "one", "zwei, drei", data=bytes(3 * MIB))
    assert found["arguments"] == ["tell", "one", "zwei, drei"]
    assert found["received"] == 3 * MIB
    assert found["folder"] == "/"
    assert set(found["environment"]) - {"LC_CTYPE", "LD_LIBRARY_PATH"} == {
        "MALLOC_ARENA_MAX",
        "OPENBLAS_NUM_THREADS",
        "ORT_DISABLE_TELEMETRY",
    }


async def test_a_child_is_in_a_session_of_its_own(ask: Ask) -> None:
    """Ctrl-C in a terminal reaches all of a session: it is for the gateway alone."""
    found = await told(ask)
    assert found["session"] == found["process"]
    assert found["session"] != os.getsid(0)


async def test_a_child_has_its_three_files_and_none_of_another_child(ask: Ask, tmp_path: Path) -> None:
    task, _pid = await waiting(ask, tmp_path / "pid")
    assert (await told(ask))["files"] == [0, 1, 2]
    task.cancel()
    await asyncio.wait([task])


async def test_how_a_child_has_ended_is_told(ask: Ask) -> None:
    ended = await ask(PROBE, "end", "7", data=b"")
    assert (ended.status, ended.output, ended.complaint) == (7, b"", "as I was told to")
    for name in ("SIGKILL", "SIGSEGV", "SIGTERM"):
        assert (await ask(PROBE, "crash", name, data=b"")).status == -getattr(signal, name)


async def test_an_error_in_a_child_is_told_as_python_tells_it(ask: Ask) -> None:
    ended = await ask(PROBE, "fail", data=b"")
    assert ended.status == 1
    assert ended.complaint.startswith("Traceback")
    assert ended.complaint.endswith("ValueError: as I was told to\n")


async def test_a_child_may_end_without_having_read_its_file(ask: Ask) -> None:
    assert (await ask(PROBE, "end", "0", data=bytes(5 * MIB))).status == 0


async def test_of_what_a_child_writes_only_so_much_is_kept(ask: Ask) -> None:
    data = os.urandom(5 * MIB)
    assert (await ask(PROBE, "echo", data=data, most_bytes=len(data))).output == data
    cut = await ask(PROBE, "echo", data=data, most_bytes=1000)
    assert cut.output == data[: len(cut.output)]
    assert 1000 <= len(cut.output) < 2 * MIB


@pytest.mark.parametrize("operation", ["compute", "burn"])
async def test_a_child_s_processor_time_is_its_own(operation: str) -> None:
    """Loading its libraries takes longer than the second that this child may take."""
    if not can_fork():
        pytest.skip("the fork server is for Linux")
    async with warm(SLOW) as children:
        ended = await children.ask(SLOW, operation, data=b"")
    assert ended.status == (0 if operation == "compute" else -signal.SIGXCPU)


async def test_a_cancelled_child_is_gone_when_its_caller_goes_on(ask: Ask, tmp_path: Path) -> None:
    task, pid = await waiting(ask, tmp_path / "pid")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert is_gone(pid)


async def test_a_child_past_its_deadline_is_gone_when_its_caller_goes_on(ask: Ask, tmp_path: Path) -> None:
    task, pid = await waiting(ask, tmp_path / "pid")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await task
    assert is_gone(pid)


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


@needs_fork
async def test_children_of_many_callers_run_side_by_side() -> None:
    async with warm() as children:
        found = await asyncio.gather(*(told(children.ask, data=bytes(number)) for number in range(12)))
    assert [one["received"] for one in found] == list(range(12))


async def test_without_pidfd_children_are_started_by_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "pidfd_open", raising=False)
    async with warm_children("bot.media.reading") as ask:
        assert ask is ask_child


@pytest.mark.parametrize(
    ("platform", "error"), [("darwin", None), ("win32", None), ("linux", OSError("not here"))]
)
def test_the_fork_server_needs_linux_and_what_its_kernel_may_lack(
    platform: str, error: OSError | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_pid: int, _flags: int = 0) -> int:
        raise error or AssertionError("it is not asked for elsewhere")

    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(os, "pidfd_open", refuse, raising=False)
    assert not can_fork()


@needs_fork
async def test_pictures_are_read_and_edited_by_one_server() -> None:
    async with warm_children("bot.media.reading", "bot.media.pixels") as ask:
        decoder, editor = Decoder(DecodeLimits(), ask=ask), PictureEditor(ask=ask)
        picture = await decoder.clean(png(64, 40, (200, 30, 90)), by=1)
        assert picture == await clean(png(64, 40, (200, 30, 90)), limits=DecodeLimits())
        assert await editor.thumbnail(picture.file, 32) == await PictureEditor().thumbnail(picture.file, 32)
        assert len(servers()) == 1


@needs_fork
@pytest.mark.parametrize(
    ("data", "limits", "sentence"),
    [
        (b"no picture", DecodeLimits(), "not a picture Easel can read"),
        (endless_png(), DecodeLimits(cpu_s=1), "takes too long"),
        (black_png(20_000), DecodeLimits(max_pixels=10**9, memory_bytes=400 * MIB), "memory"),
        (png(64, 64), DecodeLimits(deadline_s=0.0), "takes too long"),
    ],
)
async def test_the_limits_of_a_file_hold_in_a_forked_child(
    data: bytes, limits: DecodeLimits, sentence: str
) -> None:
    async with warm_children("bot.media.reading") as ask:
        with pytest.raises(Refusal, match=sentence):
            await clean(data, limits=limits, ask=ask)
        assert (await clean(png(32, 32), limits=DecodeLimits(), ask=ask)).width == 32


@needs_fork
@pytest.mark.skipif(not FILTERED, reason="calls are filtered on Linux only")
async def test_a_confined_child_reaches_neither_its_server_nor_another_child(tmp_path: Path) -> None:
    async with warm() as children:
        task, other = await waiting(children.ask, tmp_path / "pid")
        attempts = ATTEMPTS | {
            "trace its parent": "trace(os.getppid())",
            "read its parent's memory": "open(f'/proc/{os.getppid()}/mem')",
            "signal another child": f"os.kill({other}, 0)",
            "trace another child": f"trace({other})",
            "read another child's memory": f"open('/proc/{other}/mem')",
            "take another child's file": f"os.pidfd_open({other})",
        }
        ended = await children.ask(PROBE, "attempt", data=json.dumps(attempts).encode())
        found = json.loads(ended.output)
        assert found.keys() == attempts.keys()
        assert "done" not in found.values()
        task.cancel()
        await asyncio.wait([task])


@needs_fork
async def test_a_crash_in_a_c_library_is_a_damaged_picture_and_costs_no_other_its_answer() -> None:
    async with warm_children("bot.media.reading") as ask:
        limits = DecodeLimits(max_pixels=10**9, memory_bytes=8192 * MIB)
        crashing, other = (
            asyncio.create_task(clean(data, limits=limits, ask=ask))
            for data in (black_png(20_000), png(32, 32))
        )
        assert (await other).width == 32
        (child,) = forked()
        child.send_signal(signal.SIGSEGV)
        with pytest.raises(Refusal, match="cannot be read, it may be damaged"):
            await crashing


@needs_fork
@pytest.mark.skipif(not FILTERED, reason="calls are filtered on Linux only")
async def test_a_forked_child_is_confined_and_goes_last_but_its_server_does_not() -> None:
    async with warm_children("bot.media.reading") as ask:
        limits = DecodeLimits(max_pixels=10**9, memory_bytes=8192 * MIB)
        task = asyncio.create_task(clean(black_png(20_000), limits=limits, ask=ask))
        await until(lambda: len(forked()) == 1)
        (server,), (child,) = servers(), forked()
        await until(lambda: is_filtered(child.pid))
        assert not is_filtered(server.pid)
        assert (server.nice(), child.nice()) == (psutil.Process().nice(), psutil.Process().nice() + 10)
        task.cancel()
        await asyncio.wait([task])
        assert is_gone(child.pid)
