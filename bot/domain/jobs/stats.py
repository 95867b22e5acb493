"""Figures about many jobs: the queue as operators watch it, and how much was painted, how fast."""

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median

from sqlalchemy import Executable, and_, case, delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.db import insert
from bot.domain.jobs import heartbeats
from bot.domain.jobs.model import PAINTED, PAINTED_STATES, WAITING, State
from bot.tables.people import painted
from bot.tables.pictures import deliveries, jobs

UNFINISHED = (*WAITING, State.RENDERED)
"""A rendered job is not delivered yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueMetrics:
    """The queue at one moment.

    states: how many jobs have not come to their end, by state.
    depth: queued jobs by how many turns of others they stand behind the front, see `fair_tag`.
    oldest_queued_s: how long the oldest queued job has waited; 0: none is queued.
    stalled: running jobs whose lease expired and that were not requeued yet.
    workers_busy: workers on any machine that hold a lease; workers_living: the idle ones, too.
    tries: failed attempts to show a card, over all open deliveries; retrying: how many deliveries have any.
    undelivered: painted pictures that could not be shown anywhere.
    """

    states: Mapping[State, int]
    depth: Mapping[int, int]
    oldest_queued_s: float
    stalled: int
    workers_busy: int
    workers_living: int
    deliveries_open: int
    retrying: int
    tries: int
    undelivered: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A job that has ended: `wait_s` to its last start, `run_s` from there; None: it never started."""

    id: int
    state: State
    ended_at: float
    wait_s: float | None
    run_s: float | None


async def count(connection: AsyncConnection, *, now: float) -> QueueMetrics:
    """Cheap enough to be called every few seconds: only unfinished rows are looked at, by an index."""
    states = dict.fromkeys(UNFINISHED, 0)
    by_state = select(jobs.c.state, func.count()).where(jobs.c.state.in_(UNFINISHED)).group_by(jobs.c.state)
    states |= {State(state): number for state, number in await connection.execute(by_state)}
    oldest, stalled, busy = (await connection.execute(_waiting(now))).one()
    opened, retrying, tries = (await connection.execute(_OPEN)).one()
    undelivered = (await connection.execute(_UNDELIVERED)).scalar_one()
    return QueueMetrics(
        states=states,
        depth=await _depth(connection),
        oldest_queued_s=max(0.0, now - oldest) if oldest is not None else 0.0,
        stalled=stalled or 0,
        workers_busy=busy,
        workers_living=await heartbeats.count_living(connection, now=now),
        deliveries_open=opened,
        retrying=retrying or 0,
        tries=tries or 0,
        undelivered=undelivered,
    )


_OPEN = select(
    func.count(),
    func.sum(case((deliveries.c.tries > 0, 1), else_=0)),
    func.sum(deliveries.c.tries),
).where(deliveries.c.closed.is_(False))

_UNDELIVERED = (
    select(func.count())
    .select_from(jobs.join(deliveries))
    .where(jobs.c.state == State.RENDERED, deliveries.c.closed.is_(True))
)


def _waiting(now: float) -> Executable:
    queued, running = jobs.c.state == State.QUEUED, jobs.c.state == State.RUNNING
    return select(
        func.min(case((queued, jobs.c.created_at))),
        func.sum(case((and_(running, jobs.c.lease_until < now), 1), else_=0)),
        func.count(case((and_(running, jobs.c.lease_until >= now), jobs.c.worker)).distinct()),
    ).where(jobs.c.state.in_((State.QUEUED, State.RUNNING)))


async def _depth(connection: AsyncConnection) -> dict[int, int]:
    query = (
        select(jobs.c.fair_tag, func.count())
        .where(jobs.c.state == State.QUEUED)
        .group_by(jobs.c.fair_tag)
        .order_by(jobs.c.fair_tag)
    )
    found = [(int(priority), int(number)) for priority, number in await connection.execute(query)]
    return {priority - found[0][0]: number for priority, number in found}


async def ended_since(connection: AsyncConnection, since: float) -> list[Ended]:
    """The jobs that have ended at `since` or later, in that order."""
    columns = (jobs.c.id, jobs.c.state, jobs.c.created_at, jobs.c.started_at, jobs.c.ended_at)
    query = select(*columns).where(jobs.c.ended_at >= since).order_by(jobs.c.ended_at)
    return [
        Ended(
            id=row.id,
            state=State(row.state),
            ended_at=row.ended_at,
            wait_s=None if row.started_at is None else max(0.0, row.started_at - row.created_at),
            run_s=None if row.started_at is None else max(0.0, row.ended_at - row.started_at),
        )
        for row in await connection.execute(query)
    ]


NO_SERVER = 0
"""Stands for the server of pictures that were painted in none, or in one that was forgotten since."""


async def count_one(connection: AsyncConnection, guild_id: int | None) -> None:
    """One more picture is painted; in the transaction in which its job comes to its end."""
    await _count(connection, guild_id or NO_SERVER, 1)


async def forget_server(connection: AsyncConnection, guild_id: int) -> None:
    """What was painted in a server stays painted, but not in that server."""
    forget = delete(painted).where(painted.c.guild_id == guild_id).returning(painted.c.pictures)
    pictures = (await connection.execute(forget)).scalar_one_or_none()
    if pictures:
        await _count(connection, NO_SERVER, pictures)


async def _count(connection: AsyncConnection, guild_id: int, pictures: int) -> None:
    new = insert(connection, painted).values(guild_id=guild_id, pictures=pictures)
    more = {"pictures": painted.c.pictures + pictures}
    await connection.execute(new.on_conflict_do_update(index_elements=["guild_id"], set_=more))


async def count_painted(connection: AsyncConnection, *, guild_id: int | None = None) -> int:
    """All pictures that were ever painted, or those of one server: counters, of deleted pictures too."""
    query = select(func.coalesce(func.sum(painted.c.pictures), 0))
    if guild_id is not None:
        query = query.where(painted.c.guild_id == guild_id)
    return int((await connection.execute(query)).scalar_one())


async def count_painted_of(connection: AsyncConnection, user_id: int) -> int:
    """A person's pictures that are painted and were not deleted."""
    theirs = (jobs.c.user_id == user_id, jobs.c.state.in_(PAINTED_STATES))
    query = select(func.count()).select_from(jobs).where(*theirs)
    return int((await connection.execute(query)).scalar_one())


async def median_seconds(connection: AsyncConnection) -> float | None:
    """How long the newest pictures took to paint; None before the first."""
    query = (
        select(jobs.c.ended_at - jobs.c.started_at)
        .where(PAINTED, jobs.c.started_at.is_not(None))
        .order_by(jobs.c.id.desc())
        .limit(200)
    )
    seconds = list((await connection.execute(query)).scalars())
    return median(seconds) if seconds else None
