"""The loop that sends what is in the outbox, see `bot.domain.outbox.schedule`.

A runner leases rows of its kind, sends each in a task of its own, and records the outcome: sent, to be tried
again later, or given up. All it knows is in the database, so a restart continues where it stopped.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import ClassVar, Generic, Protocol, TypeVar

import discord
import structlog
from sqlalchemy import Table
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.chat.ui.interaction import Services, new_holder
from bot.chat.ui.troubles import TROUBLES, Outcome, outcome_of
from bot.domain.outbox import schedule
from bot.domain.outbox.schedule import LEASE_S, Key
from bot.media.blobs.protocol import BlobMissing

log = structlog.get_logger(__name__)

MAX_PAUSE_S = 300.0


class Row(Protocol):
    """What a runner knows of its rows; tries: how often sending it was begun, this time included."""

    @property
    def key(self) -> Key: ...
    @property
    def tries(self) -> int: ...


Sent = TypeVar("Sent", bound=Row)


class OutboxRunner(ABC, Generic[Sent]):
    """Sends one kind of row through `client`.

    timeout_s: for one try, None where only Discord says how long to wait; limit: rows in flight at once;
    max_tries: before a row is given up whose error does not tell whether another try is any use.
    """

    table: ClassVar[Table]
    poll_s: ClassVar[float]
    timeout_s: ClassVar[float | None] = None
    limit: int
    max_tries: ClassVar[float] = 40

    def __init__(
        self, *, client: discord.Client, services: Services, notice: asyncio.Event | None = None
    ) -> None:
        """notice: set when there may be something to send before the next poll."""
        self._client = client
        self._services = services
        self._notice = notice or asyncio.Event()
        self._name = new_holder()
        self._in_flight: set[Key] = set()
        self._renewed_at = 0.0

    @abstractmethod
    async def claim(self, *, now: float, limit: int) -> Sequence[Sent]:
        """Leases rows that may be sent now."""

    @abstractmethod
    async def send(self, row: Sent) -> None:
        """Sends one, and settles its row."""

    @abstractmethod
    async def give_up(self, connection: AsyncConnection, row: Sent, error: Exception) -> None:
        """Settles a row that cannot be sent."""

    @abstractmethod
    def context(self, row: Sent) -> Mapping[str, object]:
        """What log lines about a row carry."""

    def is_hopeless(self, row: Sent, error: Exception) -> bool:
        """Whether another try would be no use.

        An outage is waited for, however long it takes; other errors may be a defect that stays.
        """
        outcome = outcome_of(error)
        if outcome in {Outcome.SOME_TIMES, Outcome.OTHER_MESSAGE}:
            return row.tries >= self.max_tries
        return outcome is not Outcome.LATER

    async def run(self) -> None:
        """Works until cancelled, waiting for the client to be ready first."""
        await self._client.wait_until_ready()
        async with asyncio.TaskGroup() as group:
            while True:
                try:
                    for row in await self._next():
                        group.create_task(self._try(row))
                except (SQLAlchemyError, OSError) as error:
                    log.warning(
                        "the outbox could not be read", of=self.table.name, error=type(error).__name__
                    )
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._notice.wait(), self.poll_s)
                self._notice.clear()

    async def poll(self) -> int:
        """Sends what may be sent now, and returns how many rows that were."""
        rows = await self._next()
        await asyncio.gather(*map(self._try, rows))
        return len(rows)

    async def _next(self) -> Sequence[Sent]:
        now = self._services.clock()
        await self._renew(now)
        free = self.limit - len(self._in_flight)
        rows = await self.claim(now=now, limit=free) if free > 0 else []
        self._in_flight |= {row.key for row in rows}
        return rows

    async def _renew(self, now: float) -> None:
        """Renews the leases of slow ones."""
        if not self._in_flight:
            self._renewed_at = now
        elif now - self._renewed_at >= LEASE_S / 4:
            async with self._services.database.begin() as connection:
                await schedule.renew(connection, self.table, self._in_flight, now=now, holder=self._name)
            self._renewed_at = now

    async def _try(self, row: Sent) -> None:
        with structlog.contextvars.bound_contextvars(**self.context(row)):
            try:
                await self._send_or_record(row)
            except (SQLAlchemyError, OSError) as error:
                # Its lease runs out and it is sent again, which does no harm.
                log.warning("the outbox could not be written", of=self.table.name, error=type(error).__name__)
            finally:
                self._in_flight.discard(row.key)

    async def _send_or_record(self, row: Sent) -> None:
        try:
            async with asyncio.timeout(self.timeout_s):
                await self.send(row)
        except Exception as error:  # noqa: BLE001 - one row must not stop the others
            await self._record_failure(row, error)

    async def _record_failure(self, row: Sent, error: Exception) -> None:
        hopeless = self.is_hopeless(row, error)
        foreseen = isinstance(error, (*TROUBLES, SQLAlchemyError, BlobMissing))
        (log.warning if foreseen else log.exception)(
            "given up" if hopeless else "put off", of=self.table.name, error=describe(error), tries=row.tries
        )
        async with self._services.database.begin() as connection:
            if hopeless:
                await self.give_up(connection, row, error)
            else:
                pause_s = min(MAX_PAUSE_S, 2.0 ** min(row.tries, 9))
                due_at = self._services.clock() + pause_s
                await schedule.retry_later(
                    connection, self.table, row.key, due_at=due_at, error=describe(error)
                )


def describe(error: Exception) -> str:
    """An error for the operator: its type, and Discord's status and code."""
    parts = (type(error).__name__, getattr(error, "status", None), getattr(error, "code", None))
    return " ".join(str(part) for part in parts if part is not None)
