"""Which engine runs the jobs of a database."""

from bot.db import Database
from bot.engines.local import LocalEngine
from bot.engines.protocol import JobEngine
from bot.settings import Settings


def engine_for(database: Database, settings: Settings) -> JobEngine:
    """SQLite's `jobs` table is the line itself; on PostgreSQL Procrastinate's line stands before it."""
    rules = {name: getattr(settings, name) for name in ("lease_s", "max_attempts", "running_per_user")}
    if database.is_sqlite:
        return LocalEngine(database, **rules)
    from bot.engines.procrastinate import ProcrastinateEngine  # noqa: PLC0415 - it opens psycopg

    return ProcrastinateEngine(database, **rules)
