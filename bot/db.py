"""Every table, the engine with SQLite's pragmas, and the two ways in: `begin()` to write, `read()` to look.

Times are seconds since the epoch (UTC) as floats; ids of users, guilds, channels and messages are Discord's.
"""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import structlog
from alembic import command
from alembic.config import Config
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Connection,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    event,
    false,
)
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

log = structlog.get_logger(__name__)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)
# SQLite numbers rows by itself only where the type is exactly INTEGER.
RowId = BigInteger().with_variant(Integer, "sqlite")

jobs = Table(
    "jobs",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("interaction_id", BigInteger, nullable=False, unique=True),
    Column("user_id", BigInteger, nullable=False),
    Column("guild_id", BigInteger),
    Column("channel_id", BigInteger, nullable=False),
    Column("private", Boolean, nullable=False),
    Column("look", JSON, nullable=False),
    Column("style_name", String(100), nullable=False),
    Column("params", JSON, nullable=False),
    Column("cost", Double, nullable=False),
    Column("content_blob", String(64), nullable=False),
    Column("style_blob", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("priority", BigInteger, nullable=False),
    Column("attempt", Integer, nullable=False, server_default="0"),
    Column("handbacks", Integer, nullable=False, server_default="0"),
    Column("worker", String(100)),
    Column("lease_until", Double),
    Column("revision", Integer, nullable=False, server_default="1"),
    Column("scale", Integer),
    Column("scales", Integer),
    Column("step", Integer),
    Column("steps", Integer),
    Column("loss", Double),
    Column("preview_blob", String(64)),
    Column("result_blob", String(64)),
    Column("figures", JSON),
    Column("error", Text),
    Column("reference", String(16)),
    Column("created_at", Double, nullable=False),
    Column("started_at", Double),
    Column("ended_at", Double),
    Index(None, "state", "priority", "id"),
    Index(None, "user_id", "state"),
    Index(None, "priority"),
    sqlite_autoincrement=True,
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("job_id", RowId, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("interaction_token", Text, nullable=False),
    Column("token_until", Double, nullable=False),
    Column("message_id", BigInteger),
    Column("filesize_limit", BigInteger, nullable=False),
    Column("channel_reachable", Boolean, nullable=False),
    Column("shown_revision", Integer, nullable=False, server_default="0"),
    Column("closed", Boolean, nullable=False, server_default=false()),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("retry_at", Double, nullable=False, server_default="0"),
    Column("note", Text),
    Index(None, "closed"),
)

presets = Table(
    "presets",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("user_id", BigInteger, nullable=False),
    Column("name", String(100), nullable=False),
    Column("name_key", String(100), nullable=False),
    Column("look", JSON, nullable=False),
    Column("style_blob", String(64), nullable=False),
    Column("created_at", Double, nullable=False),
    UniqueConstraint("user_id", "name_key"),
    sqlite_autoincrement=True,
)


def _migrations() -> Path:
    """The migrations' folder: inside the installed package, or beside it in a checkout."""
    installed = Path(__file__).parent / "migrations"
    return installed if installed.is_dir() else Path(__file__).parents[1] / "migrations"


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(_migrations()).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def warn_of_wal_reset_bug(version: tuple[int, int, int]) -> None:
    """Says so when this SQLite may, rarely, corrupt its file while several processes checkpoint.

    Source: SQLite's release notes; mended in 3.51.3, and in 3.50.7 and 3.44.6 for those who stay there.
    """
    mended = version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51) or (3, 44, 6) <= version < (3, 45)
    if not mended:
        log.warning("SQLite has the WAL-reset bug: 3.51.3 mends it", sqlite=".".join(map(str, version)))


class Database:
    """One pool of connections. `await dispose()` at the end: aiosqlite's threads are not daemons."""

    def __init__(self, url: str, *, checkpoints: bool = True) -> None:
        """`checkpoints=False` leaves SQLite's WAL checkpoints to another process: one should do them."""
        self._engine = create_async_engine(url)
        self.is_sqlite = self._engine.dialect.name == "sqlite"
        if self.is_sqlite:
            self._own_sqlite_transactions(checkpoints=checkpoints)

    def _own_sqlite_transactions(self, *, checkpoints: bool) -> None:
        @event.listens_for(self._engine.sync_engine, "connect")
        def on_connect(connection: DBAPIConnection, _record: object) -> None:
            connection.isolation_level = None
            cursor = connection.cursor()
            for pragma in (
                "busy_timeout=30000",
                "synchronous=FULL",
                "foreign_keys=ON",
                f"wal_autocheckpoint={1000 if checkpoints else 0}",
            ):
                cursor.execute(f"PRAGMA {pragma}")
            cursor.close()

        @event.listens_for(self._engine.sync_engine, "begin")
        def on_begin(connection: Connection) -> None:
            # A deferred BEGIN that writes later fails with "locked" instead of waiting its turn.
            readonly = connection.get_execution_options().get("readonly", False)
            connection.exec_driver_sql("BEGIN" if readonly else "BEGIN IMMEDIATE")

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """One writing transaction; committed at the end, rolled back on an error."""
        async with self._engine.begin() as connection:
            yield connection

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """One consistent view, which blocks no writer."""
        async with self._engine.connect() as connection:
            reader = await connection.execution_options(readonly=True)
            async with reader.begin():
                yield reader

    async def migrate(self) -> None:
        """Brings the tables to the newest revision; safe to repeat."""
        if self.is_sqlite:
            warn_of_wal_reset_bug(sqlite3.sqlite_version_info)
            async with self._engine.connect() as connection:
                raw: Any = await connection.get_raw_connection()
                cursor = await raw.driver_connection.execute("PRAGMA journal_mode=WAL")
                await cursor.close()
        async with self.begin() as connection:
            await connection.run_sync(_upgrade)

    async def dispose(self) -> None:
        await self._engine.dispose()
