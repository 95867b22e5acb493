"""Challenges: one at a time in each server, first open for entries, then for votes, then ended.

    open -> voting -> ended
      `---------------^  (if there was nothing to vote on)

Until the end, no name is shown with a picture. Each person has one entry and one vote. Entries and vote have
deadlines, see `bot.domain.challenges.deadlines`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, Self

from sqlalchemy import ColumnElement, RowMapping, Select, Text, and_, cast, exists, null, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.db import upsert
from bot.domain.gallery import exhibits
from bot.domain.jobs.model import JOB_COLUMNS, Job, State
from bot.domain.styles import builtin
from bot.errors import Refusal
from bot.language import _
from bot.tables.people import challenges, entries
from bot.tables.pictures import jobs

MAX_ENTRIES = 25
"""As many options as a select on Discord can have."""
GRACE_S = 120.0
"""How long whoever changed a challenge has to post its message: after that the challenge teller does."""
REMIND_BEFORE_S = 24 * 3600.0
"""How long before a deadline it is reminded of; of short ones after three quarters of the time."""


class Stage(StrEnum):
    OPEN = "open"
    VOTING = "voting"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """One row of `challenges`; preset and style_blob are the style of every entry, if one is set.

    message_id: None until the message of its state is posted; menu_message_id: the vote's that is over, while
    its menu is still there. closes_at: when its state ends by itself; vote_s: how long the vote will last.
    """

    id: int
    guild_id: int
    channel_id: int
    user_id: int
    theme: str
    preset: str | None
    style_blob: str | None
    state: Stage
    message_id: int | None
    menu_message_id: int | None
    closes_at: float | None
    vote_s: float | None
    reminded: bool
    created_at: float

    @property
    def remind_at(self) -> float | None:
        """When the deadline is to be reminded of; None: not (any more)."""
        if self.closes_at is None or self.reminded:
            return None
        began_at = self.closes_at - (self.vote_s or 0.0) if self.state is Stage.VOTING else self.created_at
        return self.closes_at - min(REMIND_BEFORE_S, (self.closes_at - began_at) / 4)

    @property
    def next_at(self) -> float | None:
        """When there is something to do for the challenge teller, once its message is posted."""
        if self.state is Stage.ENDED:
            return None if self.menu_message_id is None else 0.0
        return self.closes_at if self.remind_at is None else self.remind_at

    @classmethod
    def from_row(cls, row: RowMapping) -> Self:
        values = {field.name: row[field.name] for field in fields(cls)}
        return cls(**{**values, "state": Stage(values["state"])})


async def _one(connection: AsyncConnection, query: Select[Any]) -> Challenge | None:
    row = (await connection.execute(query)).mappings().one_or_none()
    return Challenge.from_row(row) if row else None


async def running(
    connection: AsyncConnection, guild_id: int | None, *, lock: bool = False
) -> Challenge | None:
    """The server's challenge that has not ended; lock: keep its state until the transaction's end."""
    query = select(challenges).where(challenges.c.guild_id == guild_id, challenges.c.state != Stage.ENDED)
    return await _one(connection, query.with_for_update() if lock else query)


async def require_running(
    connection: AsyncConnection, guild_id: int | None, *, lock: bool = True
) -> Challenge:
    """The running challenge; lock: to change it. Raises `Refusal` if there is none in this server."""
    found = await running(connection, guild_id, lock=lock)
    if found is None:
        raise Refusal(_("No challenge is running here: start one with /challenge start."))
    return found


async def start(
    connection: AsyncConnection,
    *,
    guild_id: int,
    channel_id: int,
    user_id: int,
    theme: str,
    preset: str | None,
    style_blob: str | None,
    style_user_id: int | None = None,
    entries_s: float | None = None,
    vote_s: float | None = None,
    now: float,
) -> Challenge:
    """Opens a challenge.

    style_user_id: whose picture the style is; entries_s, vote_s: how long pictures can be entered, and how
    long can be voted; None: until somebody says so.

    Raises:
        Refusal: another one is running in this server.
    """
    values = {
        "guild_id": guild_id,
        "channel_id": channel_id,
        "user_id": user_id,
        "theme": theme,
        "preset": preset,
        "style_blob": style_blob,
        "style_user_id": style_user_id,
        "closes_at": None if entries_s is None else now + entries_s,
        "vote_s": vote_s,
        "due_at": now + GRACE_S,
        "state": Stage.OPEN,
        "created_at": now,
    }
    try:
        async with connection.begin_nested():
            made = await connection.execute(challenges.insert().values(**values).returning(*challenges.c))
    except IntegrityError as error:
        raise Refusal(_("A challenge is already running here: end it first with /challenge end.")) from error
    return Challenge.from_row(made.mappings().one())


async def get(connection: AsyncConnection, challenge_id: int) -> Challenge | None:
    return await _one(connection, select(challenges).where(challenges.c.id == challenge_id))


async def announced(connection: AsyncConnection, challenge: Challenge, *, message_id: int | None) -> None:
    """The message of the challenge's state was posted; None: it cannot be."""
    same = (challenges.c.id == challenge.id, challenges.c.state == challenge.state)
    values: dict[str, Any] = {"due_at": challenge.next_at, "tries": 0, "last_error": None}
    values |= {} if message_id is None else {"message_id": message_id}
    await connection.execute(update(challenges).where(*same).values(**values))


async def untold(connection: AsyncConnection, guild_id: int | None) -> Challenge | None:
    """The newest challenge, if it has ended and its results could not be posted."""
    query = select(challenges).where(challenges.c.guild_id == guild_id).order_by(challenges.c.id.desc())
    newest = await _one(connection, query.limit(1))
    return newest if newest and newest.state is Stage.ENDED and newest.message_id is None else None


async def move(connection: AsyncConnection, challenge: Challenge, state: Stage, **values: Any) -> None:
    """Moves the challenge on; raises `Refusal` if somebody else did so at the same moment."""
    own = (challenges.c.id == challenge.id, challenges.c.state == challenge.state)
    moved = await connection.execute(update(challenges).where(*own).values(state=state, **values))
    if moved.rowcount != 1:
        raise Refusal(_("Somebody else was faster: look at the challenge again."))


# Entering --------------------------------------------------------------------------------------------


def _enterable(challenge: Challenge, user_id: int, *, age_restricted: bool) -> Select[Any]:
    query = select(*JOB_COLUMNS).where(
        jobs.c.user_id == user_id,
        jobs.c.guild_id == challenge.guild_id,
        jobs.c.created_at >= challenge.created_at,
        jobs.c.state.in_((State.RENDERED, State.DELIVERED)),
        jobs.c.result_blob.is_not(None),
    )
    if challenge.style_blob is not None:
        alone = or_(jobs.c.more_styles.is_(null()), cast(jobs.c.more_styles, Text).in_(("null", "[]")))
        query = query.where(jobs.c.style_blob.in_(_style_blobs(challenge)), alone)
    if not age_restricted:
        query = query.where(jobs.c.age_restricted.is_(False))
    return query.where(~_taken_out(challenge)).order_by(jobs.c.id.desc())


def _style_blobs(challenge: Challenge) -> set[str]:
    """The challenge's style. A painting's file may have been replaced since the start by a better one."""
    painting = builtin.painting(challenge.preset or "")
    now = {painting.blob()} if painting is not None else set()
    return {challenge.style_blob or "", *now}


def _taken_out(challenge: Challenge) -> ColumnElement[bool]:
    """Whether a job was in the challenge until a moderator removed it."""
    entered = exists().where(entries.c.challenge_id == challenge.id, entries.c.job_id == jobs.c.id)
    return and_(jobs.c.challenge_id.is_not_distinct_from(challenge.id), ~entered)


async def enterable(
    connection: AsyncConnection, challenge: Challenge, user_id: int, *, age_restricted: bool, limit: int = 25
) -> list[Job]:
    """The person's pictures that may enter: finished, made here since the start, in the style if one is set.

    age_restricted: whether the challenge's channel may show such pictures.
    """
    query = _enterable(challenge, user_id, age_restricted=age_restricted).limit(limit)
    return [Job.from_row(row) for row in (await connection.execute(query)).mappings()]


async def enter(
    connection: AsyncConnection,
    challenge: Challenge,
    user_id: int,
    *,
    job_id: int | None,
    age_restricted: bool,
    now: float,
) -> Job:
    """Enters a picture, by default the newest, in place of the one that was entered before.

    Raises:
        Refusal: the vote has begun, the challenge is full, or there is no such picture.
    """
    if challenge.state is not Stage.OPEN:
        raise Refusal(_("The vote has begun: nothing more can be entered."))
    query = _enterable(challenge, user_id, age_restricted=age_restricted)
    if job_id is not None:
        query = query.where(jobs.c.id == job_id)
    row = (await connection.execute(query.limit(1))).mappings().one_or_none()
    if row is None:
        raise Refusal(await _no_picture(connection, challenge, user_id))
    job = Job.from_row(row)
    before = await _entered(connection, challenge.id)
    if user_id not in before and len(before) >= MAX_ENTRIES:
        raise Refusal(_("This challenge is full: it holds {count} pictures.", count=MAX_ENTRIES))
    values = {"job_id": job.id, "created_at": now}
    await upsert(connection, entries, {"challenge_id": challenge.id, "user_id": user_id}, values)
    replaced = [before[user_id]] if user_id in before else []
    await release(connection, replaced)
    await connection.execute(update(jobs).where(jobs.c.id == job.id).values(challenge_id=challenge.id))
    await exhibits.touch(connection, [job.id, *replaced])
    return job


async def release(connection: AsyncConnection, job_ids: Sequence[int]) -> None:
    """These pictures leave their challenge, and may enter again."""
    await connection.execute(update(jobs).where(jobs.c.id.in_(job_ids)).values(challenge_id=None))


async def _no_picture(connection: AsyncConnection, challenge: Challenge, user_id: int) -> str:
    taken_out = select(jobs.c.id).where(jobs.c.user_id == user_id, _taken_out(challenge)).limit(1)
    if (await connection.execute(taken_out)).first():
        return _("A moderator has taken your picture out of this challenge: paint another one with /stylize.")
    if challenge.preset is not None:
        return _(
            "You have no finished picture in the style “{style}” made here since the start: "
            "paint one with /stylize first.",
            style=challenge.preset,
        )
    return _("You have no finished picture made here since the start: paint one with /stylize first.")


async def _entered(connection: AsyncConnection, challenge_id: int) -> dict[int, int]:
    """Each entrant's job."""
    query = select(entries.c.user_id, entries.c.job_id).where(entries.c.challenge_id == challenge_id)
    return {row.user_id: row.job_id for row in await connection.execute(query)}
