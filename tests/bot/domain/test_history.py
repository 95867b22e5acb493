"""What a request asks is looked up by an index, so that it costs the same after a million jobs."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncConnection

from benchmarks.history_calls import Call, calls
from benchmarks.history_rows import Past, fill
from bot.db import Database
from tests.support.databases import BOTH

GROWING = ("jobs", "exhibits", "deliveries", "stars", "entries", "votes", "stored_pictures")
JOBS = 3000
FEW = ("ix_jobs_blends", "ix_jobs_inputs_kept", "ix_jobs_results_kept", "ix_deliveries_tokens_kept")
"""Indexes that hold only what has yet to be looked at."""
WALKS = {"fair tag, new person", "fair tag, heavy person", "accept a job, new person"}
WALKS |= {
    "painting rate",
    "place and ETA",
    "quotas of the heavy person",
    "heavy person's results",
    "/stats: median",
}
"""They go through the newest jobs, and stop after a few; nothing else may go without a condition."""

Statement = tuple[str, Any]


@contextmanager
def heard(connection: AsyncConnection) -> Iterator[list[Statement]]:
    """The statements of a block, with their values."""
    said: list[Statement] = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
        said.append((statement, values))

    sync = connection.sync_connection
    event.listen(sync, "before_cursor_execute", note)
    try:
        yield said
    finally:
        event.remove(sync, "before_cursor_execute", note)


async def scans(connection: AsyncConnection, statement: Statement) -> set[str]:
    """The tables that grow, and that the statement goes through from one end to the other."""
    sql, values = statement
    if not sql.lstrip().upper().startswith(("SELECT", "UPDATE", "DELETE", "WITH")):
        return set()
    if connection.dialect.name == "sqlite":
        rows = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)
        words = [str(row.detail).split() for row in rows]
        return {line[1] for line in words if line[0] == "SCAN" and line[-1] not in FEW} & set(GROWING)
    explained = await connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {sql}", values)
    plan = explained.scalar_one()
    plan = json.loads(plan) if isinstance(plan, str) else plan
    return set(_scanned(plan[0]["Plan"])) & set(GROWING)


def _scanned(node: dict[str, Any]) -> Iterator[str]:
    """Where PostgreSQL reads a table, or an index of all its rows, without a condition for the index."""
    kind = node["Node Type"]
    whole = kind == "Seq Scan" or (kind in {"Index Scan", "Index Only Scan"} and "Index Cond" not in node)
    if whole and node.get("Index Name") not in FEW:
        yield node["Relation Name"]
    for child in node.get("Plans", ()):
        yield from _scanned(child)


async def filled(database: Database) -> list[Call]:
    past: Past = await fill(database, JOBS)
    return [call for call in calls(past, database) if not call.grows]


@pytest.mark.parametrize("url", BOTH, indirect=True)
async def test_nothing_that_a_request_asks_goes_through_all_jobs(database: Database) -> None:
    found: dict[str, set[str]] = {}
    several = await filled(database)
    async with database.begin() as connection:
        # So few rows are read whole faster than they are looked up.
        for way in () if database.is_sqlite else ("seqscan", "hashjoin", "mergejoin"):
            await connection.execute(text(f"SET LOCAL enable_{way} = off"))
        for call in several:
            async with connection.begin_nested() as nested:
                with heard(connection) as said:
                    await call.run(connection)
                for statement in said:
                    if tables := await scans(connection, statement):
                        found[call.name] = found.get(call.name, set()) | tables
                await nested.rollback()
    assert len(several) > 30
    assert {name: tables for name, tables in found.items() if name not in WALKS} == {}
    assert all(call.walks for call in several if call.name in WALKS)
