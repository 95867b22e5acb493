"""What this machine says of itself: the workers' memory, the GPUs, the disk."""

import asyncio
import os
import shutil
import time
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MIB: Final = 1024 * 1024
GPU_QUERY: Final = "index,utilization.gpu,memory.used,memory.total"
GPU_TIMEOUT_S: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """One GPU's state; `utilisation` from 0 to 1."""

    index: str
    utilisation: float
    used_bytes: int
    total_bytes: int


def resident_bytes(pid: int) -> int | None:
    """The memory that a process holds; None where it has ended, or the system has no /proc.

    Source: proc(5), /proc/pid/statm.
    """
    try:
        pages = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]
    except (OSError, IndexError):
        return None
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


async def gpus(tool: str = "nvidia-smi") -> list[Gpu]:
    """The NVIDIA GPUs of this machine; none where the driver's tool is missing or silent."""
    path = shutil.which(tool)
    if path is None:
        return []
    try:
        process = await asyncio.create_subprocess_exec(
            *(path, f"--query-gpu={GPU_QUERY}", "--format=csv,noheader,nounits"), stdout=PIPE, stderr=DEVNULL
        )
    except OSError:
        return []
    try:
        async with asyncio.timeout(GPU_TIMEOUT_S):
            output, _ = await process.communicate()
    except TimeoutError:
        return []
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return list(_gpus_of(output.decode(errors="replace").splitlines()))


def _gpus_of(lines: Iterable[str]) -> Iterable[Gpu]:
    for line in lines:
        cells = [cell.strip() for cell in line.split(",")]
        if len(cells) == 4 and all(cell.isdigit() for cell in cells):
            index, percent, used, total = cells
            yield Gpu(
                index=index,
                utilisation=int(percent) / 100,
                used_bytes=int(used) * MIB,
                total_bytes=int(total) * MIB,
            )


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
