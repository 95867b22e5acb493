"""Which blobs rows refer to, and how jobs let go of theirs."""

from collections.abc import AsyncIterator, Collection
from typing import Any, Final

from sqlalchemy import (
    Column,
    ColumnElement,
    Text,
    case,
    false,
    func,
    literal_column,
    null,
    or_,
    select,
    text,
    true,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.db import Database
from bot.domain.gallery import exhibits
from bot.domain.jobs.model import WAITING, Job, State
from bot.domain.outbox import deliveries
from bot.tables.people import ALL
from bot.tables.pictures import LIVE_BLENDS, jobs

COLUMNS: Final[tuple[Column[Any], ...]] = tuple(
    column for table in ALL.sorted_tables for column in table.c if column.name.endswith("_blob")
)
"""Every column that refers to a blob. `jobs.more_styles` refers to further ones inside its JSON."""
INPUTS: Final = (
    *(jobs.c.content_blob, jobs.c.clip_blob, jobs.c.style_blob, jobs.c.mask_blob, jobs.c.start_blob),
)
RESULTS: Final = (jobs.c.result_blob, jobs.c.result_clip_blob, jobs.c.timelapse_blob)
WHILE_WAITING: Final = (jobs.c.preview_blob, jobs.c.checkpoint_blob)
"""Only a waiting job has these, and its row is written too often for an index of them."""
AT_ONCE = 500
FEW: Final = 10
"""Keys that a search through all blends is repeated for."""
SLICE: Final = 2000
"""Keys that are read at once where all are read."""
_EMPTY: Final[ColumnElement[str]] = literal_column("''")
"""In the words of the indexes, which hold no forgotten pictures."""


async def every_use(
    connection: AsyncConnection,
    *,
    but_inputs_of: ColumnElement[bool] | None = None,
    but_results_of: ColumnElement[bool] | None = None,
) -> AsyncIterator[str]:
    """All keys that rows refer to, some more than once; as if some jobs had let go of theirs."""
    of_inputs, of_results = _but(but_inputs_of), _but(but_results_of)
    left = {**dict.fromkeys(INPUTS, of_inputs), **dict.fromkeys(RESULTS, of_results)}
    for table in ALL.sorted_tables:
        columns = [column for column in COLUMNS if column.table is table]
        if not columns:
            continue
        held = [case((left[column], column)) if column in left else column for column in columns]
        query = select(*held).where(or_(*(column != "" for column in columns)))
        async for row in await connection.stream(query.execution_options(yield_per=AT_ONCE)):
            for key in filter(None, row):
                yield key
    async for key in _more_styles(connection, of_inputs):
        yield key


async def uses_by_slices(database: Database, *, at_once: int = SLICE) -> AsyncIterator[list[str]]:
    """All keys that rows refer to, each slice in a transaction of its own that takes a few milliseconds.

    A reference that is written meanwhile may be missed: `unused` says what may be deleted.
    """
    for column in COLUMNS:
        after: str | None = ""
        while after is not None:
            async with database.read() as connection:
                keys = await some_uses(connection, column, after=after, limit=at_once)
            yield keys
            after = keys[-1] if len(keys) == at_once else None
    last: int | None = 0
    while last is not None:
        async with database.read() as connection:
            blends = await _some_blends(connection, after=last, limit=at_once)
        yield [style["blob"] for _id, styles in blends for style in styles]
        last = blends[-1][0] if len(blends) == at_once else None


async def some_uses(
    connection: AsyncConnection, column: Column[Any], *, after: str, limit: int = SLICE
) -> list[str]:
    """The first keys after this one that a column refers to, in their order."""
    brief = any(column is one for one in WHILE_WAITING)
    which = jobs.c.state.in_(WAITING) if brief else column != _EMPTY
    query = select(column).where(column > after, which).distinct().order_by(column).limit(limit)
    return list((await connection.execute(query)).scalars())


async def _some_blends(connection: AsyncConnection, *, after: int, limit: int) -> list[tuple[int, Any]]:
    query = select(jobs.c.id, jobs.c.more_styles).where(text(LIVE_BLENDS), jobs.c.id > after)
    found = await connection.execute(query.order_by(jobs.c.id).limit(limit))
    return [(row.id, row.more_styles) for row in found]


def _but(these: ColumnElement[bool] | None) -> ColumnElement[bool]:
    return true() if these is None else func.coalesce(these, false()).is_(false())


async def unused(connection: AsyncConnection, keys: Collection[str]) -> set[str]:
    """Those of `keys` that no row refers to."""
    left = set(keys)
    for column in COLUMNS:
        brief = any(column is one for one in WHILE_WAITING)
        which = jobs.c.state.in_(WAITING) if brief else column != _EMPTY
        wanted = sorted(left)
        for start in range(0, len(wanted), AT_ONCE):
            some = wanted[start : start + AT_ONCE]
            query = select(column).where(column.in_(some), which).distinct()
            left.difference_update((await connection.execute(query)).scalars())
    async for key in _more_styles(connection, _names_any(left) if len(left) <= FEW else None):
        left.discard(key)
    return left


def _names_any(keys: Collection[str]) -> ColumnElement[bool]:
    """Which blends name one of these: the database finds them sooner than their JSON is read."""
    styles = jobs.c.more_styles.cast(Text)
    return or_(false(), *(styles.contains(key, autoescape=True) for key in keys))


async def _more_styles(
    connection: AsyncConnection, which: ColumnElement[bool] | None = None
) -> AsyncIterator[str]:
    query = select(jobs.c.more_styles).where(text(LIVE_BLENDS))
    query = query if which is None else query.where(which)
    async for (styles,) in await connection.stream(query.execution_options(yield_per=AT_ONCE)):
        for style in styles:
            yield style["blob"]


async def brief_blobs(connection: AsyncConnection, job_id: int) -> set[str]:
    """What is stored of a job only while it waits; no worker changes that before the transaction ends."""
    row = await connection.execute(select(*WHILE_WAITING).where(jobs.c.id == job_id).with_for_update())
    return {key for key in row.one_or_none() or () if key}


async def needed_next(connection: AsyncConnection, *, limit: int = 1000) -> list[str]:
    """The blobs without which waiting jobs cannot be painted, or painted ones cannot be delivered."""
    waiting = select(*INPUTS).where(jobs.c.state.in_(WAITING)).limit(limit)
    painted = select(jobs.c.result_blob, jobs.c.result_clip_blob).where(jobs.c.state == State.RENDERED)
    keys = [key for row in await connection.execute(waiting) for key in row]
    keys += [key for row in await connection.execute(painted.limit(limit)) for key in row]
    return sorted({key for key in keys if key})


FORGOTTEN = ""
"""Stands for the key of a removed picture where a row must have one. There is no such blob."""


async def forget_pictures(connection: AsyncConnection, job: Job) -> set[str]:
    """Removes a job's pictures, and its exhibit.

    Returns the keys of its results that no other row refers to. Its inputs are left to the retention sweep,
    because somebody may be sending the same picture at this moment.
    """
    values: dict[str, Any] = {
        **dict.fromkeys(("content_blob", "style_blob"), FORGOTTEN),
        **dict.fromkeys(("mask_blob", "start_blob", "clip_blob", *(column.key for column in WHILE_WAITING))),
        **dict.fromkeys(column.key for column in RESULTS),
        "alt_text": None,
        "more_styles": null(),
    }
    await connection.execute(update(jobs).where(jobs.c.id == job.id).values(**values))
    await exhibits.remove(connection, job.id)
    await deliveries.close(connection, job.id, error="deleted")
    results = (job.result_blob, job.result_clip_blob, job.timelapse_blob)
    return await unused(connection, {key for key in results if key})


def inputs_of(job: Job) -> set[str]:
    """The keys of the pictures that the job is made of."""
    keys = {job.content_blob, job.clip_blob, job.style_blob, job.mask_blob, job.start_blob}
    keys |= {style["blob"] for style in job.more_styles or ()}
    return {key for key in keys if key}


async def forget_inputs(connection: AsyncConnection, job_ids: list[int]) -> None:
    """Removes the pictures that the jobs were made of; what was requested stays on record."""
    several = select(jobs.c.id, jobs.c.more_styles).where(jobs.c.id.in_(job_ids))
    for job_id, styles in (await connection.execute(several)).all():
        if styles:
            emptied = [{**style, "blob": ""} for style in styles]
            await connection.execute(update(jobs).where(jobs.c.id == job_id).values(more_styles=emptied))
    nothing = {
        "content_blob": "",
        "style_blob": "",
        **dict.fromkeys(("clip_blob", "mask_blob", "start_blob")),
    }
    await connection.execute(update(jobs).where(jobs.c.id.in_(job_ids)).values(**nothing))


async def forget_results(connection: AsyncConnection, job_ids: list[int]) -> None:
    """Removes the painted pictures; their messages on Discord stay."""
    nothing = {**dict.fromkeys(column.key for column in RESULTS), "alt_text": None}
    await connection.execute(update(jobs).where(jobs.c.id.in_(job_ids)).values(**nothing))
