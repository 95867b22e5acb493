"""How many claims a second each job engine bears, while many workers ask at once.

    python -m benchmarks.queue [--claimers N] [--seconds S] [--jobs N] [--engine sqlite|postgresql]

The queue holds jobs of as many users, so that no cap holds anybody up. Each claimer is a process with the
real engine, which claims one job after the other and paints none. SQLite's file is in a temporary folder;
PostgreSQL is started for this run. Both have the durability of the service.
"""

import argparse
import asyncio
import json
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Barrier
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.fleet_load import job_row
from benchmarks.machine import commit, machine
from bot.db import Database
from bot.domain.jobs import model
from bot.domain.jobs.model import Claim
from bot.engines.choice import engine_for, feed_for, queue_listener_for
from bot.settings import Settings
from testbed import postgres

ENGINES = ("sqlite", "postgresql")
START_TIMEOUT_S = 120.0


@contextmanager
def database_of(engine: str) -> Iterator[str]:
    """The URL of an empty database."""
    if engine == "sqlite":
        with tempfile.TemporaryDirectory(prefix="easel-queue-") as folder:
            yield f"sqlite+aiosqlite:///{folder}/easel.db"
        return
    with postgres.running({}) as server:
        yield server.url(server.create())


async def fill(url: str, count: int) -> None:
    """Queues so many jobs, each of another user."""
    database = Database(url)
    await database.migrate()
    engine = engine_for(database, Settings(DISCORD_TOKEN=None))
    async with database.begin() as connection:
        for number in range(1, count + 1):
            await engine.enqueue(connection, await model.insert(connection, job_row(number, number)))
    await database.dispose()


async def claim_on(url: str, name: str, start: Barrier, seconds: float) -> list[float]:
    """Claims for so long, or until nobody waits; when each claim was there, by the machine's steady clock."""
    database = Database(url, checkpoints=False, connections=1)
    engine = engine_for(database, Settings(DISCORD_TOKEN=None))
    queue_listener = queue_listener_for(database)
    feed = feed_for(database, engine, queue_listener)
    claimed_at, stop = list[float](), asyncio.Event()

    async def note(_claim: Claim) -> None:
        claimed_at.append(time.monotonic())

    start.wait(START_TIMEOUT_S)
    if feed is None:
        until = time.monotonic() + seconds
        while time.monotonic() < until and (claim := await engine.claim(name)) is not None:
            await note(claim)
    else:
        asyncio.get_running_loop().call_later(seconds, stop.set)
        await feed.run(name, note, stop)
    if queue_listener is not None:
        await queue_listener.close()
    await database.dispose()
    return claimed_at


def claimer(url: str, name: str, start: Barrier, seconds: float, told: "SimpleQueue[list[float]]") -> None:
    """The body of one process."""
    told.put(asyncio.run(claim_on(url, name, start, seconds)))


def measure(engine: str, *, claimers: int, seconds: float, count: int) -> dict[str, Any]:
    """Figures of one engine. The rate is that of the time from the common start to the last claim."""
    processes = multiprocessing.get_context("spawn")
    with database_of(engine) as url:
        asyncio.run(fill(url, count))
        start, told = processes.Barrier(claimers + 1), processes.SimpleQueue()
        started = [
            processes.Process(target=claimer, args=(url, f"claimer-{number}", start, seconds, told))
            for number in range(claimers)
        ]
        for process in started:
            process.start()
        start.wait(START_TIMEOUT_S)
        began = time.monotonic()
        found = [[began, *told.get()] for _ in started]
        for process in started:
            process.join()
    took_s = sorted(after - before for one in found for before, after in pairwise(one))
    passed_s = max(one[-1] for one in found) - began
    return {
        "engine": engine,
        "claimers": claimers,
        "claims": len(took_s),
        "claims_per_s": round(len(took_s) / passed_s, 1) if passed_s else 0.0,
        "claim_s": {"median": _at(took_s, 0.5), "p95": _at(took_s, 0.95), "longest": _at(took_s, 1.0)},
        "all_claimed": len(took_s) == count,
    }


def _at(ordered: list[float], quantile: float) -> float | None:
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * quantile))], 3) if ordered else None


def table_of(found: list[dict[str, Any]]) -> Table:
    """For eyes, and for pasting into a page."""
    table = Table("engine", "claimers", "claims/s", "a claim: median", "95 %", "longest", box=box.MARKDOWN)
    for one in found:
        times = [f"{one['claim_s'][key]} s" for key in ("median", "p95", "longest")]
        table.add_row(one["engine"], str(one["claimers"]), str(one["claims_per_s"]), *times)
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--claimers", type=int, default=16, help="processes that claim at once")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--jobs", type=int, default=2000, help="that wait at the start")
    parser.add_argument("--engine", action="append", choices=ENGINES, help="only this one")
    options = parser.parse_args()
    found = [
        measure(engine, claimers=options.claimers, seconds=options.seconds, count=options.jobs)
        for engine in options.engine or ENGINES
    ]
    above = {"machine": machine(), "commit": commit()}
    console = Console(stderr=True, width=120)
    console.print(f"{above['machine']}, commit {above['commit']}", highlight=False)
    console.print(table_of(found))
    json.dump({**above, "found": found}, sys.stdout)
    print()


if __name__ == "__main__":
    main()
