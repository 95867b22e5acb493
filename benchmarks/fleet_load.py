"""The load of `benchmarks.fleet`: jobs that a gateway submits, simulated workers, and what both cost."""

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
from collections.abc import Awaitable, Iterable
from dataclasses import dataclass
from typing import Any, Self

import psutil
from sqlalchemy import text

from bot.db import Database
from bot.domain.jobs import model
from bot.domain.jobs.model import Address
from bot.domain.outbox import deliveries
from bot.engines.procrastinate import ProcrastinateEngine
from testbed.postgres import Server

BLOB = "0" * 64
ADDRESS = Address(
    interaction_token="t" * 200, token_until=0.0, filesize_limit=10_000_000, channel_reachable=True
)
CALLS = "SELECT coalesce(sum(calls), 0)::bigint FROM pg_stat_statements WHERE query NOT LIKE '%pg_stat_%'"
TRANSACTIONS = "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()"
WAL_BYTES = "SELECT wal_bytes::bigint FROM pg_stat_wal"
SESSIONS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
STORED = (
    "SELECT sum(pg_total_relation_size(oid))::bigint FROM pg_class WHERE relname IN ('jobs', 'deliveries')"
)
LINE = "SELECT count(*) FROM jobs WHERE state IN ('queued', 'running')"
USERS = 200
NOT_COUNTED = 10_000
"""Users from here on keep the workers busy; nobody asks how long they wait."""
CROWD = 3
"""Jobs per worker in a crowd."""
IDLE_S = 5.0


def job_row(number: int, user_id: int) -> dict[str, Any]:
    """What `jobs.insert` needs for the request of that number."""
    return {
        "interaction_id": number,
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


class Gateway:
    """Submits jobs as a gateway does, each in one transaction, and asks the database what came of them."""

    def __init__(self, database: Database, lots: random.Random) -> None:
        self._database = database
        self._engine = ProcrastinateEngine(database, lease_s=20.0, max_attempts=3)
        self._lots = lots
        self._numbers = itertools.count(1)

    async def submit(self, user_id: int) -> None:
        values = job_row(next(self._numbers), user_id)
        async with self._database.begin() as connection:
            job_id = await model.insert(connection, values)
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

    async def crowd(self, workers: int) -> None:
        """A job for each worker, each of somebody else; as many of user 1's; as many of users 2 to 11."""
        for number in range(workers):
            await self.submit(NOT_COUNTED + number)
        for _ in range(workers):
            await self.submit(1)
        for number in range(workers):
            await self.submit(2 + number % 10)

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

    async def starting_s(self, since: float) -> float:
        """From the first start to the last."""
        query = text("SELECT max(started_at) - min(started_at) FROM jobs WHERE created_at >= :since")
        async with self._database.read() as connection:
            return float((await connection.execute(query, {"since": since})).scalar_one() or 0.0)


def quantiles_s(waits: Iterable[float]) -> dict[str, float]:
    ordered = sorted(waits)
    if not ordered:
        return {}
    at = {"median": 0.5, "p95": 0.95, "p99": 0.99, "longest": 1.0}
    return {name: round(ordered[min(len(ordered) - 1, int(len(ordered) * q))], 4) for name, q in at.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Counters of the server and of the machine at one moment; their differences are what something cost.

    server_cpu_s: of the server's processes. busy_s, all_s: of all cores of the machine.
    """

    at: float
    calls: float
    transactions: float
    wal_bytes: float
    stored_bytes: float
    server_cpu_s: float
    busy_s: float
    all_s: float

    @classmethod
    async def take(cls, gateway: Gateway, server: Server) -> Self:
        cores = psutil.cpu_times()
        # Guests' time is in the users' already.
        all_s = sum(cores) - getattr(cores, "guest", 0.0) - getattr(cores, "guest_nice", 0.0)
        return cls(
            at=time.time(),
            calls=await gateway.number(CALLS),
            transactions=await gateway.number(TRANSACTIONS),
            wal_bytes=await gateway.number(WAL_BYTES),
            stored_bytes=await gateway.number(STORED),
            server_cpu_s=_cpu_s(server.pid),
            busy_s=all_s - cores.idle - getattr(cores, "iowait", 0.0),
            all_s=all_s,
        )

    def since(self, earlier: Self) -> dict[str, float]:
        return {name: getattr(self, name) - getattr(earlier, name) for name in self.__slots__}


def _cpu_s(pid: int) -> float:
    """Of a process, its children, and those of them that have ended."""
    postmaster = psutil.Process(pid)
    total = sum(postmaster.cpu_times()[:4])
    for child in postmaster.children(recursive=True):
        try:
            total += sum(child.cpu_times()[:2])
        except psutil.NoSuchProcess:
            continue
    return float(total)


async def phase(
    gateway: Gateway, server: Server, submitting: Awaitable[None], *, at_once: int = 1
) -> dict[str, Any]:
    """Figures of one phase, from its first submission until its last picture.

    at_once: how many start in the first instant. Rates are those of the time in which jobs are submitted, or,
    where all come at once, of the whole phase.
    """
    before = await Reading.take(gateway, server)
    await submitting
    submitted = await Reading.take(gateway, server)
    sessions = await gateway.number(SESSIONS)
    await gateway.drained()
    spent = (await Reading.take(gateway, server)).since(before)
    waits = await gateway.waits(before.at)
    count = max(1, len(waits))
    under_load = spent if at_once > 1 else submitted.since(before)
    starting_s = await gateway.starting_s(before.at)
    return {
        "jobs": len(waits),
        "seconds": round(spent["at"], 1),
        "jobs_per_s": round(max(0, len(waits) - at_once) / starting_s, 2) if starting_s else 0.0,
        "submit_to_start_s": quantiles_s(wait for _, wait in waits),
        **waits_by_user(waits),
        "statements_per_job": round(spent["calls"] / count, 1),
        "transactions_per_job": round(spent["transactions"] / count, 1),
        "server_cpu_ms_per_job": round(1000 * spent["server_cpu_s"] / count, 1),
        "wal_bytes_per_job": round(spent["wal_bytes"] / count),
        "stored_bytes_per_job": round(spent["stored_bytes"] / count),
        **_rates(under_load),
        "connections": sessions,
    }


def _rates(spent: dict[str, float]) -> dict[str, float]:
    return {
        "statements_per_s": round(spent["calls"] / spent["at"], 1),
        "server_cores": round(spent["server_cpu_s"] / spent["at"], 3),
        "machine_busy": round(spent["busy_s"] / spent["all_s"], 3),
    }


def waits_by_user(waits: Iterable[tuple[int, float]]) -> dict[str, float | None]:
    """Means by user: user 1, and the quickest and the slowest served of all others."""
    by_user: dict[int, list[float]] = {}
    for user_id, wait in waits:
        if user_id < NOT_COUNTED:
            by_user.setdefault(user_id, []).append(wait)
    means = {user_id: round(statistics.mean(found), 3) for user_id, found in by_user.items()}
    first = means.pop(1, None)
    return {
        "mean_wait_s_of_user_1": first,
        "mean_wait_s_of_others": round(statistics.mean(means.values()), 3) if means else None,
        "longest_mean_wait_s_of_others": max(means.values(), default=None),
    }


async def measure(server: Server, workers: int, options: argparse.Namespace) -> dict[str, Any]:
    """All phases with so many workers, on a database of their own."""
    url = server.url(server.create())
    database = Database(url)
    await database.migrate()
    gateway = Gateway(database, random.Random(options.seed))
    async with database.begin() as connection:
        await connection.execute(text("CREATE EXTENSION pg_stat_statements"))
    processes = await start(url, workers, options)
    try:
        await asyncio.sleep(3 + workers * 0.01)  # every worker has looked once
        before = await Reading.take(gateway, server)
        await asyncio.sleep(IDLE_S)
        idle = _rates((await Reading.take(gateway, server)).since(before))
        bears = workers / statistics.mean(options.times)
        phases = {
            "a fifth": await phase(gateway, server, gateway.stream(bears * 0.2, options.seconds)),
            "nine tenths": await phase(gateway, server, gateway.stream(bears * 0.9, options.seconds)),
            "a crowd": await phase(gateway, server, gateway.crowd(workers), at_once=workers),
        }
    finally:
        met = await end(processes)
        await database.dispose()
    return {
        "workers": workers,
        "bears_jobs_per_s": round(bears, 2),
        "idle": idle,
        "phases": phases,
        "met": met,
    }


async def start(url: str, workers: int, options: argparse.Namespace) -> list[Process]:
    """The simulated workers, spread over some processes."""
    processes = []
    for number in range(options.processes):
        count = len(range(number, workers, options.processes))
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
