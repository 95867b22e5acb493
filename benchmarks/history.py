"""How the cost of what the service asks its database grows with the number of jobs that have ended.

    python -m benchmarks.history [--jobs N ...] [--database sqlite|postgresql] [--markdown]

A database of each kind is filled for each number of jobs; then each call runs in a transaction that is rolled
back, several times, and the quickest counts: on a busy machine the others say how busy it is.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.history_calls import Call, calls
from benchmarks.history_rows import fill
from benchmarks.machine import commit, machine
from bot.db import Database
from bot.telemetry import configure_logging
from testbed import postgres

KINDS = ("sqlite", "postgresql")
RUNS = 9
LONG_S = 2.0
"""What takes longer runs once."""

Times = dict[str, float]
"""Milliseconds by the call's name."""


class _RollBack(Exception):
    """Nothing of a call is kept."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--jobs", type=int, nargs="+", default=[1_000, 100_000], metavar="N")
    parser.add_argument("--database", choices=KINDS, action="append", help="both unless given")
    parser.add_argument("--markdown", action="store_true", help="print a table for RESULTS.md")
    options = parser.parse_args()
    configure_logging("ERROR")
    kinds: Sequence[str] = options.database or KINDS
    found = {
        kind: [asyncio.run(_measured(kind, number)) for number in sorted(options.jobs)] for kind in kinds
    }
    console = Console(markup=False, width=140)
    console.print(f"{machine()}; commit {(commit() or 'unknown')[:7]}")
    console.print(_table(found, sorted(options.jobs), markdown=options.markdown))


async def _measured(kind: str, number: int) -> Times:
    console = Console(stderr=True)
    async with _database(kind) as database:
        started = time.perf_counter()
        past = await fill(database, number)
        console.print(f"{kind}: {number} jobs filled in {time.perf_counter() - started:.0f} s")
        return {call.name: await _ms(database, call) for call in calls(past, database)}


@asynccontextmanager
async def _database(kind: str) -> AsyncIterator[Database]:
    with tempfile.TemporaryDirectory(prefix="easel-history-") as folder:
        if kind == "sqlite":
            async with _migrated(f"sqlite+aiosqlite:///{Path(folder) / 'easel.db'}") as database:
                yield database
            return
        with postgres.running() as server:
            async with _migrated(server.url(server.create())) as database:
                yield database


@asynccontextmanager
async def _migrated(url: str) -> AsyncIterator[Database]:
    database = Database(url)
    try:
        await database.migrate()
        yield database
    finally:
        await database.dispose()


async def _ms(database: Database, call: Call) -> float:
    """The quickest, after a first run that fills the caches."""
    times = [await _once(database, call)]
    while len(times) <= RUNS and times[0] < LONG_S:
        times.append(await _once(database, call))
    return 1000 * min(times[1:] or times)


async def _once(database: Database, call: Call) -> float:
    seconds = 0.0
    with suppress(_RollBack):
        async with database.begin() as connection:
            started = time.perf_counter()
            await call.run(connection)
            seconds = time.perf_counter() - started
            raise _RollBack
    return seconds


def _table(found: dict[str, list[Times]], numbers: Sequence[int], *, markdown: bool) -> Table:
    table = Table("milliseconds, by finished jobs", box=box.MARKDOWN if markdown else box.ROUNDED)
    for kind in found:
        for number in numbers:
            table.add_column(f"{kind} {number:,}", justify="right")
        table.add_column("growth", justify="right")
    for name in next(iter(found.values()))[0]:
        cells = []
        for sizes in found.values():
            times = [one[name] for one in sizes]
            cells += [f"{ms:.1f}" for ms in times]
            cells.append(f"x {times[-1] / times[0]:.1f}")
        table.add_row(name, *cells)
    return table


if __name__ == "__main__":
    main()
