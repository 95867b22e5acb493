"""The job engine for many machines: PostgreSQL, where Procrastinate's worker is invited to rows of `jobs`."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.db import one_at_a_time
from bot.domain.jobs import queue
from bot.domain.jobs.model import Claim
from bot.engines import invitations
from bot.engines.local import LocalEngine
from bot.tables.pictures import jobs as rows

SWEEPING = 2
"""The advisory lock of sweeps; see `bot.domain.jobs.queue.CLAIMING`."""


class ProcrastinateEngine(LocalEngine):
    """A `JobEngine` whose jobs are brought to the workers by `bot.engines.feed`.

    `jobs` is the truth: an invitation to a job that no longer waits is ignored, and a queued job without one
    (its worker died, a backup was restored, somebody edited the tables) gets a new one.
    """

    async def enqueue(self, connection: AsyncConnection, job_id: int) -> None:
        columns = (rows.c.params_version, rows.c.fair_tag, rows.c.attempt)
        version, tag, attempt = (await connection.execute(select(*columns).where(rows.c.id == job_id))).one()
        await invitations.make(connection, job_id, params_version=version, tag=tag, released=attempt > 0)

    async def accept(self, job_id: int, worker: str) -> Claim | None:
        """Claims the job that `worker` was invited to, or somebody else's that comes first; None: neither.

        If the job still waits afterwards, another worker is invited to it.
        """
        async with self._writing() as connection:
            user_id = await queue.user_of_queued(connection, job_id)
            if user_id is None:
                return None
            claim = await self._claim(connection, await self._fairer(connection, job_id, user_id), worker)
            passed_over = claim is None or claim.job.id != job_id
            if passed_over and await queue.user_of_queued(connection, job_id) is not None:
                await self.enqueue(connection, job_id)
            return claim

    async def _fairer(self, connection: AsyncConnection, job_id: int, user_id: int) -> int:
        """Somebody else's job, if this one's user has enough running jobs while others wait."""
        most = self._running_per_user
        if not await queue.is_put_off(connection, user_id, running_per_user=most):
            return job_id
        others = await queue.queued_below_limit(
            connection, params_version=self.params_version, running_per_user=most
        )
        # An invitation that another worker has accepted by now is that worker's.
        free = await invitations.withdraw(connection, others, most=1) if others else ()
        return next(iter(free), job_id)

    async def _claim(self, connection: AsyncConnection, job_id: int, worker: str) -> Claim | None:
        return await queue.claim(
            connection,
            job_id,
            worker=worker,
            now=self._clock(),
            lease_s=self._lease_s,
            params_version=self.params_version,
        )

    async def _claim_all(
        self, connection: AsyncConnection, job_ids: Sequence[int], worker: str
    ) -> list[Claim]:
        free = await invitations.withdraw(connection, job_ids)
        return await super()._claim_all(connection, [one for one in job_ids if one in free], worker)

    async def release(self, claim: Claim) -> bool:
        async with self._writing() as connection:
            released = await queue.release(connection, claim)
            if released:
                await self.enqueue(connection, claim.job.id)
            return released

    async def _requeue(self, connection: AsyncConnection, dead_worker: str | None) -> Sequence[int]:
        await one_at_a_time(connection, SWEEPING)
        changed = await super()._requeue(connection, dead_worker)
        for job_id in await invitations.uninvited(connection, again=changed):
            await self.enqueue(connection, job_id)
        return changed
