"""Exhibits: a server's pictures in its art channel, and what is still to be done there.

`bot.domain.gallery.hanging` says which jobs become exhibits. What its message does not show yet (it has to be
hung or taken down, or its stars have changed) is `pending`: the gallery updater claims, does and settles it.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, delete, exists, func, null, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.jobs.model import JOB_COLUMNS, Job
from bot.domain.outbox import moderation_log, schedule
from bot.domain.outbox.moderation_log import Kind
from bot.domain.outbox.schedule import begun, is_due
from bot.domain.servers import server_settings
from bot.domain.styles.style import public_title_of
from bot.errors import Refusal
from bot.language import _
from bot.tables.people import challenges, entries, exhibits, stars
from bot.tables.people import people as people_table
from bot.tables.pictures import deliveries, jobs

SHOWN_EVERY_S = 3.0
"""The least time between two edits of an exhibit's message."""


class Step(Enum):
    """What has to be done with an exhibit's message."""

    HANG = auto()
    TAKE_DOWN = auto()
    RECOUNT = auto()
    NOTHING = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhibit:
    """A picture that hangs, or is to hang, in a server's art channel.

    held: it is entered in a challenge that has not ended; welcome: its artist wants it to be shown.
    pending: how many changes its message does not show yet; tries: how often that was tried.
    """

    job: Job
    guild_id: int
    channel_id: int
    message_id: int | None
    removed: bool
    pending: int | None
    tries: int
    stars: int
    held: bool
    welcome: bool

    @property
    def key(self) -> tuple[int]:
        return (self.job.id,)

    @property
    def step(self) -> Step:
        out = self.removed or self.held or not self.welcome
        if out:
            return Step.NOTHING if self.message_id is None else Step.TAKE_DOWN
        return Step.HANG if self.message_id is None else Step.RECOUNT

    @property
    def link(self) -> str:
        return f"https://discord.com/channels/{self.guild_id}/{self.channel_id}/{self.message_id or ''}"


HELD = exists(
    select(entries.c.job_id)
    .join(challenges, challenges.c.id == entries.c.challenge_id)
    .where(entries.c.job_id == exhibits.c.job_id, challenges.c.state != "ended")
    .correlate(exhibits)
)
WELCOME = ~exists(
    select(people_table.c.user_id)
    .where(
        people_table.c.user_id == jobs.c.user_id,
        people_table.c.settings["show_in_gallery"].as_boolean().is_(False),
    )
    .correlate(jobs)
)
_OWN = (exhibits.c.guild_id, exhibits.c.channel_id, exhibits.c.message_id, exhibits.c.removed)


def query() -> Select[Any]:
    return select(
        *JOB_COLUMNS,
        # Both tables have these; the job's own are not the exhibit's.
        *(column.label(f"exhibit_{column.name}") for column in _OWN),
        exhibits.c.pending,
        begun(exhibits).label("tries"),
        exhibits.c.stars,
        HELD.label("held"),
        WELCOME.label("welcome"),
    ).join_from(exhibits, jobs, jobs.c.id == exhibits.c.job_id)


async def fetch(connection: AsyncConnection, rows: Select[Any]) -> list[Exhibit]:
    return [
        Exhibit(
            job=Job.from_row(row),
            **{column.name: row[f"exhibit_{column.name}"] for column in _OWN},
            **{name: row[name] for name in ("pending", "tries", "stars")},
            **{name: bool(row[name]) for name in ("held", "welcome")},
        )
        for row in (await connection.execute(rows)).mappings()
    ]


async def get(connection: AsyncConnection, job_id: int) -> Exhibit | None:
    found = await fetch(connection, query().where(exhibits.c.job_id == job_id))
    return found[0] if found else None


# Taking down -----------------------------------------------------------------------------------------


async def take_down(
    connection: AsyncConnection,
    job_id: int,
    *,
    guild_id: int | None,
    user_id: int,
    moderator: bool,
    now: float,
) -> None:
    """Takes it down for good: its message is deleted, and no gallery shows the picture again.

    Raises:
        Refusal: it does not hang in this server, or is somebody else's.
    """
    job = (await removable(connection, job_id, guild_id=guild_id, user_id=user_id, moderator=moderator)).job
    await _change(connection, exhibits.c.job_id == job_id, removed=True)
    who = {"user_id": job.user_id, "moderator_id": user_id}
    style = public_title_of(job)
    await moderation_log.note(connection, guild_id, Kind.TAKEN_DOWN, subject=style, now=now, **who)


async def removable(
    connection: AsyncConnection, job_id: int, *, guild_id: int | None, user_id: int, moderator: bool
) -> Exhibit:
    """An exhibit of this server that this person may take down. Raises `Refusal` if there is none."""
    exhibit = await require(connection, job_id, guild_id=guild_id)
    if exhibit.job.user_id != user_id and not moderator:
        raise Refusal(_("Only the artist and moderators can take this picture down."))
    return exhibit


async def remove(connection: AsyncConnection, job_id: int) -> None:
    """Takes down a picture that is deleted, if it hangs anywhere."""
    await _change(connection, and_(exhibits.c.job_id == job_id, exhibits.c.removed.is_(False)), removed=True)


async def require(connection: AsyncConnection, job_id: int, *, guild_id: int | None) -> Exhibit:
    """An exhibit of this server that was not taken down.

    Raises:
        Refusal: there is none.
    """
    exhibit = await get(connection, job_id)
    if exhibit is None or exhibit.removed or exhibit.guild_id != guild_id:
        raise Refusal(_("That picture no longer hangs here."))
    return exhibit


async def withdraw(connection: AsyncConnection, user_id: int) -> int:
    """Takes down all of a person's pictures, everywhere and for good; returns how many."""
    theirs = select(jobs.c.id).where(jobs.c.user_id == user_id)
    return await _change(
        connection, and_(exhibits.c.job_id.in_(theirs), exhibits.c.removed.is_(False)), removed=True
    )


async def touch(connection: AsyncConnection, job_ids: Sequence[int]) -> None:
    """These exhibits have changed, and their messages must be updated."""
    await _change(connection, exhibits.c.job_id.in_(job_ids))


async def add_stars(connection: AsyncConnection, job_id: int, count: int) -> None:
    """So many more stars were given to an exhibit, or fewer; a picture that does not hang keeps no count."""
    counted = update(exhibits).where(exhibits.c.job_id == job_id)
    await connection.execute(counted.values(stars=exhibits.c.stars + count))


async def take_back_stars(connection: AsyncConnection, given: ColumnElement[bool]) -> int:
    """Deletes these rows of `stars`, and counts them no more; returns how many there were."""
    gone = (await connection.execute(delete(stars).where(given).returning(stars.c.job_id))).scalars().all()
    for job_id, count in sorted(Counter(gone).items()):
        await add_stars(connection, job_id, -count)
    return len(gone)


async def close_channel(connection: AsyncConnection, guild_id: int) -> None:
    """The server no longer has an art channel: what does not hang yet never will."""
    waiting = and_(exhibits.c.guild_id == guild_id, exhibits.c.message_id.is_(None))
    for job_id in (await connection.execute(select(exhibits.c.job_id).where(waiting))).scalars().all():
        await give_up(connection, job_id)


async def _change(connection: AsyncConnection, where: ColumnElement[bool], **values: Any) -> int:
    pending = func.coalesce(exhibits.c.pending, 0) + 1
    return (
        await connection.execute(update(exhibits).where(where).values(pending=pending, **values))
    ).rowcount


# For the gallery updater -----------------------------------------------------------------------------


def _due(now: float) -> Select[Any]:
    # By the index of what is pending: for "is not null", or for the order, SQLite would go through all.
    few = select(exhibits.c.job_id).where(exhibits.c.pending > 0, is_due(exhibits, now))
    return few.order_by(exhibits.c.job_id + 0)


async def anything_due(connection: AsyncConnection, *, now: float) -> bool:
    return (await connection.execute(_due(now).limit(1))).first() is not None


async def claim_due(
    connection: AsyncConnection, *, now: float, limit: int = 10, holder: str | None = None
) -> list[Exhibit]:
    """Leases what is to be done, the oldest first."""
    rows = await schedule.claim(connection, exhibits, _due(now).limit(limit), now=now, holder=holder)
    ids = [row["job_id"] for row in rows]
    return await fetch(connection, query().where(exhibits.c.job_id.in_(ids)).order_by(exhibits.c.job_id))


async def settle(
    connection: AsyncConnection,
    exhibit: Exhibit,
    *,
    message_id: int | None,
    channel_id: int | None = None,
    removed: bool = False,
    now: float,
) -> bool:
    """The message shows what was known when `exhibit` was claimed; later changes are still due.

    False: its job was deleted meanwhile.
    """
    seen = exhibits.c.pending == exhibit.pending
    values: dict[str, Any] = {
        "message_id": message_id,
        "channel_id": channel_id or exhibit.channel_id,
        "pending": case((seen, null()), else_=exhibits.c.pending),
    }
    values |= {"removed": True} if removed else {}
    if not await schedule.settle(connection, exhibits, exhibit.key, due_at=now + SHOWN_EVERY_S, **values):
        return False
    if exhibit.message_id is None and message_id is not None:
        await _show_card_again(connection, exhibit.job.id)
    return True


async def give_up(connection: AsyncConnection, job_id: int) -> None:
    """Deletes an exhibit that cannot be hung; then its card shows the picture itself."""
    await connection.execute(delete(exhibits).where(exhibits.c.job_id == job_id))
    await _show_card_again(connection, job_id)


async def _show_card_again(connection: AsyncConnection, job_id: int) -> None:
    """Has the card updated, if it points to the art channel, or has a button that hangs its picture."""
    of_job = select(jobs.c.guild_id).where(jobs.c.id == job_id)
    guild_id = (await connection.execute(of_job)).scalar_one_or_none()
    settings = await server_settings.settings_of(connection, guild_id)
    if not settings.art_only and settings.art_hangs == "all":
        return
    has_card = and_(deliveries.c.job_id == job_id, deliveries.c.message_id.is_not(None))
    values = {"closed": False, "tries": 0, "due_at": 0.0}
    opened = await connection.execute(update(deliveries).where(has_card).values(**values))
    if opened.rowcount:
        await connection.execute(update(jobs).where(jobs.c.id == job_id).values(revision=jobs.c.revision + 1))
