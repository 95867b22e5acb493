"""Deleting a job's pictures: what it holds is forgotten, and what nobody else needs can go."""

from typing import Any

from sqlalchemy import null, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.gallery import exhibits
from bot.domain.jobs.model import Job
from bot.domain.outbox import deliveries
from bot.domain.privacy import blob_refs
from bot.tables import jobs

FORGOTTEN = ""
"""The key of a picture that is gone, where a row must have one. There is no such blob."""


async def forget_pictures(connection: AsyncConnection, job: Job) -> set[str]:
    """Makes the job one without pictures, and hangs it nowhere.

    Returns the keys of what was painted for it and no other row uses; its inputs are left to the sweep, for
    somebody may be sending the same picture at this moment.
    """
    values: dict[str, Any] = {
        **dict.fromkeys(("content_blob", "style_blob"), FORGOTTEN),
        **dict.fromkeys(("mask_blob", "start_blob", "preview_blob", "result_blob", "timelapse_blob")),
        "more_styles": null(),
    }
    await connection.execute(update(jobs).where(jobs.c.id == job.id).values(**values))
    await exhibits.remove(connection, job.id)
    await deliveries.close(connection, job.id, error="deleted")
    return await blob_refs.unused(connection, {key for key in (job.result_blob, job.timelapse_blob) if key})
