"""A worker records in the database that it is alive, so that ETAs take it into account."""

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
SIGN_OFF_S = 2.0


@asynccontextmanager
async def recorded_heartbeat(
    database: Database,
    *,
    name: str,
    device: str,
    every_s: float = heartbeats.EVERY_S,
    clock: Callable[[], float] = time.time,
) -> AsyncIterator[None]:
    """Keeps the worker on record as alive, even while the database is briefly away."""

    async def record() -> None:
        try:
            async with database.begin() as connection:
                await heartbeats.record(connection, name, device=device, now=clock())
        except AWAY as error:
            log.warning("the worker could not record its heartbeat", error=type(error).__name__)

    async def keep_recording() -> None:
        while True:
            await asyncio.sleep(every_s)
            await record()

    await record()
    recording = asyncio.create_task(keep_recording())
    try:
        yield
    finally:
        recording.cancel()
        await asyncio.wait({recording})
        await _sign_off(database, name)


async def _sign_off(database: Database, name: str) -> None:
    """If this fails, the worker counts as dead a little later."""
    try:
        async with asyncio.timeout(SIGN_OFF_S), database.begin() as connection:
            await heartbeats.remove(connection, name)
    except AWAY as error:
        log.info("the worker could not sign off", error=type(error).__name__)
