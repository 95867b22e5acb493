"""An engine with its database and its clock, as the conformance suite uses it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any, cast

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.db import Database
from bot.domain.jobs import heartbeats, queue
from bot.domain.jobs.model import Claim, State
from bot.engines.local import LocalEngine
from bot.engines.protocol import JobEngine
from nst_core.params import VERSION
from tests.support.clock import Clock
from tests.support.procrastinate import PolledProcrastinateEngine
from tests.support.rows import ADA, BLOB, LEASE_S, add, progress, read_job


class EngineHarness:
    """An engine, its database and its clock."""

    def __init__(self, database: Database, engine: JobEngine, clock: Clock) -> None:
        self.database = database
        self.engine = engine
        self.clock = clock

    async def submit(self, user_id: int = ADA, *, kind: str | None = None, **given: Any) -> int:
        """kind: jobs of one can be painted in one pass."""
        async with self.database.begin() as connection:
            return await self._enqueue(connection, user_id, batch_key=kind, **given)

    async def _enqueue(self, connection: AsyncConnection, user_id: int, **given: Any) -> int:
        job_id = await add(connection, user_id, **given)
        await self.engine.enqueue(connection, job_id)
        return job_id

    async def submit_and_roll_back(self) -> None:
        async with self.database.begin() as connection:
            await self._enqueue(connection, ADA)
            raise asyncio.CancelledError

    async def claim(self, worker: str = "w") -> Claim:
        claim = await self.engine.claim(worker)
        assert claim is not None
        return claim

    async def alike(self, claim: Claim, *, limit: int = 10) -> list[int]:
        """The ids of the companions that the claim's worker gets."""
        return [one.job.id for one in await self.engine.claim_alike(claim, limit=limit)]

    async def batch_sizes(self, *job_ids: int) -> list[int]:
        return [(await read_job(self.database, job_id)).batch_size for job_id in job_ids]

    async def cancel(self, job_id: int) -> None:
        async with self.database.begin() as connection:
            assert await queue.cancel(connection, job_id, user_id=ADA, now=self.clock.now)

    def newer(self) -> JobEngine:
        """The same engine in a worker that knows the next version's parameters."""
        kind = cast("type[LocalEngine]", type(self.engine))
        version = {"params_version": VERSION + 1}
        return kind(self.database, lease_s=LEASE_S, max_attempts=3, clock=self.clock, **version)

    async def record_heartbeat(self, name: str, version: int) -> None:
        async with self.database.begin() as connection:
            await heartbeats.record(
                connection, name, device="cpu", params_version=version, now=self.clock.now
            )

    async def living(self) -> int:
        async with self.database.read() as connection:
            return await heartbeats.count_living(connection, now=self.clock.now)

    async def state(self, job_id: int) -> State:
        return (await read_job(self.database, job_id)).state

    async def states(self, job_ids: Iterable[int]) -> set[State]:
        return {await self.state(job_id) for job_id in job_ids}

    async def refuses(self, claim: Claim) -> None:
        """Whatever a worker with that claim writes, nothing changes."""
        before = await read_job(self.database, claim.job.id)
        assert not await self.engine.renew(claim)
        assert not await self.engine.renew(claim, progress(1))
        assert not await self.engine.render(claim, result_blob=BLOB, figures={})
        assert not await self.engine.fail(claim, error="No.", reference="r")
        assert not await self.engine.release(claim)
        assert await read_job(self.database, claim.job.id) == before


@asynccontextmanager
async def open_procrastinate(
    url: str, clock: Callable[[], float]
) -> AsyncIterator[tuple[Database, JobEngine]]:
    database = Database(url)
    try:
        yield database, PolledProcrastinateEngine(database, lease_s=LEASE_S, max_attempts=3, clock=clock)
    finally:
        await database.dispose()
