"""The database: migrations, pragmas, and readers and writers side by side, on a real SQLite file."""

import asyncio
import gc
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.dialects.sqlite.aiosqlite import AsyncAdapt_aiosqlite_connection
from sqlalchemy.exc import OperationalError

from bot.db import Database, warn_of_wal_reset_bug
from bot.tables.people import ALL
from tests.support.databases import url_of

WRITER = """
import asyncio, sys
from sqlalchemy import text
from bot.db import Database

async def main(url, count):
    database = Database(url, checkpoints=False)
    for _ in range(count):
        async with database.begin() as connection:
            value = (await connection.execute(text("SELECT value FROM counter"))).scalar_one()
            await connection.execute(text("UPDATE counter SET value = :value"), {"value": value + 1})
    await database.dispose()

asyncio.run(main(sys.argv[1], int(sys.argv[2])))
"""


def file_of(url: str) -> Path:
    return Path(url.split("///", 1)[1])


def rows(file: Path, statement: str) -> list[tuple[object, ...]]:
    """What one statement of another connection gives, which waits for nobody."""
    with closing(sqlite3.connect(file, timeout=0, isolation_level=None)) as connection:
        return connection.execute(statement).fetchall()


async def pragma(database: Database, name: str) -> object:
    async with database.read() as connection:
        return (await connection.execute(text(f"PRAGMA {name}"))).scalar_one()


async def test_migrations_give_exactly_the_tables_of_the_code(database: Database) -> None:
    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), ALL))

    async with database.read() as connection:
        assert await connection.run_sync(differences) == []


async def test_migrating_again_changes_nothing(database: Database, url: str) -> None:
    before = rows(file_of(url), "SELECT sql FROM sqlite_master")
    await database.migrate()
    await database.migrate()
    assert rows(file_of(url), "SELECT sql FROM sqlite_master") == before


async def test_a_database_in_use_is_waited_for(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "busy.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        database = Database(url_of(tmp_path / "busy.db"))
        migrating = asyncio.create_task(database.migrate())
        await asyncio.wait({migrating}, timeout=0.2)
        assert not migrating.done()
        other.execute("COMMIT")
    await migrating
    async with database.read() as connection:
        assert await database.revision(connection)
    await database.dispose()


async def test_two_processes_may_migrate_at_once(tmp_path: Path) -> None:
    databases = [Database(url_of(tmp_path / "new.db")) for _ in range(3)]
    try:
        await asyncio.gather(*(database.migrate() for database in databases))
    finally:
        for database in databases:
            await database.dispose()


async def test_a_failed_migration_leaves_no_half_made_tables(tmp_path: Path) -> None:
    file = tmp_path / "foreign.db"
    rows(file, "CREATE TABLE deliveries (id INTEGER)")  # stands in the way of the last of our tables
    database = Database(url_of(file))
    with pytest.raises(OperationalError, match="already exists"):
        await database.migrate()
    await database.dispose()
    assert rows(file, "SELECT name FROM sqlite_master WHERE type = 'table'") == [("deliveries",)]


async def test_a_folder_s_name_may_hold_a_percent_sign(tmp_path: Path) -> None:
    (tmp_path / "50%").mkdir()
    database = Database(url_of(tmp_path / "50%25" / "easel.db"))
    await database.migrate()
    await database.dispose()
    assert (tmp_path / "50%" / "easel.db").exists()


@pytest.mark.parametrize(
    ("name", "value"),
    [("journal_mode", "wal"), ("synchronous", 2), ("busy_timeout", 30_000), ("foreign_keys", 1)],
)
async def test_pragmas_are_in_force(database: Database, name: str, value: object) -> None:
    assert await pragma(database, name) == value


@pytest.mark.parametrize(("checkpoints", "pages"), [(True, 1000), (False, 0)])
async def test_one_process_only_does_the_checkpoints(url: str, *, checkpoints: bool, pages: int) -> None:
    database = Database(url, checkpoints=checkpoints)
    assert await pragma(database, "wal_autocheckpoint") == pages
    await database.dispose()


async def test_a_reader_waits_for_no_writer_and_sees_what_was_committed(database: Database, url: str) -> None:
    writer = sqlite3.connect(file_of(url), isolation_level=None)
    writer.execute("CREATE TABLE counter (value INTEGER)")
    writer.execute("INSERT INTO counter VALUES (1)")
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("UPDATE counter SET value = 2")
    async with database.read() as connection:
        # With any lock to wait for, this would take the 30 s of the busy timeout and then fail.
        assert (await connection.execute(text("SELECT value FROM counter"))).scalar_one() == 1
        writer.execute("COMMIT")
        assert (await connection.execute(text("SELECT value FROM counter"))).scalar_one() == 1
    async with database.read() as connection:
        assert (await connection.execute(text("SELECT value FROM counter"))).scalar_one() == 2
    writer.close()


async def test_a_reader_hinders_no_writer(database: Database, url: str) -> None:
    async with database.read() as connection:
        await connection.execute(text("SELECT count(*) FROM jobs"))
        rows(file_of(url), "CREATE TABLE counter (value INTEGER)")


async def make_a_table_twice(database: Database) -> None:
    async with database.begin() as connection:
        await connection.execute(text("CREATE TABLE counter (value INTEGER)"))
        await connection.execute(text("CREATE TABLE counter (value INTEGER)"))


async def test_a_failed_transaction_leaves_nothing(database: Database) -> None:
    with pytest.raises(OperationalError):
        await make_a_table_twice(database)
    async with database.read() as connection:
        found = await connection.execute(text("SELECT name FROM sqlite_master WHERE name = 'counter'"))
        assert found.first() is None


async def test_many_writing_processes_lose_no_update_and_meet_no_lock(database: Database, url: str) -> None:
    processes, each = 3, 100
    async with database.begin() as connection:
        await connection.execute(text("CREATE TABLE counter (value INTEGER)"))
        await connection.execute(text("INSERT INTO counter VALUES (0)"))
    writers = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", WRITER, url, str(each)), stderr=asyncio.subprocess.PIPE
        )
        for _ in range(processes)
    ]
    for writer in writers:
        _, complaint = await writer.communicate()
        assert (writer.returncode, complaint) == (0, b"")
    async with database.read() as connection:
        value = (await connection.execute(text("SELECT value FROM counter"))).scalar_one()
    assert value == processes * each


async def test_many_writing_tasks_of_one_process_lose_no_update(database: Database) -> None:
    async with database.begin() as connection:
        await connection.execute(text("CREATE TABLE counter (value INTEGER)"))
        await connection.execute(text("INSERT INTO counter VALUES (0)"))

    async def add_one() -> None:
        async with database.begin() as connection:
            value = (await connection.execute(text("SELECT value FROM counter"))).scalar_one()
            await connection.execute(text("UPDATE counter SET value = :value"), {"value": value + 1})

    await asyncio.gather(*(add_one() for _ in range(60)))
    async with database.read() as connection:
        assert (await connection.execute(text("SELECT value FROM counter"))).scalar_one() == 60


@pytest.mark.parametrize(
    ("version", "sound"),
    [
        ((3, 40, 1), False),
        ((3, 44, 5), False),
        ((3, 44, 6), True),
        ((3, 45, 0), False),
        ((3, 50, 6), False),
        ((3, 50, 7), True),
        ((3, 51, 2), False),
        ((3, 51, 3), True),
        ((4, 0, 0), True),
    ],
)
def test_an_sqlite_that_may_corrupt_its_file_is_warned_of(
    capsys: pytest.CaptureFixture[str], version: tuple[int, int, int], *, sound: bool
) -> None:
    warn_of_wal_reset_bug(version)
    assert ("WAL-reset bug" in capsys.readouterr().out) is not sound


async def test_connections_that_are_still_being_closed_are_waited_for(tmp_path: Path) -> None:
    """SQLAlchemy closes the connection of a task that is cancelled at a bad moment in a task of its own."""
    assert hasattr(AsyncAdapt_aiosqlite_connection, "_terminate_graceful_close"), (
        "the name that is looked for"
    )
    closed = asyncio.Event()

    async def _terminate_graceful_close() -> None:
        await asyncio.sleep(0.05)
        closed.set()

    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'closed.db'}", checkpoints=True)
    closing = asyncio.create_task(_terminate_graceful_close())
    await database.dispose()
    assert closed.is_set()
    await closing


async def test_a_connection_whose_task_is_cancelled_is_closed_and_not_left_to_the_garbage_collector(
    tmp_path: Path,
) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'cancelled.db'}")

    async def write() -> None:
        async with database.begin() as connection:
            await connection.execute(text("SELECT 1"))

    for moment in range(40):
        writing = asyncio.create_task(write())
        for _ in range(moment):
            await asyncio.sleep(0)
        writing.cancel()
        await asyncio.sleep(0)
        writing.cancel()
        await asyncio.wait({writing})
    await database.dispose()
    left = [str(task) for task in asyncio.all_tasks() if "_terminate_graceful_close" in str(task)]
    gc.collect()
    assert not left
