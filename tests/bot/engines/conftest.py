"""The engine for many machines on a PostgreSQL database of the test's own."""

from collections.abc import AsyncIterator

import pytest

from tests.support.clock import Clock
from tests.support.engine import EngineHarness, open_procrastinate


@pytest.fixture
async def harness(postgres_url: str) -> AsyncIterator[EngineHarness]:
    clock = Clock()
    async with open_procrastinate(postgres_url, clock) as (database, engine):
        yield EngineHarness(database, engine, clock)
