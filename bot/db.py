"""The database, with SQLite's pragmas; `begin()` opens a transaction to write, `read()` one to read."""

import asyncio
import functools
import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, cast

import stamina
import structlog
from sqlalchemy import Column, Connection, Table, event, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import Insert
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from bot import schema
from bot.errors import Refusal
from bot.schema import Tables

log = structlog.get_logger(__name__)


class NewerTables(Refusal):
    """The database was made by a newer version."""

    WHAT_TO_DO = "Upgrade this one, or restore the backup from before that upgrade."

    def __init__(self) -> None:
        super().__init__(f"The database was made by a newer version of Easel. {self.WHAT_TO_DO}")


def warn_of_wal_reset_bug(version: tuple[int, int, int]) -> None:
    """Warns if this SQLite may, rarely, corrupt its file while several processes checkpoint.

    Source: SQLite's release notes; fixed in 3.51.3, 3.50.7 and 3.44.6.
    """
    fixed = version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51) or (3, 44, 6) <= version < (3, 45)
    if not fixed:
        log.warning("SQLite has the WAL-reset bug: 3.51.3 mends it", sqlite=".".join(map(str, version)))


def _is_locked(error: Exception) -> bool:
    return isinstance(error, sqlite3.OperationalError) and "locked" in str(error)


AWAY: Final = (OperationalError, InterfaceError, PoolTimeoutError)
"""What a database raises that is locked, restarting or out of reach: the same may succeed a moment later."""


def while_away(timeout_s: float) -> stamina.BoundAsyncRetryingCaller:
    """Calls what must not fail because the database is away for a while, again and again."""
    caller = stamina.AsyncRetryingCaller(
        attempts=None, timeout=timeout_s, wait_initial=0.1, wait_max=2.0, wait_jitter=0.1
    )
    return caller.on(AWAY)


LOCK_S: Final = 30
"""How long to wait for a lock, on either database."""
FROZEN_S: Final = 20
"""How long a process may freeze within a transaction; less than others wait for its locks."""

POSTGRESQL: Mapping[str, Any] = {
    "connect_timeout": 10,
    # A server that vanished silently is noticed within half a minute, not hours.
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
    "options": f"-c idle_in_transaction_session_timeout={FROZEN_S * 1000} -c lock_timeout={LOCK_S * 1000}",
}
"""Options of a connection to PostgreSQL. Source: PostgreSQL's documentation, section 34.1.2."""


def _open(url: str, connections: int) -> AsyncEngine:
    if make_url(url).get_backend_name() == "sqlite":
        return create_async_engine(url)
    return create_async_engine(
        url,
        pool_size=connections,
        max_overflow=connections,
        pool_pre_ping=connections > FEW_CONNECTIONS,
        connect_args=dict(POSTGRESQL),
    )


FEW_CONNECTIONS = 2
"""As many as a worker has. It retries by itself, so they are not pinged before each use."""


class Database:
    """One pool of connections. `await dispose()` at the end: aiosqlite's threads are not daemons."""

    def __init__(self, url: str, *, checkpoints: bool = True, connections: int = 5) -> None:
        """`checkpoints=False` leaves SQLite's WAL checkpoints to another process: one should do them.

        connections: kept open to a PostgreSQL; twice as many at most.
        """
        self._engine = _open(url, connections)
        self.url = url
        self.is_sqlite = self._engine.dialect.name == "sqlite"
        self._reading: dict[str, Any] = (
            {"readonly": True}
            if self.is_sqlite
            else {"postgresql_readonly": True, "isolation_level": "REPEATABLE READ"}
        )
        if self.is_sqlite:
            self._own_sqlite_transactions(checkpoints=checkpoints)

    def _own_sqlite_transactions(self, *, checkpoints: bool) -> None:
        @event.listens_for(self._engine.sync_engine, "connect", insert=True)
        def on_connect(connection: DBAPIConnection, _record: object) -> None:
            _stop_once(connection)
            connection.isolation_level = None
            cursor = connection.cursor()
            for pragma in (
                f"busy_timeout={LOCK_S * 1000}",
                "synchronous=FULL",
                "foreign_keys=ON",
                "secure_delete=ON",  # addresses of attachments are signed: no page of the file keeps them
                f"wal_autocheckpoint={1000 if checkpoints else 0}",
            ):
                cursor.execute(f"PRAGMA {pragma}")
            cursor.close()

        @event.listens_for(self._engine.sync_engine, "begin")
        def on_begin(connection: Connection) -> None:
            # A deferred BEGIN that writes later fails with "locked" instead of waiting for the lock.
            readonly = connection.get_execution_options().get("readonly", False)
            connection.exec_driver_sql("BEGIN" if readonly else "BEGIN IMMEDIATE")

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """One transaction that writes; committed at the end, rolled back on an error."""
        async with self._engine.begin() as connection:
            yield connection

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """One consistent snapshot, which blocks no writer."""
        async with self._engine.connect() as connection:
            reader = await connection.execution_options(**self._reading)
            async with reader.begin():
                yield reader

    async def migrate(self) -> None:
        """Upgrades the tables to the newest revision; safe to repeat.

        Raises:
            NewerTables: they are of a newer version already.
        """
        if self.is_sqlite:
            warn_of_wal_reset_bug(sqlite3.sqlite_version_info)
            # SQLite does not wait for other connections here, but fails at once with "locked".
            locked = stamina.retry_context(
                on=_is_locked,
                attempts=None,
                timeout=LOCK_S,
                wait_initial=0.05,
                wait_jitter=0.05,
                wait_max=0.5,
            )
            async for attempt in locked:
                with attempt:
                    await self._to_wal()
        async with self.begin() as connection:
            if await connection.run_sync(schema.upgrade) is Tables.NEWER:
                raise NewerTables
        changed = not self.is_sqlite
        while changed:
            async with self.begin() as connection:
                changed = await connection.run_sync(schema.upgrade_procrastinate)

    async def _to_wal(self) -> None:
        async with self._engine.connect() as connection:
            raw: Any = await connection.get_raw_connection()
            cursor = await raw.driver_connection.execute("PRAGMA journal_mode=WAL")
            await cursor.close()

    async def tables(self, connection: AsyncConnection) -> Tables:
        """Whether the tables are there, and those of this version."""
        return await connection.run_sync(schema.compare)

    async def revision(self, connection: AsyncConnection) -> str:
        """The tables' revision."""
        return str((await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar_one())

    async def dispose(self) -> None:
        """Closes all connections, those too that SQLAlchemy closes aside since their task was cancelled."""
        await self._engine.dispose()
        closing = [task for task in asyncio.all_tasks() if _closes_connection(task)]
        if closing:
            await asyncio.wait(closing, timeout=CLOSING_S)


CLOSING_S: Final = 5.0


def _stop_once(connection: Any) -> None:
    """Otherwise the close of a connection whose task is cancelled never ends.

    SQLAlchemy then stops aiosqlite's thread; aiosqlite's own `close()` asks it to stop once more, and nobody
    is left to answer.
    """
    driver = connection.driver_connection
    driver.stop = functools.cache(driver.stop)


def _closes_connection(task: asyncio.Task[Any]) -> bool:
    """By a private name of SQLAlchemy's: without it, a connection would be left to the garbage collector."""
    return getattr(task.get_coro(), "__name__", "") == "_terminate_graceful_close"


LOCK = text("SELECT pg_advisory_xact_lock(key) FROM unnest(CAST(:keys AS bigint[])) AS key")
"""A function's rows come in the order of its array."""


async def one_at_a_time(connection: AsyncConnection, *keys: int) -> None:
    """Locks `keys` until the end of the transaction.

    SQLite has one writer at a time anyway; on PostgreSQL these are advisory locks, taken in order to avoid
    deadlocks.
    """
    if connection.dialect.name == "postgresql":
        await connection.execute(LOCK, {"keys": sorted(set(keys))})


def insert(connection: AsyncConnection, table: Table) -> Insert:
    """An INSERT with ON CONFLICT, which SQLAlchemy has in each database's dialect.

    Both have the same methods; the type is PostgreSQL's, because they have no common base.
    """
    if connection.dialect.name == "sqlite":
        return cast("Insert", sqlite.insert(table))
    return postgresql.insert(table)


async def upsert(
    connection: AsyncConnection,
    table: Table,
    key: Mapping[str, Any],
    values: Mapping[str, Any],
    *,
    new: Mapping[str, Any] | None = None,
) -> None:
    """Writes `values` into the row of `key`, or inserts that row, with `new` in addition."""
    statement = insert(connection, table).values(**{**(new or {}), **key, **values})
    await connection.execute(statement.on_conflict_do_update(index_elements=list(key), set_=dict(values)))


async def note_once(
    connection: AsyncConnection,
    column: Column[Any],
    key: Mapping[str, Any],
    at: float,
    *,
    new: Mapping[str, Any],
) -> bool:
    """Notes a time in `column` of the row of `key`, which may be a new one; True for the first call alone.

    So it is also if two come at once. new: what a row that is inserted has in addition.
    """
    noted = {column.name: at}
    statement = insert(connection, column.table).values(**{**new, **key, **noted})
    first = statement.on_conflict_do_update(
        index_elements=list(key), set_=noted, where=column.is_(None)
    ).returning(column)
    return (await connection.execute(first)).first() is not None
