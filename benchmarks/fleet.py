"""How many workers one PostgreSQL and the engine for many machines carry.

    python -m benchmarks.fleet [--workers N,N,...] [--seconds S] [--times S,S,...] [--processes N]

The database is a real one, started for this run with its default durability; the engine is the real one; only
the painting is a sleep, drawn from `--times` (measured ones, where you have them) with a spread of a fifth.
Three phases for each number of workers: a fifth of the load that they can bear, nine tenths of it, and a
crowd: when all workers are busy, one person asks for as many pictures as there are workers, and ten others
then share as many. Jobs per second are starts per second; in the crowd without those of the first instant.

The simulated workers take cores of the same machine. A number that would take more than BUSY of them is not
run: the largest that does not is, and the asked one is reckoned from it and marked so. Figures per
job stay the same then; jobs, statements, the server's cores and connections grow with the workers; waits and
what the machine does besides are left out.
"""

import argparse
import asyncio
import json
import statistics
import sys
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.fleet_load import CROWD, IDLE_S, measure
from benchmarks.machine import commit, machine
from testbed import postgres

BUSY = 0.85
"""With more of the cores taken the figures would be those of a lack of cores."""
WORTH_IT = 1.3
"""A number of workers that is less than so much larger than a measured one says nothing new."""
GROWING = ("jobs_per_s", "statements_per_s", "server_cores", "connections")
TAIL = 1.6
"""The longest painting, by the spread, in longest `--times`."""


def busiest(figures: dict[str, Any]) -> float:
    """How busy the machine was, in the phases whose load grows with the workers."""
    return float(max(figures["idle"]["machine_busy"], figures["phases"]["nine tenths"]["machine_busy"]))


def affordable(figures: dict[str, Any], wanted: int) -> int:
    """How many workers the cores allow, by what so many took; `wanted` at most."""
    return min(wanted, int(figures["workers"] * BUSY / max(busiest(figures), 1e-3)))


def reckoned(figures: dict[str, Any], workers: int) -> dict[str, Any]:
    """Figures of so many workers, in proportion to those of fewer."""
    factor = workers / figures["workers"]
    phases = {}
    for name, found in figures["phases"].items():
        grown = {key: round(found[key] * factor, 2) for key in GROWING}
        same = {key: value for key, value in found.items() if key.endswith("_per_job")}
        phases[name] = {**same, **grown}
    return {"workers": workers, "reckoned_from": figures["workers"], "phases": phases}


async def measure_all(
    sizes: Sequence[int], measure_one: Callable[[int], Awaitable[dict[str, Any]]]
) -> list[dict[str, Any]]:
    """Each number of workers, the smallest first: measured as far as the cores allow, then reckoned."""
    smallest, *larger = sorted(set(sizes))
    largest = await measure_one(smallest)
    found = [largest]
    for workers in larger:
        allowed = affordable(largest, workers)
        if allowed == workers or allowed >= WORTH_IT * largest["workers"]:
            largest = await measure_one(allowed)
            found.append(largest)
        if largest["workers"] != workers:
            found.append(reckoned(largest, workers))
    return found


def table_of(found: Sequence[dict[str, Any]]) -> Table:
    """For eyes, and for pasting into a page."""
    title = (
        "workers",
        "load",
        "jobs/s",
        "to start: median",
        "95 %",
        "user 1 waits",
        "others: mean",
        "longest",
    )
    costs = (
        "statements/job",
        "transactions/job",
        "server CPU/job",
        "WAL/job",
        "server's cores",
        "machine busy",
    )
    table = Table(*title, *costs, "connections", box=box.MARKDOWN)
    for figures in found:
        name = str(figures["workers"])
        if "reckoned_from" in figures:
            name += f", reckoned from {figures['reckoned_from']}"
        for load, one in figures["phases"].items():
            table.add_row(name, load, *_cells(load, one))
    return table


def _cells(load: str, one: dict[str, Any]) -> list[str]:
    start = one.get("submit_to_start_s", {})
    users = ("mean_wait_s_of_user_1", "mean_wait_s_of_others", "longest_mean_wait_s_of_others")
    fair = [one.get(key) if load == "a crowd" else None for key in users]
    return [
        str(one["jobs_per_s"]),
        *(_or_blank(start.get(key), "{:.3f} s") for key in ("median", "p95")),
        *(_or_blank(wait, "{:.1f} s") for wait in fair),
        *(str(one[key]) for key in ("statements_per_job", "transactions_per_job")),
        f"{one['server_cpu_ms_per_job']} ms",
        f"{one['wal_bytes_per_job'] / 1024:.1f} KiB",
        str(one["server_cores"]),
        _or_blank(one.get("machine_busy"), "{:.0%}"),
        str(round(one["connections"])),
    ]


def _or_blank(value: float | None, shape: str) -> str:
    return "" if value is None else shape.format(value)


def expected_s(sizes: Sequence[int], options: argparse.Namespace) -> float:
    """About how long all of it takes."""
    mean, longest = statistics.mean(options.times), TAIL * max(options.times)
    each: float = IDLE_S + 2 * (options.seconds + longest) + CROWD * mean + longest + 10
    return each * len(sizes) + 0.02 * sum(sizes)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--workers", type=_numbers(int), default=[10, 100, 1000])
    parser.add_argument("--seconds", type=float, default=15.0, help="of each phase but the crowd")
    parser.add_argument(
        "--times", type=_numbers(float), default=[10.0, 15.0, 20.0], help="seconds of painting"
    )
    parser.add_argument("--processes", type=int, default=2, help="that the simulated workers are spread over")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print(f"about {expected_s(options.workers, options) / 60:.0f} min", file=sys.stderr)
    settings = {
        "max_connections": str(3 * max(options.workers) + 50),
        "shared_preload_libraries": "pg_stat_statements",
    }
    with postgres.running(settings) as server:
        found = asyncio.run(measure_all(options.workers, partial(measure, server, options=options)))
    above = {"machine": machine(), "commit": commit(), "times_s": options.times}
    console = Console(stderr=True, width=240)
    console.print(
        f"{above['machine']}, painting {options.times} s, commit {above['commit']}", highlight=False
    )
    console.print(table_of(found))
    print(json.dumps({**above, "found": found}))


def _numbers(kind: type[int] | type[float]) -> Callable[[str], list[float]]:
    return lambda text: [kind(one) for one in text.split(",")]


if __name__ == "__main__":
    main()
