"""The cards of jobs: what each has shown, and where it can be shown."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, literal_column, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.jobs.model import JOB_COLUMNS, WAITING, Address, Job, State
from bot.domain.outbox import schedule
from bot.domain.outbox.schedule import begun, is_due
from bot.tables.pictures import deliveries, jobs


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A job whose card is out of date; tries: how often an update was started.

    posting_since: when a new message was begun that may have been posted, and was not recorded.
    """

    job: Job
    address: Address
    shown_revision: int
    tries: int
    posting_since: float | None

    @property
    def channel_id(self) -> int:
        """Where its message is, or is to be."""
        return self.address.message_channel_id or self.job.channel_id

    @property
    def key(self) -> tuple[int]:
        return (self.job.id,)


_ADDRESS = (
    deliveries.c.interaction_token,
    deliveries.c.token_until,
    deliveries.c.filesize_limit,
    deliveries.c.channel_reachable,
    deliveries.c.message_id,
    deliveries.c.message_channel_id,
)
_OWN = (deliveries.c.shown_revision, deliveries.c.posting_since)


async def open_for(connection: AsyncConnection, job_id: int, address: Address) -> None:
    """Adds the row of a new job's card, in the job's own transaction."""
    values = {column.name: getattr(address, column.name) for column in _ADDRESS}
    await connection.execute(deliveries.insert().values(job_id=job_id, **values))


async def address_of(connection: AsyncConnection, job_id: int) -> Address | None:
    row = (
        (await connection.execute(select(*_ADDRESS).where(deliveries.c.job_id == job_id))).mappings().first()
    )
    return Address(**row) if row else None


async def addresses_of(connection: AsyncConnection, user_id: int) -> list[tuple[int, Address]]:
    """The cards of a person's jobs, each with its job's channel."""
    query = (
        select(jobs.c.channel_id.label("job_channel_id"), *_ADDRESS)
        .join(jobs, jobs.c.id == deliveries.c.job_id)
        .where(jobs.c.user_id == user_id)
    )
    return [
        (row["job_channel_id"], Address(**{column.name: row[column.name] for column in _ADDRESS}))
        for row in (await connection.execute(query)).mappings()
    ]


async def undelivered_of(connection: AsyncConnection, user_id: int) -> set[int]:
    """The user's painted jobs that could not be shown anywhere."""
    query = (
        select(jobs.c.id)
        .join(deliveries, deliveries.c.job_id == jobs.c.id)
        .where(jobs.c.user_id == user_id, jobs.c.state == State.RENDERED, deliveries.c.closed)
    )
    return set((await connection.execute(query)).scalars())


def _query() -> Select[Any]:
    """Cards: first those of ended jobs, then the oldest."""
    ended_first = case((jobs.c.state.in_(WAITING), 1), else_=0)
    return (
        select(*JOB_COLUMNS, *_ADDRESS, *_OWN, begun(deliveries).label("tries"))
        .join(deliveries, deliveries.c.job_id == jobs.c.id)
        .order_by(ended_first, jobs.c.id)
    )


async def _fetch(connection: AsyncConnection, query: Select[Any]) -> list[Delivery]:
    return [
        Delivery(
            job=Job.from_row(row),
            address=Address(**{column.name: row[column.name] for column in _ADDRESS}),
            shown_revision=row["shown_revision"],
            tries=row["tries"],
            posting_since=row["posting_since"],
        )
        for row in (await connection.execute(query)).mappings()
    ]


def _is_due(now: float, holder: str | None) -> ColumnElement[bool]:
    newer = and_(jobs.c.id == deliveries.c.job_id, jobs.c.revision > deliveries.c.shown_revision)
    behind = exists().where(newer).correlate(deliveries)
    return and_(deliveries.c.closed.is_(False), is_due(deliveries, now, holder=holder), behind)


async def due(
    connection: AsyncConnection, *, now: float, limit: int = 100, holder: str | None = None
) -> list[Delivery]:
    """Cards that lag behind their job and are not leased by another gateway."""
    return await _fetch(connection, _query().where(_is_due(now, holder)).limit(limit))


async def claim(
    connection: AsyncConnection, job_ids: Collection[int], *, now: float, holder: str
) -> list[Delivery]:
    """Leases these cards for `holder`; returns those that it got, as they are now."""
    these = select(deliveries.c.job_id).where(deliveries.c.job_id.in_(job_ids), _is_due(now, holder))
    rows = await schedule.claim(connection, deliveries, these, now=now, holder=holder)
    return await _fetch(connection, _query().where(jobs.c.id.in_([row["job_id"] for row in rows])))


async def shown(
    connection: AsyncConnection,
    job_id: int,
    *,
    revision: int,
    message_id: int | None,
    channel_id: int | None = None,
) -> bool:
    """The card shows `revision` now, in message `message_id`; None: the message is unchanged.

    channel_id: where the message is, if not in the job's channel.
    A slow edit may have put an older state over the job's end: then the end is shown once more.
    False: there is no such card any more.
    """
    newer = exists().where(jobs.c.id == deliveries.c.job_id, jobs.c.revision > revision)
    where = {"message_id": message_id, "message_channel_id": channel_id, "posting_since": None}
    values: dict[str, Any] = {} if message_id is None else where
    values |= {"shown_revision": revision, "closed": and_(deliveries.c.closed, ~newer)}
    return await schedule.settle(connection, deliveries, (job_id,), **values)


async def posting(connection: AsyncConnection, job_id: int, *, now: float) -> None:
    """A new message is about to be posted: if its id is never recorded, it is looked for from `now` on."""
    await connection.execute(
        update(deliveries).where(deliveries.c.job_id == job_id).values(posting_since=now)
    )


async def reopen(connection: AsyncConnection, job_id: int) -> None:
    """Has an ended job's card shown once more, at once, whatever became of the tries so far."""
    row = deliveries.c.job_id == job_id
    again = {"closed": False, "tries": 0, "due_at": 0.0, **schedule.RELEASED}
    await connection.execute(update(deliveries).where(row).values(**again))
    seen = select(deliveries.c.shown_revision).where(row).scalar_subquery()
    up_to_date = and_(jobs.c.id == job_id, jobs.c.revision <= seen)
    await connection.execute(update(jobs).where(up_to_date).values(revision=seen + 1))


async def give_up_ended_before(connection: AsyncConnection, moment: float) -> int:
    """Closes the cards of jobs that ended before `moment`, and could not be shown until now."""
    old = exists().where(
        jobs.c.id == deliveries.c.job_id, jobs.c.state.not_in(WAITING), jobs.c.ended_at < moment
    )
    still_open = and_(deliveries.c.closed.is_(False), old)
    return (await connection.execute(update(deliveries).where(still_open).values(closed=True))).rowcount


async def close(connection: AsyncConnection, job_id: int, *, error: str | None = None) -> None:
    """Nothing more will be shown for this job; error: why it was not delivered."""
    values = {"closed": True, "last_error": error}
    await connection.execute(update(deliveries).where(deliveries.c.job_id == job_id).values(**values))


async def forget_token(connection: AsyncConnection, job_id: int) -> None:
    """The interaction's token was refused, or its message is gone."""
    await connection.execute(update(deliveries).where(deliveries.c.job_id == job_id).values(token_until=0))


async def forget_expired_tokens(connection: AsyncConnection, *, before: float, limit: int) -> int:
    """Deletes some of the interactions' tokens that have expired before a moment; returns how many."""
    kept = (deliveries.c.interaction_token != literal_column("''"), deliveries.c.token_until < before)
    some = select(deliveries.c.job_id).where(*kept).order_by(deliveries.c.token_until).limit(limit)
    blank = update(deliveries).where(deliveries.c.job_id.in_(some)).values(interaction_token="")
    return (await connection.execute(blank)).rowcount


async def forget_message(connection: AsyncConnection, job_id: int) -> None:
    """The card's message or its channel is gone: nothing more is shown there."""
    values = {"message_id": None, "message_channel_id": None, "channel_reachable": False}
    await connection.execute(update(deliveries).where(deliveries.c.job_id == job_id).values(**values))
