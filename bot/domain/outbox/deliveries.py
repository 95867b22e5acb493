"""The ledger of what a job's card has shown, and where it can be shown."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import and_, case, exists, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.jobs.model import JOB_COLUMNS, WAITING, Job, State
from bot.tables import deliveries, jobs


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a job's card lives on Discord.

    token_until: when the interaction token expires (15 min after the click), epoch seconds.
    channel_reachable: False where the bot may not edit in the channel itself (ephemeral, user-installed).
    """

    interaction_token: str
    token_until: float
    filesize_limit: int
    channel_reachable: bool
    message_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A job whose card is not yet what it should be."""

    job: Job
    address: Address
    shown_revision: int
    tries: int


_ADDRESS = (
    deliveries.c.interaction_token,
    deliveries.c.token_until,
    deliveries.c.filesize_limit,
    deliveries.c.channel_reachable,
    deliveries.c.message_id,
)


async def open_for(connection: AsyncConnection, job_id: int, address: Address) -> None:
    """Adds the ledger's row for a new job, in the job's own transaction."""
    values = {column.name: getattr(address, column.name) for column in _ADDRESS}
    await connection.execute(deliveries.insert().values(job_id=job_id, **values))


async def address_of(connection: AsyncConnection, job_id: int) -> Address | None:
    row = (
        (await connection.execute(select(*_ADDRESS).where(deliveries.c.job_id == job_id))).mappings().first()
    )
    return Address(**row) if row else None


async def undelivered_of(connection: AsyncConnection, user_id: int) -> set[int]:
    """The user's painted jobs that could be shown nowhere."""
    query = (
        select(jobs.c.id)
        .join(deliveries, deliveries.c.job_id == jobs.c.id)
        .where(jobs.c.user_id == user_id, jobs.c.state == State.RENDERED, deliveries.c.closed)
    )
    return set((await connection.execute(query)).scalars())


async def due(
    connection: AsyncConnection, *, now: float, limit: int = 100, holder: str | None = None
) -> list[Delivery]:
    """Cards that lag behind their job and that no other gateway holds: ended jobs first, then the oldest."""
    ended_first = case((jobs.c.state.in_(WAITING), 1), else_=0)
    query = (
        select(*JOB_COLUMNS, *_ADDRESS, deliveries.c.shown_revision, deliveries.c.tries)
        .join(deliveries, deliveries.c.job_id == jobs.c.id)
        .where(
            deliveries.c.closed.is_(False),
            deliveries.c.shown_revision < jobs.c.revision,
            deliveries.c.due_at <= now,
            or_(deliveries.c.lease_until <= now, deliveries.c.leased_by == holder),
        )
        .order_by(ended_first, jobs.c.id)
        .limit(limit)
    )
    return [
        Delivery(
            job=Job.from_row(row),
            address=Address(**{column.name: row[column.name] for column in _ADDRESS}),
            shown_revision=row["shown_revision"],
            tries=row["tries"],
        )
        for row in (await connection.execute(query)).mappings()
    ]


HOLD_S = 10.0
"""How long a gateway that died keeps others from the cards it was showing."""


async def hold(
    connection: AsyncConnection, cards: Mapping[int, int], *, holder: str, now: float
) -> Collection[int]:
    """Keeps other gateways from showing these cards; returns those of the jobs that are now `holder`'s.

    cards: each job's revision that was last shown, when the card was read: whoever read it before somebody
    else showed a newer one must read again.
    """
    free = or_(deliveries.c.lease_until <= now, deliveries.c.leased_by == holder)
    unchanged = tuple_(deliveries.c.job_id, deliveries.c.shown_revision).in_(list(cards.items()))
    held = await connection.execute(
        update(deliveries)
        .where(unchanged, free, deliveries.c.closed.is_(False))
        .values(leased_by=holder, lease_until=now + HOLD_S)
        .returning(deliveries.c.job_id)
    )
    return set(held.scalars())


async def keep_holding(
    connection: AsyncConnection, job_ids: Collection[int], *, holder: str, now: float
) -> None:
    """For cards that take long, because Discord asks to wait."""
    mine = (deliveries.c.job_id.in_(job_ids), deliveries.c.leased_by == holder)
    await connection.execute(update(deliveries).where(*mine).values(lease_until=now + HOLD_S))


_FREE = {"leased_by": None, "lease_until": 0.0}


async def shown(connection: AsyncConnection, job_id: int, *, revision: int, message_id: int | None) -> None:
    """The card shows `revision` now, in message `message_id` (None leaves what is known).

    An edit that was slow may have put an older state over the job's end: the end is then shown once more.
    """
    newer = exists().where(jobs.c.id == deliveries.c.job_id, jobs.c.revision > revision)
    values: dict[str, object] = {
        "shown_revision": revision,
        "closed": and_(deliveries.c.closed, ~newer),
        "tries": 0,
        "last_error": None,
        **_FREE,
    }
    if message_id is not None:
        values["message_id"] = message_id
    await connection.execute(update(deliveries).where(deliveries.c.job_id == job_id).values(**values))


async def postpone(connection: AsyncConnection, job_id: int, *, retry_at: float, note: str) -> None:
    """An edit failed; `note` says how, for the operator."""
    values = {"due_at": retry_at, "last_error": note, "tries": deliveries.c.tries + 1, **_FREE}
    await connection.execute(update(deliveries).where(deliveries.c.job_id == job_id).values(**values))


async def close(connection: AsyncConnection, job_id: int, *, note: str | None = None) -> None:
    """Nothing more will be shown for this job; `note` says why where it was not delivered."""
    values = {"closed": True, "last_error": note}
    await connection.execute(update(deliveries).where(deliveries.c.job_id == job_id).values(**values))


async def forget_token(connection: AsyncConnection, job_id: int) -> None:
    """The interaction's token is refused, or the message it led to is gone."""
    await connection.execute(update(deliveries).where(deliveries.c.job_id == job_id).values(token_until=0))


async def forget_message(connection: AsyncConnection, job_id: int) -> None:
    """The card's message or its channel is gone: nothing is shown there any more."""
    values = {"message_id": None, "channel_reachable": False}
    await connection.execute(update(deliveries).where(deliveries.c.job_id == job_id).values(**values))
