"""Warm children for tests, what they tell of themselves, and the servers that fork them."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from bot.media.child import Ask
from bot.media.warm_children import WarmChildren, can_fork

PROBE = "tests.support.probing_child"
needs_fork = pytest.mark.skipif(not can_fork(), reason="the fork server is for Linux")


@asynccontextmanager
async def warm(*modules: str, forks: int = 1000, idle_s: float = 300.0) -> AsyncIterator[WarmChildren]:
    children = WarmChildren(*(modules or (PROBE,)), forks=forks, idle_s=idle_s)
    try:
        yield children
    finally:
        await children.close()


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
