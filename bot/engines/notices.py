"""PostgreSQL's notices (LISTEN/NOTIFY). They only save time: polling finds whatever they announce, too."""

import asyncio
import random
import time
from collections.abc import Callable
from contextlib import aclosing
from typing import Any

import structlog
from psycopg import AsyncConnection, Error
from psycopg.sql import SQL, Identifier
from sqlalchemy.engine import make_url

from bot.db import POSTGRESQL

log = structlog.get_logger(__name__)

JOBS = "easel_jobs"
"""The channel on which PostgreSQL announces that a job's state changed. Source: migration 0008."""
AWAY = (Error, OSError)
RECONNECT_S = 1.0
CHECK_S = 30.0
MIN_EAGERNESS = 1 / 1024
LESS, MORE = 0.75, 2.0
"""With these, about three idle workers react to a notice, however many there are; seldom none does."""


async def connect(url: str) -> AsyncConnection[Any]:
    """A connection outside the pool, which would forget what it listens to. `url` is SQLAlchemy's."""
    target = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    return await AsyncConnection.connect(target, autocommit=True, **POSTGRESQL)


async def _listen(connection: AsyncConnection[Any], channel: str) -> None:
    await connection.execute(SQL("LISTEN {}").format(Identifier(channel)))


class Listener:
    """Calls `heard` after every notice on a channel, and whenever some may have been missed."""

    def __init__(self, url: str, channel: str, heard: Callable[[], None]) -> None:
        self._url = url
        self._channel = channel
        self._heard = heard

    async def run(self) -> None:
        """Listens until cancelled; a connection that breaks is opened again."""
        while True:
            try:
                await self._follow()
            except AWAY as error:
                log.warning("nobody listens to the database", error=type(error).__name__)
            await asyncio.sleep(RECONNECT_S)

    async def _follow(self) -> None:
        async with await connect(self._url) as connection:
            await _listen(connection, self._channel)
            log.info("listening to the database", channel=self._channel)
            self._heard()
            while True:
                async with aclosing(connection.notifies(timeout=CHECK_S)) as notices:
                    async for _ in notices:
                        self._heard()
                async with asyncio.timeout(CHECK_S):
                    await connection.execute("SELECT 1")


class QueueListener:
    """Wakes an idle worker when a job is queued.

    A busy worker does not listen, because each notice wakes the server's process behind every listener. And
    one new job should not wake many idle workers: one that is woken for nothing reacts to fewer notices.
    """

    def __init__(self, url: str, channel: str) -> None:
        self._url = url
        self._channel = channel
        self._connection: AsyncConnection[Any] | None = None
        self._listens = False
        self._woken = False
        self._eagerness = 1.0

    async def wait(self, timeout_s: float) -> bool:
        """Waits for work for about `timeout_s`; to be called after each poll that found nothing.

        True: a notice came.
        """
        if self._woken:
            self._eagerness = max(MIN_EAGERNESS, self._eagerness * LESS)
        until = time.monotonic() + timeout_s * random.uniform(0.75, 1.25)  # noqa: S311 - spreads the polls
        try:
            self._woken = await self._notified(until)
        except AWAY as error:
            log.info("no notices of new jobs", error=type(error).__name__)
            await self.close()
            self._woken = False
            await asyncio.sleep(max(0.0, until - time.monotonic()))
        return self._woken

    async def _notified(self, until: float) -> bool:
        if self._connection is None:
            self._connection = await connect(self._url)
        if not self._listens:
            await _listen(self._connection, self._channel)
            self._listens = True
            return False  # poll once more: a job may have come before
        async with aclosing(self._connection.notifies(timeout=max(0.0, until - time.monotonic()))) as notices:
            async for _ in notices:
                if random.random() < self._eagerness:  # noqa: S311 - a draw, not a secret
                    return True
        return False

    async def found(self) -> None:
        """There was work; stops listening until the next `wait`."""
        # Found by polling: it should have reacted to the notice.
        self._eagerness = min(1.0, self._eagerness * MORE) if self._woken else 1.0
        if self._connection is None or not self._listens:
            return
        self._listens = False
        try:
            await self._connection.execute("UNLISTEN *")
        except AWAY:
            await self.close()

    async def close(self) -> None:
        connection, self._connection, self._listens = self._connection, None, False
        if connection is not None:
            await connection.close()
