"""Procrastinate's jobs on PostgreSQL, written within SQLAlchemy's transactions.

To Procrastinate, a job is an *invitation* to look at one row of `jobs`, and holds only its id. Each queued
row has at least one, made in the transaction in which it becomes queued. A superfluous one does no harm.
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
"""The channel on which PostgreSQL announces a new invitation. Source: a trigger in Procrastinate's schema."""
MIN_PRIORITY = -(2**31)
STALLED_S = 30.0
"""An older heartbeat means a dead or frozen worker. Source: Procrastinate's default; one comes every 10 s."""
WITHDRAW = """
WITH first AS MATERIALIZED (
    SELECT id FROM procrastinate_jobs
    WHERE status = 'todo' AND task_name = %(task)s AND (args->>'job_id')::bigint = ANY(%(job_ids)s)
    ORDER BY priority DESC, id LIMIT %(most)s FOR UPDATE SKIP LOCKED
)
DELETE FROM procrastinate_jobs WHERE id IN (SELECT id FROM first)
RETURNING (args->>'job_id')::bigint AS job_id
"""
"""Differs: Procrastinate hands out the first job of a queue, never a particular one.

A plain subquery may be evaluated anew for each row, which finds more than `most`.
"""
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
    connection: AsyncConnection, job_id: int, *, params_version: int = 1, tag: int, released: bool
) -> None:
    """Invites a worker to a queued job, in the order of fair tags; released jobs go before their equals."""
    invitation = Invitation(
        queue=_queue(params_version),
        task_name=TASK,
        task_kwargs={"job_id": job_id},
        priority=_priority(tag, released=released),
        lock=None,
        queueing_lock=None,
    )
    await JobManager(_Connector(connection)).defer_job_async(invitation)


async def withdraw(
    connection: AsyncConnection, job_ids: Iterable[int], *, most: int | None = None
) -> set[int]:
    """Deletes at most `most` invitations to these jobs that no worker has accepted; returns the jobs' ids."""
    gone = await _Connector(connection).execute_query_all_async(
        WITHDRAW, task=TASK, job_ids=list(job_ids), most=most
    )
    return {row["job_id"] for row in gone}


async def uninvited(connection: AsyncConnection, *, again: Sequence[int]) -> list[int]:
    """The queued jobs that no worker is invited to, and those of `again`.

    The invited worker has died, or somebody has deleted the invitation by hand.
    """
    found = await _Connector(connection).execute_query_all_async(
        UNINVITED, task=TASK, again=list(again), stalled_s=STALLED_S, most=AT_ONCE
    )
    return [row["id"] for row in found]


def queues(params_version: int) -> list[str]:
    """The queues of a worker that knows the parameters of that version."""
    return [_queue(version) for version in range(1, params_version + 1)]


def _queue(params_version: int) -> str:
    return QUEUE if params_version == 1 else f"{QUEUE}{NEWER}{params_version}"


def _priority(tag: int, *, released: bool) -> int:
    """Procrastinate serves the highest first, and then the oldest. Tags only grow, by at most 1."""
    return max(MIN_PRIORITY, -2 * tag + int(released))


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
