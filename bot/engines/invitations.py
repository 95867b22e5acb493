"""Procrastinate's jobs on PostgreSQL, written within SQLAlchemy's transactions.

To Procrastinate a job is an *invitation* to look at one row of `jobs`, and holds its id alone. Each queued
row has one at least, made in the transaction in which it becomes queued. One too many leads to nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from procrastinate.connector import BaseAsyncConnector
from procrastinate.exceptions import NoResult
from procrastinate.jobs import Job as Invitation
from procrastinate.manager import JobManager
from psycopg.types.json import Jsonb
from sqlalchemy.ext.asyncio import AsyncConnection

TASK = "easel.paint"
QUEUE, NEWER = "pictures", ".v"
CHANNEL = "procrastinate_any_queue_v1"
"""Where PostgreSQL says that an invitation was made. Source: Procrastinate's schema, trigger on its jobs."""
MIN_PRIORITY = -(2**31)
STALLED_S = 30.0
"""Whose heartbeat is older has died, or is frozen. Source: Procrastinate's default; it beats every 10 s."""
WITHDRAW = """
DELETE FROM procrastinate_jobs WHERE id IN (
    SELECT id FROM procrastinate_jobs
    WHERE status = 'todo' AND task_name = %(task)s AND (args->>'job_id')::bigint = ANY(%(job_ids)s)
    ORDER BY priority DESC, id LIMIT %(most)s FOR UPDATE SKIP LOCKED
) RETURNING (args->>'job_id')::bigint AS job_id
"""
"""Differs: Procrastinate hands out the first of a queue, never a certain one."""
UNINVITED = """
SELECT id FROM jobs WHERE state = 'queued' AND (id = ANY(%(again)s) OR NOT EXISTS (
    SELECT FROM procrastinate_jobs AS invitation
    LEFT JOIN procrastinate_workers AS worker ON worker.id = invitation.worker_id
    WHERE task_name = %(task)s AND (args->>'job_id')::bigint = jobs.id AND (
        status = 'todo'
        OR status = 'doing' AND last_heartbeat > now() - make_interval(secs => %(stalled_s)s)
    )
)) ORDER BY id LIMIT %(most)s
"""
AT_ONCE = 1000


async def make(
    connection: AsyncConnection, job_id: int, *, params_version: int = 1, tag: int, returned: bool
) -> None:
    """Invites a worker to a queued job at its fair tag, before its equals if it comes back."""
    invitation = Invitation(
        queue=_queue(params_version),
        task_name=TASK,
        task_kwargs={"job_id": job_id},
        priority=_priority(tag, returned=returned),
        lock=None,
        queueing_lock=None,
    )
    await JobManager(_Connector(connection)).defer_job_async(invitation)


async def withdraw(
    connection: AsyncConnection, job_ids: Iterable[int], *, most: int | None = None
) -> set[int]:
    """Deletes those jobs' invitations that no worker has taken, `most` at most; returns whose they were."""
    gone = await _Connector(connection).execute_query_all_async(
        WITHDRAW, task=TASK, job_ids=list(job_ids), most=most
    )
    return {row["job_id"] for row in gone}


async def uninvited(connection: AsyncConnection, *, again: Sequence[int]) -> list[int]:
    """The queued jobs that nobody is invited to, and those of `again`.

    Who was invited has died with an invitation in hand, or a hand in the tables has deleted it.
    """
    found = await _Connector(connection).execute_query_all_async(
        UNINVITED, task=TASK, again=list(again), stalled_s=STALLED_S, most=AT_ONCE
    )
    return [row["id"] for row in found]


def queues(params_version: int) -> list[str]:
    """Where a worker looks that knows the parameters of that version."""
    return [_queue(version) for version in range(1, params_version + 1)]


def _queue(params_version: int) -> str:
    return QUEUE if params_version == 1 else f"{QUEUE}{NEWER}{params_version}"


def _priority(tag: int, *, returned: bool) -> int:
    """Procrastinate serves the highest first, and then the oldest. Tags only grow, by 1 at most."""
    return max(MIN_PRIORITY, -2 * tag + int(returned))


class _Connector(BaseAsyncConnector):
    """Procrastinate's statements on SQLAlchemy's connection: one transaction, one pool, one kind of error."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def execute_query_all_async(self, query: str, **arguments: Any) -> list[dict[str, Any]]:
        values = {name: _adapted(value) for name, value in arguments.items()}
        result = await self._connection.exec_driver_sql(query, values)
        return [dict(row) for row in result.mappings()]

    async def execute_query_one_async(self, query: str, **arguments: Any) -> dict[str, Any]:
        rows = await self.execute_query_all_async(query, **arguments)
        if not rows:
            raise NoResult
        return rows[0]


def _adapted(value: Any) -> Any:
    match value:
        case Mapping():
            return Jsonb(value)
        case list():
            return [_adapted(item) for item in value]
        case tuple():
            return tuple(_adapted(item) for item in value)
        case _:
            return value
