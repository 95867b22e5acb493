"""The load model: simulated workers do real jobs of the real engine."""

import argparse
import asyncio
import random
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from benchmarks.fleet import measure_all, reckoned, table_of
from benchmarks.fleet_load import NOT_COUNTED, Gateway, end, quantiles_s, start, waits_by_user
from bot.db import Database


async def test_simulated_workers_render_every_job_once(postgres_url: str) -> None:
    database = Database(postgres_url)
    gateway = Gateway(database, random.Random(1))
    options = argparse.Namespace(processes=2, times=[0.05])
    processes = await start(postgres_url, 3, options)
    async with asyncio.timeout(60):
        await gateway.crowd(4)
        await gateway.drained()
        met = await end(processes)
    assert met["rendered"] == 12
    assert met["lost"] == 0
    waits = await gateway.waits(0.0)
    assert len(waits) == 12
    assert [user for user, _ in waits].count(1) == 4
    await database.dispose()


def test_quantiles_are_of_the_times_given() -> None:
    assert quantiles_s(range(100)) == {"median": 50, "p95": 95, "p99": 99, "longest": 99}
    assert quantiles_s([]) == {}


def of(workers: int, *, busy: float) -> dict[str, Any]:
    """Figures that so many workers may have had."""
    one = {
        "submit_to_start_s": {"median": 0.01, "p95": 0.02},
        "mean_wait_s_of_user_1": 20.0,
        "mean_wait_s_of_others": 5.0,
        "longest_mean_wait_s_of_others": 6.0,
        "statements_per_job": 40.0,
        "transactions_per_job": 20.0,
        "server_cpu_ms_per_job": 8.0,
        "wal_bytes_per_job": 2048,
        "stored_bytes_per_job": 1024,
        "jobs_per_s": 0.06 * workers,
        "statements_per_s": 4.0 * workers,
        "server_cores": busy,
        "machine_busy": busy,
        "connections": 2 * workers + 6,
    }
    phases = {name: dict(one) for name in ("a fifth", "nine tenths", "a crowd")}
    return {"workers": workers, "idle": {"machine_busy": 0.01}, "phases": phases}


@pytest.mark.parametrize(
    ("per_worker", "measured", "last"),
    [
        (0.0005, [10, 100, 1000], None),  # the cores bear them all
        (0.002, [10, 100, 425], (1000, 425)),
        (0.0075, [10, 100], (1000, 100)),  # 113 would say nothing new
        (0.05, [10, 17], (1000, 17)),
    ],
)
async def test_what_the_cores_do_not_bear_is_reckoned_from_what_they_do(
    per_worker: float, measured: list[int], last: tuple[int, int] | None
) -> None:
    asked = []

    async def measure(workers: int) -> dict[str, Any]:
        asked.append(workers)
        return of(workers, busy=per_worker * workers)

    found = await measure_all([1000, 10, 100], measure)
    assert asked == measured
    end = found[-1]
    assert (end["workers"], end.get("reckoned_from")) == (last or (1000, None))


def test_what_grows_with_the_workers_is_reckoned_and_waits_are_not() -> None:
    found = reckoned(of(100, busy=0.5), 1000)
    one = found["phases"]["nine tenths"]
    assert (one["jobs_per_s"], one["connections"], one["server_cores"]) == (60.0, 2060, 5.0)
    assert (one["statements_per_job"], one["server_cpu_ms_per_job"]) == (40.0, 8.0)
    assert not {"submit_to_start_s", "machine_busy", "mean_wait_s_of_others"} & set(one)


def test_the_table_says_what_is_reckoned_and_who_waited() -> None:
    out = StringIO()
    small = of(100, busy=0.5)
    Console(file=out, width=300).print(table_of([small, reckoned(small, 1000)]))
    rows = [
        [cell.strip() for cell in line.strip().strip("|").split("|")] for line in out.getvalue().splitlines()
    ]
    crowds = [row for row in rows if "a crowd" in row]
    assert crowds[0][:8] == ["100", "a crowd", "6.0", "0.010 s", "0.020 s", "20.0 s", "5.0 s", "6.0 s"]
    assert crowds[1][:8] == ["1000, reckoned from 100", "a crowd", "60.0", "", "", "", "", ""]
    assert crowds[1][8:] == ["40.0", "20.0", "8.0 ms", "2.0 KiB", "5.0", "", "2060"]
    fifth = next(row for row in rows if "a fifth" in row)
    assert fifth[5:8] == ["", "", ""]


def test_waits_are_told_by_user() -> None:
    told = waits_by_user([(1, 4.0), (1, 6.0), (2, 1.0), (2, 3.0), (3, 5.0), (NOT_COUNTED, 99.0)])
    assert told == {
        "mean_wait_s_of_user_1": 5.0,
        "mean_wait_s_of_others": 3.5,
        "longest_mean_wait_s_of_others": 5.0,
    }
    assert set(waits_by_user([]).values()) == {None}
