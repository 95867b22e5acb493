"""A server's gallery for its visitors: what hangs there, in which order, and the stars they give."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.db import one_at_a_time
from bot.domain.gallery import hanging as hanging_rules
from bot.domain.gallery.exhibits import (
    HELD,
    WELCOME,
    Exhibit,
    add_stars,
    fetch,
    get,
    query,
    require,
    take_back_stars,
    touch,
)
from bot.domain.jobs import model
from bot.domain.jobs.model import Job
from bot.errors import Refusal
from bot.language import _
from bot.tables.people import exhibits, stars
from bot.tables.pictures import jobs

MOST_COUNTED: Final = 1000
"""So many of a server's pictures are counted, and looked through for their styles."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which of a server's exhibits to show; times are when they were made, in epoch seconds."""

    guild_id: int
    age_restricted: bool
    since: float | None = None
    until: float | None = None
    artist_id: int | None = None
    style: str | None = None
    starred: bool = False


def _visible(choice: Choice) -> ColumnElement[bool]:
    rules = [
        exhibits.c.guild_id == choice.guild_id,
        exhibits.c.removed.is_(False),
        exhibits.c.message_id.is_not(None),
        ~HELD,
        WELCOME,
    ]
    optional: list[tuple[bool, ColumnElement[bool]]] = [
        (not choice.age_restricted, jobs.c.age_restricted.is_(False)),
        (choice.since is not None, exhibits.c.created_at >= (choice.since or 0)),
        (choice.until is not None, exhibits.c.created_at < (choice.until or 0)),
        (choice.artist_id is not None, jobs.c.user_id == choice.artist_id),
        (choice.style is not None, jobs.c.style_name == choice.style),
        (choice.starred, exhibits.c.stars > 0),
    ]
    return and_(*rules, *(rule for wanted, rule in optional if wanted))


async def hanging(
    connection: AsyncConnection, choice: Choice, *, limit: int, offset: int = 0
) -> list[Exhibit]:
    """The most starred first, then the newest."""
    # All are found in this order by an index; those of a time by that time, of which there are fewer.
    best = exhibits.c.stars if choice.since is None else exhibits.c.stars + 0
    order = (best.desc(), exhibits.c.created_at.desc(), exhibits.c.job_id.desc())
    found = query().where(_visible(choice)).order_by(*order).limit(limit).offset(offset)
    return await fetch(connection, found)


async def count(connection: AsyncConnection, choice: Choice, *, limit: int = MOST_COUNTED) -> int:
    """How many there are; of a large gallery `limit`, which takes as long however large it grows."""
    some = select(exhibits.c.job_id).join(jobs, jobs.c.id == exhibits.c.job_id).where(_visible(choice))
    query = select(func.count()).select_from(some.limit(limit).subquery())
    return int((await connection.execute(query)).scalar_one())


async def styles(connection: AsyncConnection, choice: Choice, *, like: str, limit: int = 25) -> list[str]:
    """The names of the styles of the newest that hang there, the most frequent first."""
    newest = (
        select(jobs.c.style_name)
        .join_from(exhibits, jobs, jobs.c.id == exhibits.c.job_id)
        .where(_visible(choice))
        .order_by(exhibits.c.created_at.desc())
        .limit(MOST_COUNTED)
        .subquery()
    )
    query = (
        select(newest.c.style_name)
        .where(newest.c.style_name.icontains(like, autoescape=True))
        .group_by(newest.c.style_name)
        .order_by(func.count().desc(), newest.c.style_name)
        .limit(limit)
    )
    return list((await connection.execute(query)).scalars())


@dataclass(frozen=True, slots=True, kw_only=True)
class Starred:
    """The result of a click: whether the person's star is given now, and how many stars there are.

    on_card: the picture does not hang, and its card shows the number.
    """

    given: bool
    count: int
    on_card: bool = False


async def toggle_star(
    connection: AsyncConnection, job_id: int, *, guild_id: int | None, user_id: int, now: float
) -> Starred:
    """Gives the person's star to an exhibit, or takes it back.

    Enough stars hang a picture that does not hang yet, where the server wants it so.

    Raises:
        Refusal: the picture does not hang in this server, and cannot, or is their own.
    """
    await one_at_a_time(connection, -job_id)  # a picture that hangs by this very star counts all the others
    exhibit = await get(connection, job_id)
    waiting = None if exhibit else await _waits_for_stars(connection, job_id, guild_id=guild_id)
    job = waiting or (await require(connection, job_id, guild_id=guild_id)).job
    if job.user_id == user_id:
        raise Refusal(_("Stars come from others: you cannot star a picture of your own."))
    mine = and_(stars.c.job_id == job_id, stars.c.user_id == user_id)
    withdrawn = await take_back_stars(connection, mine)
    if not withdrawn:
        values = {"job_id": job_id, "user_id": user_id, "created_at": now}
        try:
            async with connection.begin_nested():
                await connection.execute(stars.insert().values(**values))
                await add_stars(connection, job_id, 1)
        except IntegrityError:
            pass  # a second click at the same moment: the star is given
    await touch(connection, [job_id])
    hung = waiting is not None and await hanging_rules.hang_starred(connection, waiting, now=now)
    count = await hanging_rules.count_stars(connection, job_id)
    return Starred(given=not withdrawn, count=count, on_card=waiting is not None and not hung)


async def _waits_for_stars(connection: AsyncConnection, job_id: int, *, guild_id: int | None) -> Job | None:
    """A finished picture of this server whose card has a star."""
    job = await model.get(connection, job_id)
    if job is None or job.guild_id is None or job.guild_id != guild_id:
        return None
    offer = await hanging_rules.offered(connection, job)
    return job if offer is not None and offer.stars is not None else None
