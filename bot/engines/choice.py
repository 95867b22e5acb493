"""Which engine runs the jobs of a database, and what announces changes in it.

psycopg and Procrastinate are imported only for PostgreSQL.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from bot.db import Database
from bot.engines.local import LocalEngine
from bot.engines.protocol import JobEngine
from bot.settings import Settings

if TYPE_CHECKING:
    from bot.engines.feed import ProcrastinateFeed
    from bot.engines.notices import Listener, QueueListener


def engine_for(database: Database, settings: Settings) -> JobEngine:
    """On SQLite the `jobs` table is the queue itself; on PostgreSQL Procrastinate runs the jobs."""
    rules = {name: getattr(settings, name) for name in ("lease_s", "max_attempts", "running_per_user")}
    if database.is_sqlite:
        return LocalEngine(database, **rules)
    from bot.engines.procrastinate import ProcrastinateEngine  # noqa: PLC0415

    return ProcrastinateEngine(database, **rules)


def queue_listener_for(database: Database) -> "QueueListener | None":
    """What wakes an idle worker; None: polling costs little."""
    if database.is_sqlite:
        return None
    from bot.engines import invitations, notices  # noqa: PLC0415

    return notices.QueueListener(database.url, invitations.CHANNEL)


def feed_for(
    database: Database, engine: JobEngine, queue_listener: "QueueListener | None"
) -> "ProcrastinateFeed | None":
    """What brings jobs to a worker; None: the worker polls for them."""
    if queue_listener is None:
        return None
    from bot.engines.feed import ProcrastinateFeed  # noqa: PLC0415
    from bot.engines.procrastinate import ProcrastinateEngine  # noqa: PLC0415

    assert isinstance(engine, ProcrastinateEngine)
    return ProcrastinateFeed(database, engine, queue_listener)


def listener_for(database: Database, heard: Callable[[], None]) -> "Listener | None":
    """What tells a gateway of jobs that changed elsewhere; None: polling costs little."""
    if database.is_sqlite:
        return None
    from bot.engines import notices  # noqa: PLC0415

    return notices.Listener(database.url, notices.JOBS, heard)
