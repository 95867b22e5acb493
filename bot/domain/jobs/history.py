"""Everything on record about one job, for the operator."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.jobs.model import JOB_COLUMNS, Job
from bot.tables import deliveries, jobs


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """What is on record about a job's card, without the interaction's token, which is secret."""

    token_until: float
    message_id: int | None
    message_channel_id: int | None
    channel_reachable: bool
    shown_revision: int
    closed: bool
    tries: int
    due_at: float
    last_error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A job, the worker that holds its lease, and its card."""

    job: Job
    worker: str | None
    lease_until: float | None
    ledger: Ledger | None


_LEDGER = tuple(deliveries.c[name] for name in Ledger.__slots__)


async def record_of(connection: AsyncConnection, job_id: int) -> Record | None:
    """None: there is no such job, or no longer."""
    query = select(*JOB_COLUMNS, jobs.c.worker, jobs.c.lease_until).where(jobs.c.id == job_id).limit(1)
    row = (await connection.execute(query)).mappings().one_or_none()
    if row is None:
        return None
    card = await connection.execute(select(*_LEDGER).where(deliveries.c.job_id == job_id))
    shown = card.mappings().one_or_none()
    return Record(
        job=Job.from_row(row),
        worker=row["worker"],
        lease_until=row["lease_until"],
        ledger=Ledger(**shown) if shown else None,
    )


async def job_of_reference(connection: AsyncConnection, reference: str) -> int | None:
    """The job that failed with the reference that the user was told."""
    query = select(jobs.c.id).where(jobs.c.reference == reference).limit(1)
    return (await connection.execute(query)).scalar_one_or_none()
