"""Takes requests from the moment they come in: written down first, then accepted as jobs, or refused."""

import time
from collections.abc import Callable

import structlog

from bot.db import AWAY, Database, one_at_a_time, while_away
from bot.domain.jobs import model
from bot.domain.jobs.model import Job
from bot.domain.limits.access import RateLimit
from bot.domain.outbox import moderation_log
from bot.domain.outbox.moderation_log import Kind
from bot.domain.requests import pending
from bot.domain.requests.pending import Pending
from bot.domain.requests.pictures import PictureStore
from bot.domain.requests.request import Limits, Request
from bot.domain.requests.submit import Enqueue, check, fetch, price, resolve, write
from bot.errors import Refusal

log = structlog.get_logger(__name__)


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
        try:
            return await while_away(max(1.0, lives_s))(self._write_down, request)
        except Refusal as refusal:
            await self._note(request, refusal)
            raise

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
        try:
            return await self._accept(request)
        except Refusal as refusal:
            await self._note(request, refusal)
            raise

    async def _note(self, request: Request, refusal: Refusal) -> None:
        """For the server's moderators. What comes too fast is not noted: it would be too much to read."""
        who = {"user_id": request.user_id, "channel_id": request.channel_id}
        try:
            async with self._database.begin() as connection:
                await moderation_log.note(
                    connection, request.guild_id, Kind.REFUSED, subject=str(refusal), now=self._clock(), **who
                )
        except AWAY as error:
            log.warning("a refusal was not noted", error=type(error).__name__)

    async def _accept(self, request: Request) -> Job | None:
        limits, workers = self._limits, self._workers
        async with self._database.read() as connection:
            draft = await resolve(connection, request)
            draft = await check(connection, draft, limits, workers=workers, now=self._clock())
        async with self._picture_store.incoming(request.user_id) as incoming:
            draft = price(await fetch(draft, incoming), limits)
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
