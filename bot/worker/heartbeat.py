"""A worker says that it is alive: to its supervisor every second, and in the database, for ETAs."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final

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


STDOUT: Final = 1
EVERY_S: Final = 1.0
BEAT: Final = b"."


@asynccontextmanager
async def beats(*, file: int = STDOUT, every_s: float = EVERY_S) -> AsyncIterator[None]:
    """Beats while the block runs. A frozen process, or a blocked event loop, is silent."""
    if hasattr(os, "set_blocking"):  # Windows has it from Python 3.12 on
        os.set_blocking(file, False)  # a frozen supervisor must not block its workers
    beating = asyncio.create_task(_beat(file, every_s))
    try:
        yield
    finally:
        beating.cancel()
        await asyncio.wait({beating})


async def _beat(file: int, every_s: float) -> None:
    while True:
        with suppress(OSError):  # a supervisor that is gone has closed our stdin too
            os.write(file, BEAT)
        await asyncio.sleep(every_s)
