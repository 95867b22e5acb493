"""The job engine for many machines: PostgreSQL, with Procrastinate's line before the `jobs` table."""

from collections.abc import Sequence

from sqlalchemy import String, cast, column, exists, literal, literal_column, select, table
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.db import one_at_a_time
from bot.domain.jobs import queue
from bot.domain.jobs.model import Claim, State
from bot.engines import tickets
from bot.engines.local import LocalEngine
from bot.engines.tickets import Ticket
from bot.tables import jobs as rows

SWEEPING = 2
"""The key of sweeps; see `bot.domain.jobs.model.CLAIMING`."""
MENDED_AT_ONCE = 1000

_tickets = table("procrastinate_jobs", column("queueing_lock"), column("status"))


class ProcrastinateEngine(LocalEngine):
    """A `JobEngine` whose line is Procrastinate's: an idle worker is woken, and takes one ticket at a time.

    Every queued row has a ticket. `jobs` stays the truth: a ticket whose job does not wait any more leads to
    nothing, and a queued job whose ticket is missing (a restored copy, a hand in the tables) gets a new one.
    """

    async def enqueue(self, connection: AsyncConnection, job_id: int) -> None:
        columns = (rows.c.user_id, rows.c.params_version, rows.c.priority, rows.c.attempt)
        found = await connection.execute(select(*columns).where(rows.c.id == job_id))
        user_id, version, tag, attempt = found.one()
        await tickets.make(
            connection, job_id, user_id=user_id, params_version=version, tag=tag, returned=attempt > 0
        )

    async def claim(self, worker: str) -> Claim | None:
        await self._sweep_once_per_lease()
        while True:
            # One transaction for each ticket: whoever kept one user's lock while waiting for another's could
            # meet a worker that takes both in order.
            async with self._writing() as connection:
                ticket = await tickets.take(connection)
                fair = None if ticket is None else await self._fairer(connection, ticket)
                if fair is None:
                    return None
                if claim := await self._claim(connection, fair, worker):
                    return claim

    async def _fairer(self, connection: AsyncConnection, ticket: Ticket) -> Ticket | None:
        """Somebody else's ticket, where this one's user has enough running jobs while others wait.

        One for newer workers is passed over; None: all are.
        """
        most = self._running_per_user
        if tickets.version_of(ticket) > self._params_version:
            if not await queue.is_queued(connection, tickets.job_of(ticket)):
                return ticket  # it leads to nothing, and is torn
            other = await self._other(connection, most) or await self._other(connection, None)
            await tickets.put_back(connection, ticket)
            return other
        if not await queue.is_put_off(connection, tickets.user_of(ticket), running_per_user=most):
            return ticket
        other = await self._other(connection, most)
        if other is None:
            return ticket
        await tickets.put_back(connection, ticket)
        return other

    async def _other(self, connection: AsyncConnection, running_per_user: int | None) -> Ticket | None:
        """The first ticket that this worker may take, of users with fewer running jobs."""
        waiting = await queue.who_waits(
            connection, params_version=self._params_version, running_per_user=running_per_user
        )
        return await tickets.take(connection, of=waiting) if waiting else None

    async def _claim(self, connection: AsyncConnection, ticket: Ticket, worker: str) -> Claim | None:
        await tickets.tear(connection, ticket)
        return await queue.claim(
            connection,
            tickets.job_of(ticket),
            worker=worker,
            now=self._clock(),
            lease_s=self._lease_s,
            params_version=self._params_version,
        )

    async def _claim_all(
        self, connection: AsyncConnection, job_ids: Sequence[int], worker: str
    ) -> list[Claim]:
        ours = await tickets.tear_of(connection, job_ids)
        return await super()._claim_all(connection, [one for one in job_ids if one in ours], worker)

    async def release(self, claim: Claim) -> bool:
        async with self._writing() as connection:
            held = await queue.release(connection, claim)
            if held:
                await self.enqueue(connection, claim.job.id)
            return held

    async def _take_back(self, connection: AsyncConnection, dead_worker: str | None) -> Sequence[int]:
        await one_at_a_time(connection, SWEEPING)
        changed = await super()._take_back(connection, dead_worker)
        for job_id in await _without_ticket(connection):
            await self.enqueue(connection, job_id)
        return changed


async def _without_ticket(connection: AsyncConnection) -> Sequence[int]:
    """Queued jobs that nobody would be given: those just taken back, and those that lost their ticket."""
    lock = literal("job-").concat(cast(rows.c.id, String))
    # As it is written in the condition of Procrastinate's index.
    waits = _tickets.c.status == literal_column("'todo'")
    ticket = exists().where(_tickets.c.queueing_lock == lock, waits)
    query = select(rows.c.id).where(rows.c.state == State.QUEUED, ~ticket).order_by(rows.c.id)
    return (await connection.execute(query.limit(MENDED_AT_ONCE))).scalars().all()
