"""How a picture was made: from our records, or from what its file says about itself."""

import hashlib
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.features.jobs import JOB_COLUMNS, Job
from bot.media.parameters import parameters_in
from bot.tables import deliveries, jobs
from nst_core.errors import EngineError
from nst_core.params import Params


async def of_message(connection: AsyncConnection, message_id: int, *, viewer_id: int) -> Job | None:
    """The job whose card a message is. Private pictures are known to their owner alone."""
    query = select(*JOB_COLUMNS).join(deliveries, deliveries.c.job_id == jobs.c.id)
    return await _newest(connection, query.where(deliveries.c.message_id == message_id), viewer_id)


async def of_file(connection: AsyncConnection, data: bytes, *, viewer_id: int) -> Job | None:
    """The job whose result is exactly this file, wherever it has been posted since.

    A name can be given to any file, these bytes cannot: results are kept under their SHA-256.
    """
    query = select(*JOB_COLUMNS).where(jobs.c.result_blob == hashlib.sha256(data).hexdigest())
    return await _newest(connection, query, viewer_id)


def written_in(data: bytes) -> Params | None:
    """The parameters in the file itself: sound ones, but anybody can have written them."""
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
