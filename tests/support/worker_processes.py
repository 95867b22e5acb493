"""Real worker processes on a real data folder."""

import asyncio
import os
import signal
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bot.db import Database
from bot.domain.jobs import heartbeats
from bot.domain.jobs.model import Job
from bot.domain.styles import builtin
from bot.engines.choice import engine_for
from bot.engines.supervisor import WORKER_DEFAULTS, WORKER_MODULE
from bot.media.blobs.folder import FolderBlobs
from bot.settings import Settings
from nst_core.images import io
from nst_core.images.picture import fit
from nst_core.params import Params
from tests.support.rows import add, read_job

SHORT = Params(size=64, steps=100, seed=7)
"""Long enough to be killed in the middle."""
ENDLESS = Params(size=64, steps=20_000)


class DataFolder:
    """`EASEL_DATA_DIR` with a database and blobs, as the gateway leaves it to its workers."""

    def __init__(self, folder: Path, database: Database) -> None:
        self.folder = folder
        self.database = database
        self.blobs = FolderBlobs(folder / "blobs")
        self.engine = engine_for(database, Settings())

    async def submit(self, params: Params, **given: Any) -> int:
        """`given`: further columns of the job's row."""
        content, style = [
            await self.blobs.put(io.encode(fit(io.decode(one.read()), 96), format="png"))
            for one in builtin.BUILT_IN[:2]
        ]
        async with self.database.begin() as connection:
            row: dict[str, Any] = {"params": params.as_dict(), "content_blob": content, "style_blob": style}
            job_id = await add(connection, **row, **given)
            await self.engine.enqueue(connection, job_id)
            return job_id

    async def until(self, job_id: int, holds: Callable[[Job], bool]) -> Job:
        while not holds(job := await read_job(self.database, job_id)):  # noqa: ASYNC110 - a row tells nobody
            await asyncio.sleep(0.02)
        return job

    async def living(self) -> int:
        async with self.database.read() as connection:
            return await heartbeats.count_living(connection, now=time.time())

    def environment(self) -> dict[str, str]:
        place = {"EASEL_DATA_DIR": str(self.folder), "EASEL_DATABASE_URL": self.database.url}
        return {**WORKER_DEFAULTS, **os.environ, **place, "EASEL_DEVICE": "cpu"}

    @asynccontextmanager
    async def worker(
        self,
        name: str,
        *,
        batch: int = 1,
        lease_s: float = 20.0,
        module: str = WORKER_MODULE,
        **environment: str,
    ) -> AsyncIterator[Process]:
        """`python -m bot.worker --supervised`; killed at the end if it still lives."""
        batch_and_lease = {"EASEL_BATCH": str(batch), "EASEL_LEASE_S": str(lease_s)}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", module, "--name", name, "--supervised"),
            env={**self.environment(), **batch_and_lease, **environment},
            cwd=self.folder,
            stdin=PIPE,
            stdout=DEVNULL,
            stderr=DEVNULL,
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGKILL)
            await process.communicate()
