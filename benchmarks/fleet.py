"""How many workers one PostgreSQL and the engine for many machines carry.

    python -m benchmarks.fleet [--workers N] [--seconds S] [--times S,S,...] [--processes N]

The database is a real one, started for this run with its default durability; the engine is the real one; only
the painting is a sleep, drawn from `--times` (measured ones, where you have them) with a spread of a fifth.
Three phases: a fifth of the load that the workers can bear, nine tenths of it, and a crowd: one person with
half of all jobs, who came first, and ten others.
"""

import argparse
import asyncio
import itertools
import json
import random
import statistics
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.table import Table
from sqlalchemy import text

from benchmarks.machine import commit, machine
from bot.db import Database
from bot.engines.procrastinate import ProcrastinateEngine
from bot.features import deliveries, jobs
from bot.features.deliveries import Address
from tests import postgres
from tests.postgres import Server

BLOB = "0" * 64
ADDRESS = Address(
    interaction_token="t" * 200, token_until=0.0, filesize_limit=10_000_000, channel_reachable=True
)
CALLS = "SELECT coalesce(sum(calls), 0)::bigint FROM pg_stat_statements WHERE query NOT LIKE '%pg_stat_%'"
WAL_BYTES = "SELECT wal_bytes::bigint FROM pg_stat_wal"
SESSIONS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
STORED = (
    "SELECT sum(pg_total_relation_size(oid))::bigint FROM pg_class WHERE relname IN ('jobs', 'deliveries')"
)
LINE = "SELECT count(*) FROM jobs WHERE state IN ('queued', 'running')"
USERS = 200


class Gateway:
    """Submits jobs as a gateway does, each in one transaction, and asks the database what came of them."""

    def __init__(self, database: Database, lots: random.Random) -> None:
        self._database = database
        self._engine = ProcrastinateEngine(database, lease_s=20.0, max_attempts=3)
        self._lots = lots
        self._numbers = itertools.count(1)

    async def submit(self, user_id: int) -> None:
        values = {
            "interaction_id": next(self._numbers),
            "user_id": user_id,
            "guild_id": user_id % 20,
            "channel_id": 1,
            "private": False,
            "look": {"quality": "standard"},
            "style_name": "Starry Night",
            "params": {"size": 512, "steps": 500, "seed": 7, "optimiser": "lbfgs"},
            "cost": 1.0,
            "content_blob": BLOB,
            "style_blob": BLOB,
            "created_at": time.time(),
        }
        async with self._database.begin() as connection:
            job_id = await jobs.insert(connection, values)
            await deliveries.open_for(connection, job_id, ADDRESS)
            await self._engine.enqueue(connection, job_id)

    async def stream(self, rate: float, seconds: float) -> None:
        """Jobs at random moments, `rate` a second; few of the users ask for most of the pictures."""
        weights = [1 / rank for rank in range(1, USERS + 1)]
        until, next_at = time.monotonic() + seconds, time.monotonic()
        async with asyncio.TaskGroup() as group:
            while (next_at := next_at + self._lots.expovariate(rate)) < until:
                await asyncio.sleep(max(0.0, next_at - time.monotonic()))
                (user_id,) = self._lots.choices(range(1, USERS + 1), weights)
                group.create_task(self.submit(user_id))

    async def crowd(self, count: int) -> None:
        """Half of `count` jobs are user 1's, who comes first; users 2 to 11 share the rest."""
        for number in range(count):
            await self.submit(1 if number < count // 2 else 2 + number % 10)

    async def drained(self) -> None:
        while await self.number(LINE):  # noqa: ASYNC110 - the workers are other processes
            await asyncio.sleep(0.5)

    async def number(self, query: str) -> int:
        async with self._database.begin() as connection:
            return int((await connection.execute(text(query))).scalar_one())

    async def waits(self, since: float) -> list[tuple[int, float]]:
        """Each job's user, and its seconds from the submission to its start."""
        query = text("SELECT user_id, started_at - created_at FROM jobs WHERE created_at >= :since")
        async with self._database.read() as connection:
            found = await connection.execute(query, {"since": since})
            return [(user, wait) for user, wait in found if wait is not None]


def quantiles_s(waits: Iterable[float]) -> dict[str, float]:
    ordered = sorted(waits)
    if not ordered:
        return {}
    at = {"median": 0.5, "p95": 0.95, "p99": 0.99, "longest": 1.0}
    return {name: round(ordered[min(len(ordered) - 1, int(len(ordered) * q))], 4) for name, q in at.items()}


async def phase(gateway: Gateway, submitting: Any) -> dict[str, Any]:
    """Figures of one phase, from its first submission until its last picture."""
    since, calls, wal = time.time(), await gateway.number(CALLS), await gateway.number(WAL_BYTES)
    stored = await gateway.number(STORED)
    await submitting
    submitted_s = time.time() - since
    sessions = await gateway.number(SESSIONS)
    await gateway.drained()
    waits = await gateway.waits(since)
    count = max(1, len(waits))
    by_user: dict[int, list[float]] = {}
    for user_id, wait in waits:
        by_user.setdefault(user_id, []).append(wait)
    means = {user_id: round(statistics.mean(found), 3) for user_id, found in by_user.items()}
    return {
        "jobs": len(waits),
        "seconds": round(time.time() - since, 1),
        "submitted_per_s": round(len(waits) / submitted_s, 2),
        "jobs_per_s": round(len(waits) / (time.time() - since), 2),
        "submit_to_start_s": quantiles_s(wait for _, wait in waits),
        "mean_wait_s_of_user_1": means.get(1),
        "mean_wait_s_of_others": round(
            statistics.mean([mean for user_id, mean in means.items() if user_id != 1] or [0.0]), 3
        ),
        "statements_per_job": round((await gateway.number(CALLS) - calls) / count, 1),
        "statements_per_s": round((await gateway.number(CALLS) - calls) / (time.time() - since), 1),
        "wal_bytes_per_job": (await gateway.number(WAL_BYTES) - wal) // count,
        "stored_bytes_per_job": (await gateway.number(STORED) - stored) // count,
        "connections": sessions,
    }


async def start(url: str, options: argparse.Namespace) -> list[Process]:
    """The simulated workers, spread over some processes."""
    processes = []
    for number in range(options.processes):
        count = len(range(number, options.workers, options.processes))
        arguments = (url, str(count), json.dumps(options.times), str(number))
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "benchmarks.fleet_worker", *arguments), stdin=PIPE, stdout=PIPE
        )
        assert process.stdout is not None
        await process.stdout.readline()
        processes.append(process)
    return processes


async def end(processes: list[Process]) -> Counter[str]:
    met: Counter[str] = Counter()
    for process in processes:
        assert process.stdin is not None
        process.stdin.close()
    for process in processes:
        told, _ = await process.communicate()
        met.update(json.loads(told))
    return met


async def measure(server: Server, options: argparse.Namespace) -> dict[str, Any]:
    url = server.url(server.create())
    database = Database(url)
    await database.migrate()
    gateway = Gateway(database, random.Random(options.seed))
    async with database.begin() as connection:
        await connection.execute(text("CREATE EXTENSION pg_stat_statements"))
    processes = await start(url, options)
    try:
        await asyncio.sleep(3 + options.workers * 0.01)  # every worker has looked once
        idle_calls, idle_s = await gateway.number(CALLS), 5.0
        await asyncio.sleep(idle_s)
        idle = round((await gateway.number(CALLS) - idle_calls) / idle_s, 1)
        bears = options.workers / statistics.mean(options.times)
        phases = {
            "a fifth": await phase(gateway, gateway.stream(bears * 0.2, options.seconds)),
            "nine tenths": await phase(gateway, gateway.stream(bears * 0.9, options.seconds)),
            "a crowd": await phase(gateway, gateway.crowd(4 * options.workers)),
        }
    finally:
        met = await end(processes)
        await database.dispose()
    return {"bears_jobs_per_s": round(bears, 2), "idle_statements_per_s": idle, "phases": phases, "met": met}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--workers", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=30.0, help="of each phase but the crowd")
    parser.add_argument(
        "--times",
        type=lambda text: [float(one) for one in text.split(",")],
        default=[10.0, 15.0, 20.0],
        help="seconds of painting",
    )
    parser.add_argument("--processes", type=int, default=2, help="that the simulated workers are spread over")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    settings = {
        "max_connections": str(2 * options.workers + 50),
        "shared_preload_libraries": "pg_stat_statements",
    }
    with postgres.running(settings) as server:
        figures = asyncio.run(measure(server, options))
    above = {"machine": machine(), "commit": commit(), "workers": options.workers, "times_s": options.times}
    table = Table(
        "phase", "jobs", "jobs/s", "to start: median", "p95", "statements/job", "statements/s", "WAL/job"
    )
    for name, found in figures["phases"].items():
        wait = found["submit_to_start_s"]
        table.add_row(
            *(name, str(found["jobs"]), str(found["jobs_per_s"])),
            *(f"{1000 * wait.get('median', 0):.0f} ms", f"{1000 * wait.get('p95', 0):.0f} ms"),
            *(str(found["statements_per_job"]), str(found["statements_per_s"])),
            f"{found['wal_bytes_per_job'] / 1024:.1f} KiB",
        )
    Console(stderr=True).print(table)
    print(json.dumps({**above, **figures}))


if __name__ == "__main__":
    main()
