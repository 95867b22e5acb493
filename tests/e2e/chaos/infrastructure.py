"""What the service stands on in one scenario after the other: a database, and disks that can be filled."""

import asyncio
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from testbed import postgres
from testbed.postgres import Server

DISK_MIB = 48
ENGINES = ("local", "procrastinate")
# Holds SQLite's write lock as another program would, and says when it has it.
LOCK = """
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
connection.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
time.sleep(float(sys.argv[2]))
connection.execute("ROLLBACK")
"""


class Disk:
    """A small disk of its own under a folder; without the right to mount, the folder on the large one."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._ballast = folder / "ballast"
        command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m", "easel-chaos", str(folder)]
        try:
            done = subprocess.run(command, check=False, capture_output=True)
            self.is_small = done.returncode == 0
        except OSError:
            self.is_small = False

    def fill(self) -> None:
        """To the last byte: the next write fails with ENOSPC."""
        assert self.is_small
        with self._ballast.open("wb", buffering=0) as file, suppress(OSError):
            for size in (1 << 20, 1 << 12):
                with suppress(OSError):
                    while file.write(b"\0" * size) == size:
                        pass

    def free(self) -> None:
        self._ballast.unlink(missing_ok=True)

    def unmount(self) -> None:
        if self.is_small:
            subprocess.run(["umount", "-l", str(self._folder)], check=True)


@dataclass(frozen=True, kw_only=True)
class Infrastructure:
    """data: `EASEL_DATA_DIR`. url: of the database; None: SQLite's file in the data folder."""

    folder: Path
    data: Path
    url: str | None
    server: Server | None
    data_disk: Disk
    blobs_disk: Disk

    @property
    def engine(self) -> str:
        return "local" if self.server is None else "procrastinate"

    @property
    def database_url(self) -> str:
        return self.url or f"sqlite+aiosqlite:///{self.data / 'easel.db'}"

    @property
    def disks_are_small(self) -> bool:
        return self.blobs_disk.is_small and self.data_disk.is_small

    async def lock(self, seconds: float) -> None:
        """Keeps every other writer of SQLite's file waiting."""
        locker = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", LOCK, str(self.data / "easel.db"), str(seconds)),
            stdout=asyncio.subprocess.PIPE,
        )
        assert locker.stdout is not None
        async with asyncio.timeout(60):
            await locker.stdout.readline()
            await locker.wait()

    def truncate_wal(self) -> None:
        """So that the next write needs new room on the disk."""
        connection = sqlite3.connect(self.data / "easel.db", timeout=30)
        try:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        finally:
            connection.close()


@contextmanager
def open_infrastructure(engine: str) -> Iterator[Infrastructure]:
    """A folder with empty disks, and an empty database, on a server of its own where the engine needs one."""
    folder = Path(tempfile.mkdtemp(prefix="easel-chaos-"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        data_disk = Disk(folder / "data")
        stack.callback(data_disk.unmount)
        blobs_disk = Disk(folder / "data" / "blobs")
        stack.callback(blobs_disk.unmount)
        server = None if engine == "local" else stack.enter_context(postgres.running({}))
        yield Infrastructure(
            folder=folder,
            data=folder / "data",
            url=server.url(server.create()) if server else None,
            server=server,
            data_disk=data_disk,
            blobs_disk=blobs_disk,
        )
