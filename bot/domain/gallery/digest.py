"""The weekly digest: which servers are due one, what is in it, and how each is posted only once."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, and_, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.db import insert
from bot.domain.gallery import listing
from bot.domain.gallery.exhibits import Exhibit
from bot.domain.gallery.listing import Choice
from bot.domain.outbox import schedule
from bot.domain.outbox.schedule import begun, is_due
from bot.domain.servers.server_settings import GuildSettings
from bot.domain.styles import server_presets
from bot.domain.styles.builtin import BUILT_IN
from bot.domain.styles.names import name_key
from bot.tables.people import digests, guilds

FROM_HOUR_UTC = 9
"""The digest comes on Monday at this hour or, if the bot was offline, later in the week."""
PICTURES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """A week by ISO 8601, from Monday 00:00 UTC; `start` and `end` are epoch seconds."""

    name: str
    start: float
    end: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A server that waits for its digest; tries: how often it was tried, including the next time."""

    guild_id: int
    week: Week
    settings: GuildSettings
    tries: int

    @property
    def key(self) -> tuple[int, str]:
        return (self.guild_id, self.week.name)


def told_week(now: float) -> Week:
    """The newest week whose digest may be posted: it ended on a Monday, and it is past 09:00 UTC."""
    told = datetime.fromtimestamp(now, UTC) - timedelta(hours=FROM_HOUR_UTC)
    monday = told.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=told.weekday())
    start = monday - timedelta(days=7)
    year, week, _day = start.isocalendar()
    return Week(name=f"{year}-W{week:02}", start=start.timestamp(), end=monday.timestamp())


def _is_due(now: float) -> ColumnElement[bool]:
    return and_(digests.c.message_id.is_(None), is_due(digests, now))


async def due(connection: AsyncConnection, week: Week, *, now: float) -> list[Due]:
    """The servers with an art channel that want the digest of `week` and have not got it yet."""
    its_digest = and_(digests.c.guild_id == guilds.c.guild_id, digests.c.week == week.name)
    query = (
        select(guilds.c.guild_id, guilds.c.settings, begun(digests).label("tries"))
        .outerjoin(digests, its_digest)
        .where(guilds.c.settings["art_channel"].as_string().is_not(None), guilds.c.left_at.is_(None))
        .where(or_(digests.c.week.is_(None), _is_due(now)))
    )
    found = [
        Due(
            guild_id=row.guild_id,
            week=week,
            settings=GuildSettings.from_dict(row.settings),
            tries=(row.tries or 0) + 1,
        )
        for row in await connection.execute(query)
    ]
    return [one for one in found if one.settings.art_channel is not None and one.settings.art_digest]


async def claim(connection: AsyncConnection, guild_id: int, week: Week, *, now: float) -> bool:
    """Claims the digest for good before it is posted, so that it is not posted twice after a crash.

    False: it is claimed already.
    """
    values = {"guild_id": guild_id, "week": week.name, "due_at": now, "created_at": now}
    await connection.execute(insert(connection, digests).values(**values).on_conflict_do_nothing())
    key = digests.primary_key.columns
    this = select(*key).where(tuple_(*key) == (guild_id, week.name), _is_due(now))
    return bool(await schedule.claim(connection, digests, this, now=now, due_at=None))


async def posted(connection: AsyncConnection, guild_id: int, week: Week, *, message_id: int | None) -> None:
    """The digest was posted. message_id: None: there was nothing to report."""
    key = (guild_id, week.name)
    await schedule.settle(connection, digests, key, due_at=None, message_id=message_id)


async def best(
    connection: AsyncConnection, guild_id: int, week: Week, *, age_restricted: bool
) -> list[Exhibit]:
    """The week's most starred pictures; none if nobody gave a star."""
    choice = Choice(
        guild_id=guild_id,
        age_restricted=age_restricted,
        since=week.start,
        until=week.end,
        starred=True,
    )
    return await listing.hanging(connection, choice, limit=PICTURES)


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedStyles:
    """The names of the styles that everybody in a server can use; of two that are the same, the preset's."""

    presets: Sequence[str] = ()
    paintings: Sequence[str] = ()

    def __contains__(self, name: str) -> bool:
        return name in self.presets or name in self.paintings


async def shared_styles(connection: AsyncConnection, guild_id: int) -> SharedStyles:
    presets = [one.name for one in await server_presets.of_guild(connection, guild_id)]
    taken = {name_key(name) for name in presets}
    paintings = [one.name for one in BUILT_IN if name_key(one.name) not in taken]
    return SharedStyles(presets=presets, paintings=paintings)


async def style_of_week(
    connection: AsyncConnection, guild_id: int, settings: GuildSettings, *, now: float
) -> str | None:
    """The style that a server has named, or the one whose turn it is: all come up before one does again."""
    if not settings.weekly_changes:
        return settings.weekly_style
    shared = await shared_styles(connection, guild_id)
    names = [*shared.presets, *shared.paintings]
    random.Random(guild_id).shuffle(names)  # noqa: S311 - an order for each server, no secret
    monday = datetime.fromtimestamp(now, UTC).date().toordinal() - 1
    return names[monday // 7 % len(names)]
