"""How a picture was made: from our records, or from the file itself."""

import hashlib
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.jobs.model import JOB_COLUMNS, Job
from bot.media.headers import parameters_in
from bot.tables import challenges, deliveries, exhibits, jobs
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
