"""The load model: simulated workers do real jobs of the real engine."""

import argparse
import asyncio
import random

from benchmarks.fleet import Gateway, end, quantiles_s, start
from bot.db import Database
from tests.bot.conftest import postgres_database, postgres_server, postgres_url

__all__ = ["postgres_database", "postgres_server", "postgres_url"]


async def test_simulated_workers_render_every_job_once(postgres_url: str) -> None:
    database = Database(postgres_url)
    gateway = Gateway(database, random.Random(1))
    options = argparse.Namespace(workers=3, processes=2, times=[0.05])
    processes = await start(postgres_url, options)
    async with asyncio.timeout(60):
        await gateway.crowd(10)
        await gateway.drained()
        met = await end(processes)
    assert met["rendered"] == 10
    assert met["lost"] == 0
    waits = await gateway.waits(0.0)
    assert len(waits) == 10
    assert [user for user, _ in waits].count(1) == 5
    await database.dispose()


def test_quantiles_are_of_the_times_given() -> None:
    assert quantiles_s(range(100)) == {"median": 50, "p95": 95, "p99": 99, "longest": 99}
    assert quantiles_s([]) == {}
