"""The database on a real PostgreSQL: migrations, Procrastinate's tables, and writers side by side."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from procrastinate.schema import SchemaManager
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.db import Database, one_at_a_time
from bot.tables.people import ALL
from testbed.postgres import Server

FUNCTIONS = "SELECT proname, prosrc FROM pg_proc WHERE proname LIKE 'procrastinate%' ORDER BY 1, 2"
INDEXES = "SELECT indexname FROM pg_indexes WHERE tablename LIKE 'procrastinate%' ORDER BY 1"
TRIGGERS = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1"
FILES = sorted(Path(SchemaManager.get_migrations_path()).glob("*.sql"))
OLD = "03.01.00_50"
"""A file of Procrastinate 3.1; the schema of a year ago."""


@pytest.fixture
async def database(postgres_url: str) -> AsyncIterator[Database]:
    database = Database(postgres_url)
    yield database
    await database.dispose()


@pytest.fixture
def empty_url(postgres_server: Server) -> Iterator[str]:
    """A database without any table."""
    name = postgres_server.create()
    yield postgres_server.url(name)
    postgres_server.execute(f"DROP DATABASE {name} WITH (FORCE)")


async def rows(database: Database, statement: str) -> list[tuple[object, ...]]:
    async with database.read() as connection:
        return [tuple(row) for row in await connection.execute(text(statement))]


async def test_migrations_give_exactly_the_tables_of_the_code(database: Database) -> None:
    def is_ours(_: object, name: str | None, *__: object) -> bool:
        return not (name or "").startswith("procrastinate_")

    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"include_object": is_ours})
        return list(compare_metadata(context, ALL))

    async with database.begin() as connection:
        assert await connection.run_sync(differences) == []


async def test_migrating_again_changes_nothing(database: Database) -> None:
    queries = (FUNCTIONS, INDEXES, TRIGGERS)
    before = [await rows(database, query) for query in queries]
    assert all(before)
    await database.migrate()
    await database.migrate()
    assert [await rows(database, query) for query in queries] == before


async def test_several_processes_may_migrate_at_once(empty_url: str) -> None:
    databases = [Database(empty_url) for _ in range(3)]
    await asyncio.gather(*(database.migrate() for database in databases))
    assert len(await rows(databases[0], TRIGGERS)) > 1
    for database in databases:
        await database.dispose()


async def test_older_tables_of_procrastinate_are_brought_to_the_newest(
    empty_url: str, database: Database
) -> None:
    old = Database(empty_url)
    known = [file for file in FILES if file.stem[: len(OLD)] <= OLD]
    assert 0 < len(known) < len(FILES)
    for file in known:
        async with old.begin() as connection:
            await execute(connection, file.read_text())
    async with old.begin() as connection:
        await execute(connection, f"COMMENT ON TABLE procrastinate_jobs IS '{known[-1].stem}'")
    assert await rows(old, FUNCTIONS) != await rows(database, FUNCTIONS)
    await old.migrate()
    assert set(await rows(database, FUNCTIONS)) <= set(await rows(old, FUNCTIONS))
    assert await rows(old, INDEXES) == await rows(database, INDEXES)
    await old.dispose()


async def execute(connection: AsyncConnection, statements: str) -> None:
    raw = await connection.get_raw_connection()
    assert raw.driver_connection is not None
    await raw.driver_connection.execute(statements)


@pytest.mark.parametrize(
    ("comment", "made"), [("NULL", False), ("'99.00.00_01_of_a_newer_version'", False), ("'00'", True)]
)
async def test_tables_of_procrastinate_that_are_newer_or_another_s_stay_as_they_are(
    empty_url: str, comment: str, *, made: bool
) -> None:
    database = Database(empty_url)
    await database.migrate()
    async with database.begin() as connection:
        await execute(connection, f"COMMENT ON TABLE procrastinate_jobs IS {comment}")
    before = await rows(database, FUNCTIONS)
    if made:
        with pytest.raises(DBAPIError, match="already exists"):
            await database.migrate()
    else:
        await database.migrate()
    assert await rows(database, FUNCTIONS) == before
    await database.dispose()


async def test_a_reader_sees_one_moment_and_writes_nothing(database: Database) -> None:
    async with database.read() as reader:
        assert (await reader.execute(text("SELECT count(*) FROM people"))).scalar_one() == 0
        async with database.begin() as writer:
            await writer.execute(text("INSERT INTO people (user_id, settings) VALUES (1, '{}')"))
        assert (await reader.execute(text("SELECT count(*) FROM people"))).scalar_one() == 0
    assert await rows(database, "SELECT count(*) FROM people") == [(1,)]
    with pytest.raises(DBAPIError, match="read-only"):
        await write_while_reading(database)
    async with database.begin() as writer:
        await writer.execute(text("DELETE FROM people"))


async def write_while_reading(database: Database) -> None:
    async with database.read() as reader:
        await reader.execute(text("DELETE FROM people"))


async def somebody_waits_for_a_lock(database: Database) -> None:
    async with asyncio.timeout(30):
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        while await rows(database, waiting) == [(0,)]:  # noqa: ASYNC110 - a lock tells nobody
            await asyncio.sleep(0.01)


async def test_who_asks_to_be_alone_waits_for_whoever_asked_for_the_same(database: Database) -> None:
    order: list[str] = []

    async def write(name: str, number: int, pause_s: float) -> None:
        async with database.begin() as connection:
            await one_at_a_time(connection, number)
            order.append(f"{name} begins")
            await asyncio.sleep(pause_s)
            order.append(f"{name} ends")

    async with database.begin() as connection:
        await one_at_a_time(connection, 1)
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(write("same", 1, 0.0))
            await somebody_waits_for_a_lock(database)
            await write("other", 2, 0.0)
            assert order == ["other begins", "other ends"]
            assert not waiting.done()
            await connection.commit()
    assert order[2:] == ["same begins", "same ends"]


async def test_a_database_that_is_not_there_is_said_so_at_once() -> None:
    database = Database("postgresql+psycopg://easel@127.0.0.1:1/easel")
    with pytest.raises(OperationalError, match="refused"):
        await database.migrate()
    await database.dispose()
