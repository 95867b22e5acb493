"""The versions of the tables: our migrations, and on PostgreSQL Procrastinate's own tables.

Procrastinate ships its whole schema and one SQL file per change, but keeps no record of what was applied.
The record is the comment of its main table: the name of the newest file.
"""

from enum import Enum
from functools import cache
from pathlib import Path
from typing import Final

import structlog
from sqlalchemy import Connection, inspect, text

log = structlog.get_logger(__name__)


def _migrations() -> Path:
    """The folder of migrations: inside the installed package, or beside it in a checkout."""
    installed = Path(__file__).parent / "migrations"
    return installed if installed.is_dir() else Path(__file__).parents[1] / "migrations"


class Tables(Enum):
    """How a database's tables compare with those of this version."""

    MISSING = "missing"
    OLDER = "older"
    CURRENT = "current"
    NEWER = "newer"


@cache
def revisions() -> tuple[str, ...]:
    """All that this version knows, oldest first: what the migrations' file names begin with.

    Alembic would load every migration for it, which costs each start of a process a tenth of a second.
    """
    return tuple(sorted(file.name.partition("_")[0] for file in _migrations().glob("versions/*.py")))


def compare(connection: Connection) -> Tables:
    found = None
    if inspect(connection).has_table("alembic_version"):
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    if found is None:
        return Tables.MISSING
    if found not in revisions():
        return Tables.NEWER
    return Tables.CURRENT if found == revisions()[-1] else Tables.OLDER


def upgrade(connection: Connection) -> Tables:
    """Brings the tables to this version, unless they are of a newer one; returns what they were."""
    _lock_migrations(connection)
    found = compare(connection)
    if found in {Tables.MISSING, Tables.OLDER}:
        _run_migrations(connection)
    return found


def _run_migrations(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415 - only where the tables change
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_migrations()).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _lock_migrations(connection: Connection) -> None:
    """Otherwise two processes that start at once would create the same tables."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('easel migrations'))"))


PROCRASTINATE: Final = "procrastinate_jobs"
OLD_ENTRIES: Final = text("DELETE FROM procrastinate_jobs WHERE task_name = 'paint'")
"""Entries of older versions, which no worker runs now. The next sweep invites workers to their jobs."""


def upgrade_procrastinate(connection: Connection) -> bool:
    """Creates the tables, or applies the next change, in the caller's transaction. False: nothing to do.

    One change at a time, because PostgreSQL lets a new value of an enum be used only once it is committed.
    """
    from procrastinate.schema import SchemaManager  # noqa: PLC0415 - only where there is a PostgreSQL

    _lock_migrations(connection)
    files = sorted(Path(SchemaManager.get_migrations_path()).glob("*.sql"))
    there = (
        connection.execute(text("SELECT to_regclass(:name)"), {"name": PROCRASTINATE}).scalar_one()
        is not None
    )
    applied = connection.execute(
        text("SELECT obj_description(to_regclass(:name))"), {"name": PROCRASTINATE}
    ).scalar_one()
    version = files[-1].stem
    if there:
        connection.execute(OLD_ENTRIES)
    if not there:
        _execute(connection, SchemaManager.get_schema())
    elif applied is None:
        log.warning("tables of Procrastinate exist: assumed to be the newest", version=version)
    else:
        # Newer tables than ours stay as they are: this is a process of an older version.
        file = next((file for file in files if file.stem > applied), None)
        if file is None:
            return False
        version = file.stem
        _execute(connection, file.read_text(encoding="utf-8"))
    _execute(connection, f"COMMENT ON TABLE {PROCRASTINATE} IS '{version}'")
    log.info("tables of Procrastinate changed", version=version)
    return True


def _execute(connection: Connection, sql: str) -> None:
    """Executes several statements at once; a percent sign in them is only a percent sign."""
    connection.exec_driver_sql(sql, execution_options={"no_parameters": True})
