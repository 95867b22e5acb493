"""The engine without a server."""

import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from bot.db import Database
from bot.engines.local import LocalEngine
from bot.engines.protocol import EngineUnavailable, JobEngine
from tests.bot.engines.conformance import Conformance, Opened
from tests.support.databases import url_of
from tests.support.rows import LEASE_S


@asynccontextmanager
async def open_local(url: str, clock: Callable[[], float]) -> AsyncIterator[tuple[Database, JobEngine]]:
    database = Database(url)
    try:
        yield database, LocalEngine(database, lease_s=LEASE_S, max_attempts=3, clock=clock)
    finally:
        await database.dispose()


class TestLocalEngine(Conformance):
    @staticmethod
    def open(url: str, clock: Callable[[], float]) -> Opened:
        return open_local(url, clock)


async def test_an_idle_worker_waits_for_no_writer(database: Database, tmp_path: Path) -> None:
    engine = LocalEngine(database, lease_s=LEASE_S, max_attempts=3)
    with closing(sqlite3.connect(tmp_path / "easel.db", isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        assert await engine.claim("w") is None
        writer.execute("ROLLBACK")


async def test_a_database_that_is_not_ready_is_unavailable_until_it_is(tmp_path: Path) -> None:
    database = Database(url_of(tmp_path / "later.db"))
    engine = LocalEngine(database, lease_s=LEASE_S, max_attempts=3)
    with pytest.raises(EngineUnavailable, match="no such table"):
        await engine.claim("w")
    with pytest.raises(EngineUnavailable, match="no such table"):
        await engine.sweep()
    await database.migrate()
    assert await engine.claim("w") is None
    await database.dispose()


async def test_a_database_whose_folder_is_missing_is_unavailable(tmp_path: Path) -> None:
    database = Database(url_of(tmp_path / "missing" / "easel.db"))
    engine = LocalEngine(database, lease_s=LEASE_S, max_attempts=3)
    with pytest.raises(EngineUnavailable, match="unable to open"):
        await engine.claim("w")
    await database.dispose()
