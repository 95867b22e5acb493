"""What hangs in a server's gallery, and in which order."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.gallery.exhibits import HELD, STARS, WELCOME, Exhibit, fetch, query
from bot.tables import exhibits, jobs


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
        (choice.starred, STARS > 0),
    ]
    return and_(*rules, *(rule for wanted, rule in optional if wanted))


async def hanging(
    connection: AsyncConnection, choice: Choice, *, limit: int, offset: int = 0
) -> list[Exhibit]:
    """The most starred first, then the newest."""
    order = (STARS.desc(), exhibits.c.created_at.desc(), exhibits.c.job_id.desc())
    found = query().where(_visible(choice)).order_by(*order).limit(limit).offset(offset)
    return await fetch(connection, found)


async def count(connection: AsyncConnection, choice: Choice) -> int:
    query = select(func.count()).select_from(exhibits).join(jobs, jobs.c.id == exhibits.c.job_id)
    return int((await connection.execute(query.where(_visible(choice)))).scalar_one())


async def styles(connection: AsyncConnection, choice: Choice, *, like: str, limit: int = 25) -> list[str]:
    """The names of the styles that hang there, the most frequent first."""
    query = (
        select(jobs.c.style_name)
        .join_from(exhibits, jobs, jobs.c.id == exhibits.c.job_id)
        .where(_visible(choice), jobs.c.style_name.icontains(like, autoescape=True))
        .group_by(jobs.c.style_name)
        .order_by(func.count().desc(), jobs.c.style_name)
        .limit(limit)
    )
    return list((await connection.execute(query)).scalars())
