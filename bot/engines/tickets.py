"""Procrastinate's line on PostgreSQL, worked within SQLAlchemy's transactions.

A ticket is what stands in the line for a queued job, and holds its id alone. It is made in the transaction in
which its job becomes queued, and taken in the one in which its job is claimed: whatever dies, both happen or
neither. So no ticket is ever seen in Procrastinate's state "doing", and none can be stalled.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, cast

from procrastinate.connector import BaseAsyncConnector
from procrastinate.exceptions import AlreadyEnqueued, NoResult, UniqueViolation
from procrastinate.jobs import Job, Status
from procrastinate.manager import QUEUEING_LOCK_CONSTRAINT, JobManager
from psycopg.errors import UniqueViolation as PsycopgUniqueViolation
from psycopg.types.json import Jsonb
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

Ticket = Job
"""A job in Procrastinate's words; ours are `bot.domain.jobs.model.Job`."""

TASK = "paint"
USER, NEWER = "user-", ".v"
CHANNEL = "procrastinate_any_queue_v1"
"""Where PostgreSQL says that a ticket was made. Source: Procrastinate's schema, trigger on its jobs."""
MIN_PRIORITY = -(2**31)
TEAR = """
DELETE FROM procrastinate_jobs WHERE id IN (
    SELECT id FROM procrastinate_jobs WHERE status = 'todo' AND queueing_lock = ANY(%(locks)s)
    FOR UPDATE SKIP LOCKED
) RETURNING queueing_lock
"""
"""Differs: Procrastinate hands out the first ticket of a queue, never a certain one."""
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
"""A ticket that is put back is served at once, whatever this machine's clock says."""


async def make(
    connection: AsyncConnection,
    job_id: int,
    *,
    user_id: int,
    params_version: int = 1,
    tag: int,
    returned: bool,
) -> bool:
    """Puts a job in the line at its fair tag, before its equals if it comes back. False: it stands there."""
    ticket = Ticket(
        queue=_queue(user_id, params_version),
        task_name=TASK,
        task_kwargs={"job_id": job_id},
        priority=_priority(tag, returned=returned),
        lock=None,
        queueing_lock=_lock(job_id),
    )
    try:
        # A statement that fails would otherwise spoil the caller's transaction.
        async with connection.begin_nested():
            await _manager(connection).defer_job_async(ticket)
    except AlreadyEnqueued:
        return False
    return True


async def take(connection: AsyncConnection, *, of: Iterable[tuple[int, int]] | None = None) -> Ticket | None:
    """The first ticket that no other process holds, None where there is none. It is to be torn or put back.

    of: users, with versions of parameters; None: anybody's. Another process may take it if the caller's
    transaction fails.
    """
    nobody = cast("int", None)  # no worker of Procrastinate's: this state is never committed
    queues = None if of is None else [_queue(user_id, version) for user_id, version in of]
    return await _manager(connection).fetch_job(queues, worker_id=nobody)


async def tear(connection: AsyncConnection, ticket: Ticket) -> None:
    """Its job is claimed, or does not wait any more."""
    await _manager(connection).finish_job(ticket, Status.SUCCEEDED, delete_job=True)


async def tear_of(connection: AsyncConnection, job_ids: Iterable[int]) -> set[int]:
    """Takes and tears those jobs' tickets that no other process holds; returns whose they were."""
    locks = {_lock(job_id): job_id for job_id in job_ids}
    torn = await _Connector(connection).execute_query_all_async(TEAR, locks=list(locks))
    return {locks[row["queueing_lock"]] for row in torn}


async def put_back(connection: AsyncConnection, ticket: Ticket) -> None:
    """At its old place. Wakes nobody: whoever looks for work finds it."""
    assert ticket.id is not None
    await _manager(connection).retry_job_by_id_async(ticket.id, retry_at=LONG_AGO)


def job_of(ticket: Ticket) -> int:
    return int(cast("int", ticket.task_kwargs["job_id"]))


def user_of(ticket: Ticket) -> int:
    return int(ticket.queue.removeprefix(USER).partition(NEWER)[0])


def version_of(ticket: Ticket) -> int:
    """Of the job's parameters."""
    return int(ticket.queue.partition(NEWER)[2] or 1)


def _lock(job_id: int) -> str:
    return f"job-{job_id}"


def _queue(user_id: int, params_version: int) -> str:
    """Each user's tickets are a queue of Procrastinate's, which lets some users be passed over at once.

    So are those with newer parameters, each version's apart.
    """
    return f"{USER}{user_id}" if params_version == 1 else f"{USER}{user_id}{NEWER}{params_version}"


def _priority(tag: int, *, returned: bool) -> int:
    """Procrastinate serves the highest first, and then the oldest ticket. Tags only grow, by 1 at most."""
    return max(MIN_PRIORITY, -2 * tag + int(returned))


def _manager(connection: AsyncConnection) -> JobManager:
    return JobManager(_Connector(connection))


class _Connector(BaseAsyncConnector):
    """Procrastinate's statements on SQLAlchemy's connection: one transaction, one pool, one kind of error."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def execute_query_all_async(self, query: str, **arguments: Any) -> list[dict[str, Any]]:
        values = {name: _adapted(value) for name, value in arguments.items()}
        try:
            result = await self._connection.exec_driver_sql(query, values)
        except IntegrityError as error:
            raise _unique(error, arguments) from error
        return [dict(row) for row in result.mappings()]

    async def execute_query_one_async(self, query: str, **arguments: Any) -> dict[str, Any]:
        rows = await self.execute_query_all_async(query, **arguments)
        if not rows:
            raise NoResult
        return rows[0]

    async def execute_query_async(self, query: str, **arguments: Any) -> None:
        await self.execute_query_all_async(query, **arguments)


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


def _unique(error: IntegrityError, arguments: Mapping[str, Any]) -> Exception:
    """As Procrastinate's manager expects it."""
    cause = error.orig
    if not isinstance(cause, PsycopgUniqueViolation):
        return error
    name = cause.diag.constraint_name
    lock = arguments["jobs"][0].queueing_lock if name == QUEUEING_LOCK_CONSTRAINT else None
    return UniqueViolation(constraint_name=name, queueing_lock=lock)
