"""How a picture was made: from what is on record about its job, or from the file itself."""

import hashlib
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.jobs.model import JOB_COLUMNS, Job
from bot.media.headers import parameters_in
from bot.tables.people import challenges, exhibits
from bot.tables.pictures import deliveries, jobs
from nst_core.errors import EngineError
from nst_core.params import Params


async def of_message(connection: AsyncConnection, message_id: int, *, viewer_id: int) -> Job | None:
    """The job whose card or exhibit a message is. Private pictures are shown only to their owner."""
    for ledger in (deliveries, exhibits):
        query = select(*JOB_COLUMNS).join(ledger, ledger.c.job_id == jobs.c.id)
        job = await _newest(connection, query.where(ledger.c.message_id == message_id), viewer_id)
        if job:
            return job
    return None


async def of_file(connection: AsyncConnection, data: bytes, *, viewer_id: int) -> Job | None:
    """The job whose result is exactly this file, wherever it was posted since.

    File names can be forged, contents cannot: results are stored under their SHA-256.
    """
    query = select(*JOB_COLUMNS).where(jobs.c.result_blob == hashlib.sha256(data).hexdigest())
    return await _newest(connection, query, viewer_id)


async def is_anonymous(connection: AsyncConnection, job: Job) -> bool:
    """Whether its artist is still secret: it is entered in a challenge that has not ended."""
    if job.challenge_id is None:
        return False
    query = select(challenges.c.id).where(challenges.c.id == job.challenge_id, challenges.c.state != "ended")
    return (await connection.execute(query)).first() is not None


def written_in(data: bytes) -> Params | None:
    """The parameters in the file itself: valid ones, but anybody can have written them."""
    found = parameters_in(data)
    if found is None:
        return None
    try:
        return Params.from_dict(found)
    except (EngineError, ArithmeticError, TypeError, ValueError):
        return None


async def _newest(connection: AsyncConnection, query: Select[Any], viewer_id: int) -> Job | None:
    rows = await connection.execute(query.order_by(jobs.c.id.desc()).limit(10))
    found = [Job.from_row(row) for row in rows.mappings()]
    return next((job for job in found if not job.private or job.user_id == viewer_id), None)


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
