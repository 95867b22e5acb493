"""A child of a fork server has, may and leaves no more than one that is started by itself."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from bot.errors import Refusal
from bot.media.child import Ask, PictureEditor, ask_child
from bot.media.decode import Decoder, clean
from bot.media.sandbox import MIB, DecodeLimits
from bot.media.warm_children import can_fork, warm_children
from tests.bot.media.test_child import FILTERED, is_filtered
from tests.bot.media.test_sandbox import ATTEMPTS
from tests.support.picture_files import black_png, endless_png, png
from tests.support.warm_children import (
    PROBE,
    forked,
    is_gone,
    needs_fork,
    servers,
    told,
    until,
    waiting,
    warm,
)

SLOW = "tests.support.slow_child"


@pytest.fixture(params=[pytest.param("warm", marks=needs_fork), "by itself"])
async def ask(request: pytest.FixtureRequest) -> AsyncIterator[Ask]:
    if request.param == "by itself":
        yield ask_child
        return
    async with warm() as children:
        yield children.ask


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


@needs_fork
@pytest.mark.parametrize("operation", ["compute", "burn"])
async def test_a_child_s_processor_time_is_its_own(operation: str) -> None:
    """Loading its libraries takes longer than the second that this child may take."""
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
