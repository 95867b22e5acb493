"""Which blobs the database speaks of: those that a backup holds and that must not be swept."""

from typing import Final

from sqlalchemy import Column, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.features.jobs import State
from bot.tables import jobs, metadata

PASSING: Final = frozenset({"preview_blob"})
"""Columns whose blobs come and go while a job runs; a card does without."""


def blob_columns() -> list[Column[str | None]]:
    """Every column that names a blob."""
    return [
        column
        for table in metadata.sorted_tables
        for column in table.columns
        if column.name.endswith("_blob") and column.name not in PASSING
    ]


async def blob_keys(connection: AsyncConnection) -> set[str]:
    """The keys of all blobs that some row needs."""
    keys: set[str] = set()
    for column in blob_columns():
        found = await connection.execute(select(column).where(column.is_not(None)).distinct())
        keys.update(key for key in found.scalars() if key is not None)
    blends = await connection.execute(select(jobs.c.more_styles).where(jobs.c.more_styles.is_not(None)))
    for styles in blends.scalars():
        keys.update(style["blob"] for style in styles or ())
    return keys


async def needed_next(connection: AsyncConnection, *, limit: int = 1000) -> list[str]:
    """The blobs without which a waiting job cannot be painted, or a painted one not be delivered."""
    inputs = (jobs.c.content_blob, jobs.c.style_blob, jobs.c.mask_blob, jobs.c.start_blob)
    waiting = select(*inputs).where(jobs.c.state.in_((State.QUEUED, State.RUNNING))).limit(limit)
    painted = select(jobs.c.result_blob).where(jobs.c.state == State.RENDERED).limit(limit)
    keys = [key for row in await connection.execute(waiting) for key in row]
    keys += (await connection.execute(painted)).scalars()
    return sorted({key for key in keys if key is not None})
