"""Takes requests from the moment they come in: written down first, then accepted as jobs, or refused."""

import time
from collections.abc import Callable

from bot.db import Database, one_at_a_time, while_away
from bot.domain.jobs import model
from bot.domain.jobs.model import Job
from bot.domain.limits.access import RateLimit
from bot.domain.requests import pending
from bot.domain.requests.pending import Pending
from bot.domain.requests.pictures import PictureStore
from bot.domain.requests.request import Limits, Request
from bot.domain.requests.submit import Enqueue, check, fetch, price, resolve, write


class Submitter:
    """Writes requests down, and takes them through all five steps."""

    def __init__(
        self,
        *,
        database: Database,
        enqueue: Enqueue,
        picture_store: PictureStore,
        limits: Limits,
        holder: str,
        workers: int = 1,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """holder: leases what is written down here; workers: how many this machine has."""
        self._database = database
        self._enqueue = enqueue
        self._picture_store = picture_store
        self._limits = limits
        self._holder = holder
        self._workers = workers
        self._clock = clock
        self._rate_limit = RateLimit()

    async def write_down(self, request: Request) -> bool:
        """Checks what needs no picture, and writes the request down; tries for as long as its token lives.

        False: the interaction came twice, and the other time it is written down, or has its job already.

        Raises:
            Refusal: with a sentence for the user; then nothing is written.
        """
        self._check_rate(request)
        lives_s = request.address.token_until - self._clock()
        return await while_away(max(1.0, lives_s))(self._write_down, request)

    async def _write_down(self, request: Request) -> bool:
        async with self._database.read() as connection:
            if await model.of_interaction(connection, request.interaction_id) is not None:
                return False
            draft = await resolve(connection, request)
            await check(connection, draft, self._limits, workers=self._workers, now=self._clock())
        async with self._database.begin() as connection:
            return await pending.add(connection, Pending.of(request), holder=self._holder, now=self._clock())

    async def accept(self, request: Request) -> Job | None:
        """Queues the job of a request that was written down, whose row goes in the same transaction.

        None: the lease is lost, so that another process does it, or the person had their data deleted.

        Raises:
            Refusal: with a sentence for the user; then there is no job, and the row is still there.
        """
        limits, workers = self._limits, self._workers
        async with self._database.read() as connection:
            draft = await resolve(connection, request)
            draft = await check(connection, draft, limits, workers=workers, now=self._clock())
        async with self._picture_store.incoming(request.user_id) as incoming:
            draft = price(await fetch(draft, incoming))
            async with self._database.begin() as connection:
                # In the order in which `/mydata delete` locks them too.
                await one_at_a_time(connection, request.user_id, request.guild_id or 0)
                if not await pending.end(connection, request.interaction_id, holder=self._holder):
                    return None
                return await write(
                    connection, draft, limits, enqueue=self._enqueue, workers=workers, now=self._clock()
                )

    def _check_rate(self, request: Request) -> None:
        now, limits = self._clock(), self._limits
        self._rate_limit.take(f"user {request.user_id}", limit=limits.requests_per_minute, now=now)
        if request.guild_id is not None:
            limit = limits.requests_per_minute_of_server
            self._rate_limit.take(f"guild {request.guild_id}", limit=limit, now=now)
