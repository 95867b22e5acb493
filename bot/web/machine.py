"""What is read from this machine: the workers' memory, the GPUs, the disk."""

import asyncio
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import psutil

from bot.engines import devices
from bot.engines.devices import Gpu

GPU_TIMEOUT_S: Final = 5.0


def resident_bytes(pid: int) -> int | None:
    """The memory that a process holds; None where it has ended."""
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return None


async def gpu_states() -> list[Gpu]:
    """Asked in a thread: a driver that hangs holds up nothing but this answer."""
    try:
        async with asyncio.timeout(GPU_TIMEOUT_S):
            return await asyncio.to_thread(devices.states)
    except TimeoutError:
        return []


def free_bytes(folder: Path) -> int:
    """What the disk of `folder` has left for us."""
    return shutil.disk_usage(folder).free


class FolderSize:
    """How many files a folder holds and how large they are; looked up anew once in a while, in a thread."""

    def __init__(
        self, folder: Path, *, every_s: float = 60.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._folder = folder
        self._every_s = every_s
        self._clock = clock
        self._known: tuple[int, int] | None = None
        self._looked_at = 0.0

    async def files_and_bytes(self) -> tuple[int, int]:
        if self._known is None or self._clock() - self._looked_at >= self._every_s:
            self._looked_at = self._clock()
            self._known = await asyncio.to_thread(_measure, self._folder)
        return self._known


def _measure(folder: Path) -> tuple[int, int]:
    files = size_bytes = 0
    waiting = [folder]
    while waiting:
        try:
            entries = list(os.scandir(waiting.pop()))
        except FileNotFoundError:
            continue
        for entry in entries:
            try:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(Path(entry.path))
                else:
                    files, size_bytes = files + 1, size_bytes + entry.stat(follow_symlinks=False).st_size
            except FileNotFoundError:
                continue  # deleted meanwhile
    return files, size_bytes
