"""What is deleted automatically: old pictures, jobs and tokens, servers that were left, and unused blobs."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog
from sqlalchemy import ColumnElement, and_, delete, false, func, literal_column, or_, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.db import Database
from bot.domain.jobs.model import WAITING
from bot.domain.outbox import deliveries
from bot.domain.privacy import blob_refs, storage
from bot.domain.privacy.blob_refs import forget_inputs, forget_results
from bot.domain.servers import left
from bot.errors import Failure
from bot.media.blobs.protocol import Blobs
from bot.tables.people import challenges, entries
from bot.tables.pictures import jobs

log = structlog.get_logger(__name__)

EVERY_S = 3600.0
GRACE_S = 6 * 3600.0
"""How long a blob may exist before a row refers to it: pictures are stored before jobs are written."""
BATCH = 100
TOKENS_AT_ONCE = 1000
TOKEN_GRACE_S = 3600.0
"""Clocks differ, and what is being sent may take a while."""
DAY_S = 24 * 3600.0

Forget = Callable[[AsyncConnection, list[int]], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """After how many days something is deleted; 0: never."""

    inputs_days: int
    results_days: int
    left_servers_days: int
    jobs_days: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What one sweep has deleted: jobs' input pictures, jobs' results, servers, blobs, and whole jobs."""

    inputs: int
    results: int
    servers: int
    blobs: int
    jobs: int = 0


class Sweeper:
    """Sweeps regularly. Each step is small and may be repeated, so two gateways do no harm."""

    def __init__(
        self,
        *,
        database: Database,
        blobs: Blobs,
        keeping: Keeping,
        grace_s: float = GRACE_S,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """grace_s: how long an unused blob stays after it was last stored."""
        self._database = database
        self._blobs = blobs
        self._keeping = keeping
        self._grace_s = grace_s
        self._clock = clock

    async def run(self) -> None:
        """Sweeps every hour until cancelled."""
        while True:
            try:
                swept = await self.sweep()
            except (SQLAlchemyError, OSError, Failure) as error:
                log.warning("the sweep was cut short", error=type(error).__name__)
            else:
                log.info("swept", inputs=swept.inputs, results=swept.results, blobs=swept.blobs)
            await asyncio.sleep(EVERY_S)

    async def sweep(self) -> Swept:
        """Deletes everything whose time has come."""
        await self._end_what_waited()
        while await storage.measure_results(self._database, self._blobs) == storage.AT_ONCE:
            pass
        await self._forget_tokens()
        return Swept(
            jobs=await self._forget_each(self.old_jobs(), _delete_jobs),
            inputs=await self._forget_each(self.old_inputs(), forget_inputs),
            results=await self._forget_each(self.old_results(), forget_results),
            servers=await self._forget_servers(),
            blobs=await self._delete_unused(),
        )

    async def _end_what_waited(self) -> None:
        """What could not be delivered as long as its picture was kept."""
        if not self._keeping.results_days:
            return
        before = self._clock() - self._keeping.results_days * DAY_S
        async with self._database.begin() as connection:
            given_up = await deliveries.give_up_ended_before(connection, before)
        if given_up:
            log.warning("never delivered", cards=given_up)

    async def foresee(self) -> tuple[Swept, int]:
        """What `sweep` would delete, and how many bytes its blobs have; nothing is changed.

        Of servers only how many: the blobs that they alone refer to are not counted.
        """
        inputs, results, old_jobs = self.old_inputs(), self.old_results(), self.old_jobs()
        left_before = self._clock() - self._keeping.left_servers_days * DAY_S
        async with self._database.read() as connection:
            counts = [
                int((await connection.execute(select(func.count()).where(old))).scalar_one())
                for old in (and_(inputs, ~old_jobs), and_(results, ~old_jobs), old_jobs)
            ]
            servers = len(await left.gone_before(connection, left_before))
            used = blob_refs.every_use(
                connection, but_inputs_of=or_(inputs, old_jobs), but_results_of=or_(results, old_jobs)
            )
            marked = {hash(key) async for key in used}
        unused = [key async for key in self._blobs.older_than(self._before()) if hash(key) not in marked]
        size_bytes = sum([await storage.size_of(self._blobs, key) for key in unused])
        found = Swept(inputs=counts[0], results=counts[1], servers=servers, blobs=len(unused), jobs=counts[2])
        return found, size_bytes

    def old_inputs(self) -> ColumnElement[bool]:
        return and_(self._ended(self._keeping.inputs_days), jobs.c.content_blob != literal_column("''"))

    def old_results(self) -> ColumnElement[bool]:
        return and_(self._ended(self._keeping.results_days), jobs.c.result_blob.is_not(None))

    def old_jobs(self) -> ColumnElement[bool]:
        """All of a job goes with it; only a challenge that has not ended keeps its entries."""
        entered = (
            select(entries.c.job_id)
            .join(challenges, challenges.c.id == entries.c.challenge_id)
            .where(entries.c.job_id == jobs.c.id, challenges.c.state != "ended")
        )
        return and_(self._ended(self._keeping.jobs_days), ~entered.exists())

    def _ended(self, days: int) -> ColumnElement[bool]:
        """Which jobs ended more than so many days ago; with 0, none."""
        if not days:
            return false()
        return and_(jobs.c.state.not_in(WAITING), jobs.c.ended_at < self._clock() - days * DAY_S)

    def _before(self) -> float:
        return self._clock() - self._grace_s

    async def _forget_each(self, old: ColumnElement[bool], forget: Forget) -> int:
        """Looks for old jobs without keeping anybody from writing, and has some at a time forgotten."""
        forgotten = 0
        query = select(jobs.c.id).where(old).order_by(jobs.c.ended_at, jobs.c.id).limit(BATCH)
        while True:
            async with self._database.read() as connection:
                ids = list((await connection.execute(query)).scalars())
            if ids:
                async with self._database.begin() as connection:
                    await forget(connection, ids)
            forgotten += len(ids)
            if len(ids) < BATCH:
                return forgotten

    async def _forget_tokens(self) -> None:
        before, some = self._clock() - TOKEN_GRACE_S, TOKENS_AT_ONCE
        while some == TOKENS_AT_ONCE:
            async with self._database.begin() as connection:
                some = await deliveries.forget_expired_tokens(connection, before=before, limit=TOKENS_AT_ONCE)

    async def _forget_servers(self) -> int:
        before = self._clock() - self._keeping.left_servers_days * DAY_S
        async with self._database.read() as connection:
            gone = await left.gone_before(connection, before)
        for guild_id in gone:
            more = True
            while more:
                async with self._database.begin() as connection:
                    more = await left.forget_some(connection, guild_id, before=before)
            log.info("server forgotten", guild=guild_id)
        return len(gone)

    async def _delete_unused(self) -> int:
        """Mark and sweep. What seems unused is looked up once more right before it is deleted."""
        before = self._before()
        # Hashes instead of keys: a tenth of the memory, and a collision only keeps a blob.
        marked = {hash(key) async for some in blob_refs.uses_by_slices(self._database) for key in some}
        deleted, batch = 0, []
        async for key in self._blobs.older_than(before):
            if hash(key) not in marked:
                batch.append(key)
            if len(batch) == BATCH:
                deleted += await self._delete(batch, before)
                batch = []
        await storage.forget_unused_sizes(self._database, marked, before=before)
        return deleted + await self._delete(batch, before)

    async def _delete(self, keys: list[str], before: float) -> int:
        async with self._database.read() as connection:
            unused = await blob_refs.unused(connection, keys)
        return sum([await self._blobs.delete_if_older(key, before) for key in sorted(unused)])


async def _delete_jobs(connection: AsyncConnection, job_ids: list[int]) -> None:
    """With their cards' rows, exhibits, stars and entries."""
    await connection.execute(delete(jobs).where(jobs.c.id.in_(job_ids)))
