"""Deleting a job's pictures: what it holds is forgotten, and what nobody else needs can go."""

from typing import Any

from sqlalchemy import ColumnElement, String, cast, null, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.features import deliveries
from bot.features.jobs import Job
from bot.tables import exhibits, jobs, metadata

FORGOTTEN = ""
"""The key of a picture that is gone, where a row must have one. There is no such blob."""


async def forget_pictures(connection: AsyncConnection, job: Job) -> list[str]:
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
    await connection.execute(update(exhibits).where(exhibits.c.job_id == job.id).values(removed=True))
    await deliveries.close(connection, job.id, note="deleted")
    painted = {key for key in (job.result_blob, job.timelapse_blob) if key is not None}
    return [key for key in sorted(painted) if not await _is_used(connection, key)]


async def _is_used(connection: AsyncConnection, key: str) -> bool:
    """Whether any row names the blob."""
    for table in metadata.sorted_tables:
        names: list[ColumnElement[bool]] = [
            column == key for column in table.columns if column.name.endswith("_blob")
        ]
        if table is jobs:
            names.append(cast(jobs.c.more_styles, String).contains(key))
        if names and (await connection.execute(select(table).where(or_(*names)).limit(1))).first():
            return True
    return False
