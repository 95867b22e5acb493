"""A worker's heartbeat."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.db import Database
from bot.domain.jobs import heartbeats
from bot.worker.heartbeat import BEAT, beats, recorded_heartbeat
from tests.support.away import Away
from tests.support.databases import BOTH, url_of
from tests.support.rows import NOW

TIMEOUT_S = 30.0


async def until_living(database: Database, count: int, clock: Callable[[], float]) -> None:
    async with asyncio.timeout(TIMEOUT_S):
        while True:
            async with database.read() as connection:
                if await heartbeats.count_living(connection, now=clock()) == count:
                    return
            await asyncio.sleep(0.005)


@pytest.mark.parametrize("url", BOTH, indirect=True)
async def test_a_worker_is_on_record_until_it_stops(database: Database) -> None:
    now = [NOW]

    def clock() -> float:
        return now[0]

    async with recorded_heartbeat(database, name="w", device="cpu", every_s=0.01, clock=clock):
        await until_living(database, 1, clock)
        now[0] += 10 * heartbeats.SILENT_S
        await until_living(database, 1, clock)
    await until_living(database, 0, clock)


async def test_a_database_that_is_away_ends_nothing_and_is_told_once_it_is_back(tmp_path: Path) -> None:
    database = Away(url_of(tmp_path / "later.db"))
    async with recorded_heartbeat(database, name="w", device="cpu", every_s=0.01, clock=lambda: NOW):
        await database.refuses(times=3)
        await database.migrate()
        await until_living(database, 1, lambda: NOW)
    await database.dispose()


async def test_a_broken_worker_s_error_leaves_as_itself(database: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        async with recorded_heartbeat(database, name="w", device="cpu", clock=lambda: NOW):
            raise ZeroDivisionError
    await until_living(database, 0, lambda: NOW)


async def test_a_worker_beats_and_then_is_silent() -> None:
    reading, writing = os.pipe()
    async with beats(file=writing, every_s=0.001):
        heard = b""
        while len(heard) < 3:
            heard += await asyncio.to_thread(os.read, reading, 1)
    os.close(writing)
    assert set(heard + os.read(reading, 1024)) == set(BEAT)
    assert os.read(reading, 1) == b""
    os.close(reading)


async def test_a_supervisor_that_does_not_listen_or_is_gone_holds_nothing_up() -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with_room = True
    while with_room:
        try:
            os.write(writing, b"." * 65536)
        except BlockingIOError:
            with_room = False
    async with beats(file=writing, every_s=0.001):
        await asyncio.sleep(0.01)
        os.close(reading)
        await asyncio.sleep(0.01)
    os.close(writing)
