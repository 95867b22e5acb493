"""The engine for many machines on a PostgreSQL database of the test's own."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from bot.db import Database
from bot.engines.procrastinate import ProcrastinateEngine
from bot.engines.protocol import JobEngine
from tests.support.engine import Clock, EngineHarness
from tests.support.rows import LEASE_S


@asynccontextmanager
async def open_procrastinate(
    url: str, clock: Callable[[], float]
) -> AsyncIterator[tuple[Database, JobEngine]]:
    database = Database(url)
    try:
        yield database, ProcrastinateEngine(database, lease_s=LEASE_S, max_attempts=3, clock=clock)
    finally:
        await database.dispose()


@pytest.fixture
async def harness(postgres_url: str) -> AsyncIterator[EngineHarness]:
    clock = Clock()
    async with open_procrastinate(postgres_url, clock) as (database, engine):
        yield EngineHarness(database, engine, clock)
