"""A worker says in the database that it lives, so that times to come are reckoned with it."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot.db import Database
from bot.domain.jobs import heartbeats

log = structlog.get_logger(__name__)

AWAY = (SQLAlchemyError, OSError, TimeoutError)
GOODBYE_S = 2.0


@asynccontextmanager
async def present(
    database: Database,
    *,
    name: str,
    device: str,
    every_s: float = heartbeats.EVERY_S,
    clock: Callable[[], float] = time.time,
) -> AsyncIterator[None]:
    """The worker is on record as living while the context lasts; a database that is away ends nothing."""

    async def say() -> None:
        try:
            async with database.begin() as connection:
                await heartbeats.record(connection, name, device=device, now=clock())
        except AWAY as error:
            log.warning("the worker could not say that it lives", error=type(error).__name__)

    async def say_on() -> None:
        while True:
            await asyncio.sleep(every_s)
            await say()

    await say()
    saying = asyncio.create_task(say_on())
    try:
        yield
    finally:
        saying.cancel()
        await asyncio.wait({saying})
        await _leave(database, name)


async def _leave(database: Database, name: str) -> None:
    """Where this fails the worker's silence says the same a little later."""
    try:
        async with asyncio.timeout(GOODBYE_S), database.begin() as connection:
            await heartbeats.remove(connection, name)
    except AWAY as error:
        log.info("the worker could not say goodbye", error=type(error).__name__)
