"""Which blobs are in use: those that some row names."""

from collections.abc import AsyncIterator, Collection
from typing import Any, Final

from sqlalchemy import Column, Text, cast, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.jobs.model import WAITING, State
from bot.tables import jobs, metadata

COLUMNS: Final[tuple[Column[Any], ...]] = tuple(
    column for table in metadata.sorted_tables for column in table.c if column.name.endswith("_blob")
)
"""Every column that names a blob. `jobs.more_styles` names more of them inside its JSON."""
AT_ONCE = 500


async def every_use(connection: AsyncConnection) -> AsyncIterator[str]:
    """The keys that all rows name, some more than once."""
    for column in COLUMNS:
        query = select(column).where(column.is_not(None), column != "")
        async for (key,) in await connection.stream(query):
            yield key
    async for key in _more_styles(connection):
        yield key


async def unused(connection: AsyncConnection, keys: Collection[str]) -> set[str]:
    """Those of `keys` that no row names."""
    left = set(keys)
    for column in COLUMNS:
        wanted = sorted(left)
        for start in range(0, len(wanted), AT_ONCE):
            query = select(column).where(column.in_(wanted[start : start + AT_ONCE])).distinct()
            left.difference_update((await connection.execute(query)).scalars())
    async for key in _more_styles(connection):
        left.discard(key)
    return left


async def _more_styles(connection: AsyncConnection) -> AsyncIterator[str]:
    several = cast(jobs.c.more_styles, Text) != "null"
    query = select(jobs.c.more_styles).where(jobs.c.more_styles.is_not(None), several)
    async for (styles,) in await connection.stream(query):
        for style in styles or ():
            yield style["blob"]


async def needed_next(connection: AsyncConnection, *, limit: int = 1000) -> list[str]:
    """The blobs without which a waiting job cannot be painted, or a painted one not be delivered."""
    inputs = (jobs.c.content_blob, jobs.c.style_blob, jobs.c.mask_blob, jobs.c.start_blob)
    waiting = select(*inputs).where(jobs.c.state.in_(WAITING)).limit(limit)
    painted = select(jobs.c.result_blob).where(jobs.c.state == State.RENDERED).limit(limit)
    keys = [key for row in await connection.execute(waiting) for key in row]
    keys += (await connection.execute(painted)).scalars()
    return sorted({key for key in keys if key})
