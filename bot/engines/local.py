"""The job engine without a server: the `jobs` table is the queue, and workers poll it."""

import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.db import Database
from bot.domain.jobs import batching, heartbeats, queue
from bot.domain.jobs.model import Claim, Progress
from bot.engines.protocol import EngineUnavailable
from bot.errors import new_reference
from nst_core.params import VERSION

log = structlog.get_logger(__name__)

# The database is locked, full, restarting or missing; anything else is our own fault.
AWAY = (InterfaceError, OperationalError, PoolTimeoutError, OSError)


class LocalEngine:
    """A `JobEngine` on one database."""

    def __init__(
        self,
        database: Database,
        *,
        lease_s: float,
        max_attempts: int,
        running_per_user: int = 2,
        params_version: int = VERSION,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """running_per_user: how many jobs of one user run at once while other users wait.

        params_version: jobs with newer parameters are left to newer workers.
        """
        self._database = database
        self._lease_s = lease_s
        self._running_per_user = running_per_user
        self._max_attempts = max_attempts
        self.params_version = params_version
        self._clock = clock
        self._swept_at: float | None = None

    async def enqueue(self, connection: AsyncConnection, job_id: int) -> None:
        """The queued row itself is the queue's entry: there is nothing to add."""

    async def claim(self, worker: str) -> Claim | None:
        async with self._reading() as connection:  # an idle worker takes no write lock
            now, known = self._clock(), self.params_version
            if not await queue.anything_to_claim(
                connection, now=now, lease_s=self._lease_s, params_version=known
            ):
                return None
        await self._sweep_once_per_lease()
        async with self._writing() as connection:
            return await queue.claim_next(
                connection,
                worker=worker,
                now=self._clock(),
                lease_s=self._lease_s,
                running_per_user=self._running_per_user,
                params_version=self.params_version,
            )

    async def claim_alike(self, claim: Claim, *, limit: int) -> Sequence[Claim]:
        if limit < 1 or claim.job.batch_key is None:
            return []
        async with self._writing() as connection:
            found = await batching.companions(
                connection, claim.job, limit=limit, running_per_user=self._running_per_user
            )
            claims = await self._claim_all(connection, found, claim.worker) if found else []
            if claims:
                await queue.note_batch(connection, [claim, *claims])
            return claims

    async def _claim_all(
        self, connection: AsyncConnection, job_ids: Sequence[int], worker: str
    ) -> list[Claim]:
        now = self._clock()
        return await queue.claim_all(connection, job_ids, worker=worker, now=now, lease_s=self._lease_s)

    async def renew(self, claim: Claim, progress: Progress | None = None) -> bool:
        async with self._writing() as connection:
            return await queue.renew(connection, claim, progress, now=self._clock(), lease_s=self._lease_s)

    async def render(
        self,
        claim: Claim,
        *,
        result_blob: str,
        figures: Mapping[str, Any],
        timelapse_blob: str | None = None,
        result_clip_blob: str | None = None,
    ) -> bool:
        async with self._writing() as connection:
            return await queue.render(
                connection,
                claim,
                result_blob=result_blob,
                figures=figures,
                timelapse_blob=timelapse_blob,
                result_clip_blob=result_clip_blob,
                now=self._clock(),
            )

    async def fail(self, claim: Claim, *, error: str, reference: str) -> bool:
        async with self._writing() as connection:
            return await queue.fail(connection, claim, error=error, reference=reference, now=self._clock())

    async def release(self, claim: Claim) -> bool:
        async with self._writing() as connection:
            return await queue.release(connection, claim)

    async def sweep(self, *, dead_worker: str | None = None) -> Sequence[int]:
        async with self._writing() as connection:
            return await self._requeue(connection, dead_worker)

    async def _sweep_once_per_lease(self) -> None:
        """Workers that ask for a job also requeue the stalled ones, so that no other process has to."""
        now = self._clock()
        # Sweeps must go on after a clock was set back.
        if self._swept_at is None or not 0 <= now - self._swept_at < self._lease_s:
            await self.sweep()
            self._swept_at = now

    async def _requeue(self, connection: AsyncConnection, dead_worker: str | None) -> Sequence[int]:
        if dead_worker is not None:
            await heartbeats.remove(connection, dead_worker)
        reference = new_reference()
        changed = await queue.requeue_stalled(
            connection,
            now=self._clock(),
            lease_s=self._lease_s,
            max_attempts=self._max_attempts,
            reference=reference,
            dead_worker=dead_worker,
        )
        if changed:
            log.warning(
                "stalled jobs requeued", jobs=list(changed), dead_worker=dead_worker, reference=reference
            )
        return [*changed, *await self._give_up(connection)]

    async def _give_up(self, connection: AsyncConnection) -> Sequence[int]:
        """Fails jobs with parameters that no worker knows, once no worker has known them for a while."""
        now, reference = self._clock(), new_reference()
        await heartbeats.forget(connection, now=now)
        newest = await heartbeats.newest_params(connection, now=now)
        if newest is None:
            return []
        before = now - heartbeats.FORGOTTEN_S
        given_up = await queue.give_up_too_new(
            connection, params_version=newest, before=before, reference=reference, now=now
        )
        if given_up:
            log.error("no worker knows these jobs' parameters", jobs=list(given_up), reference=reference)
        return given_up

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[AsyncConnection]:
        try:
            async with self._database.read() as connection:
                yield connection
        except AWAY as error:
            raise EngineUnavailable(str(error)) from error

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[AsyncConnection]:
        try:
            async with self._database.begin() as connection:
                yield connection
        except AWAY as error:
            raise EngineUnavailable(str(error)) from error
