"""Procrastinate's own tables on PostgreSQL: created once, and upgraded when Procrastinate is newer.

Procrastinate ships its whole schema and one SQL file per change, but keeps no record of what was applied.
The record is the comment of its main table: the name of the newest file.
"""

from pathlib import Path

import structlog
from procrastinate.schema import SchemaManager
from sqlalchemy import Connection, text

log = structlog.get_logger(__name__)

TABLE = "procrastinate_jobs"
OLD_ENTRIES = text("DELETE FROM procrastinate_jobs WHERE task_name = 'paint'")
"""Entries of older versions, which no worker runs now. The next sweep invites workers to their jobs."""


def upgrade(connection: Connection) -> bool:
    """Creates the tables, or applies the next change, in the caller's transaction. False: nothing to do.

    One change at a time, because PostgreSQL lets a new value of an enum be used only once it is committed.
    """
    files = sorted(Path(SchemaManager.get_migrations_path()).glob("*.sql"))
    there = connection.execute(text("SELECT to_regclass(:name)"), {"name": TABLE}).scalar_one() is not None
    applied = connection.execute(
        text("SELECT obj_description(to_regclass(:name))"), {"name": TABLE}
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
    _execute(connection, f"COMMENT ON TABLE {TABLE} IS '{version}'")
    log.info("tables of Procrastinate changed", version=version)
    return True


def _execute(connection: Connection, sql: str) -> None:
    """Executes several statements at once; a percent sign in them is only a percent sign."""
    connection.exec_driver_sql(sql, execution_options={"no_parameters": True})
