"""Voting: the entries of a challenge without names, the votes for them, and who won."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.db import upsert
from bot.domain.challenges import challenges
from bot.domain.challenges.challenges import GRACE_S, Challenge, Stage
from bot.domain.gallery import exhibits
from bot.domain.jobs.model import JOB_COLUMNS, Job
from bot.domain.outbox import moderation_log, takedowns
from bot.domain.outbox.moderation_log import Kind
from bot.domain.styles.style import public_title_of
from bot.errors import Refusal
from bot.language import _, n_
from bot.tables.people import entries, votes
from bot.tables.pictures import jobs

MIN_ENTRIES = 2
"""With fewer there is nothing to vote on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Somebody's picture in a challenge. Voters know it by `number`; `key` reveals nothing about it.

    message_id: the message of the vote that shows it, if any.
    """

    job: Job
    user_id: int
    key: str
    number: int
    votes: int
    message_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place in the results, shared by entries with the same number of votes."""

    rank: int
    votes: int
    entries: tuple[Entry, ...]


_OF_ENTRY = (entries.c.user_id.label("entrant_id"), entries.c.number, entries.c.message_id)


def _key(challenge_id: int, job: Job) -> str:
    """Unlike the job's id, it cannot be matched with the cards in the channel."""
    seal = f"{challenge_id}:{job.id}:{job.result_blob}:{job.content_blob}"
    return hashlib.sha256(seal.encode()).hexdigest()[:16]


async def entries_of(connection: AsyncConnection, challenge_id: int) -> list[Entry]:
    """The entries, in an order that reveals neither who entered nor when."""
    cast_for = (
        select(func.count())
        .select_from(votes)
        .where(votes.c.challenge_id == entries.c.challenge_id, votes.c.entrant_id == entries.c.user_id)
        .correlate(entries)
        .scalar_subquery()
    )
    query = (
        select(*JOB_COLUMNS, *_OF_ENTRY, cast_for.label("votes"))
        .join_from(entries, jobs, jobs.c.id == entries.c.job_id)
        .where(entries.c.challenge_id == challenge_id)
    )
    rows = (await connection.execute(query)).mappings()
    keyed = sorted(
        ((_key(challenge_id, job := Job.from_row(row)), job, row) for row in rows), key=lambda one: one[0]
    )
    return [
        Entry(
            job=job,
            user_id=row["entrant_id"],
            key=key,
            number=row["number"] or place,
            votes=row["votes"],
            message_id=row["message_id"],
        )
        for place, (key, job, row) in enumerate(keyed, start=1)
    ]


async def open_vote(connection: AsyncConnection, challenge: Challenge, *, now: float) -> list[Entry]:
    """Open -> voting; returns the entries, numbered for good, and returns them again once it is open.

    Raises:
        Refusal: there are too few entries.
    """
    found = await entries_of(connection, challenge.id)
    if challenge.state is Stage.OPEN and len(found) < MIN_ENTRIES:
        raise Refusal(
            n_(
                "There is {count} entry so far: a vote needs at least two.",
                "There are {count} entries so far: a vote needs at least two.",
                len(found),
            )
        )
    begun: dict[str, Any] = {}
    if challenge.state is Stage.OPEN:
        closes_at = None if challenge.vote_s is None else now + challenge.vote_s
        begun = {"closes_at": closes_at, "reminded": False, "message_id": None, "due_at": now + GRACE_S}
    await challenges.move(connection, challenge, Stage.VOTING, **begun)
    await _note(connection, challenge.id, "number", {entry.user_id: entry.number for entry in found})
    return found


async def shown(connection: AsyncConnection, challenge: Challenge, messages: Mapping[int, int]) -> None:
    """Records which message shows which entrant's picture; earlier ones are taken down."""
    query = select(entries.c.message_id).where(entries.c.challenge_id == challenge.id)
    before = {challenge.message_id, *(await connection.execute(query)).scalars()} - {*messages.values(), None}
    if challenge.state is Stage.VOTING:
        await takedowns.add(connection, {one: challenge.channel_id for one in before if one is not None})
    await _note(connection, challenge.id, "message_id", messages)


async def _note(connection: AsyncConnection, challenge_id: int, column: str, of: Mapping[int, int]) -> None:
    for user_id, value in of.items():
        mine = (entries.c.challenge_id == challenge_id, entries.c.user_id == user_id)
        await connection.execute(update(entries).where(*mine).values({column: value}))


async def vote(
    connection: AsyncConnection,
    challenge_id: int,
    *,
    guild_id: int | None,
    user_id: int,
    key: str,
    now: float,
) -> None:
    """Casts or changes a vote.

    Raises:
        Refusal: no vote is on here, there is no such entry, or it is their own.
    """
    challenge = await challenges.running(connection, guild_id, lock=True)
    if challenge is None or challenge.id != challenge_id or challenge.state is not Stage.VOTING:
        raise Refusal(_("This vote is over."))
    entry = {one.key: one for one in await entries_of(connection, challenge_id)}.get(key)
    if entry is None:
        raise Refusal(_("That picture is no longer in the challenge: choose another one."))
    if entry.user_id == user_id:
        raise Refusal(_("You cannot vote for your own picture: choose another one."))
    values = {"entrant_id": entry.user_id, "created_at": now}
    await upsert(connection, votes, {"challenge_id": challenge_id, "user_id": user_id}, values)


async def removable(
    connection: AsyncConnection, guild_id: int | None, user_id: int, *, moderator: bool
) -> list[Entry]:
    """The entries that a person may remove from the challenge here: their own, or all for a moderator."""
    challenge = await challenges.running(connection, guild_id)
    found = await entries_of(connection, challenge.id) if challenge else []
    return [entry for entry in found if moderator or entry.user_id == user_id]


async def remove(
    connection: AsyncConnection,
    challenge: Challenge,
    user_id: int,
    *,
    picture: str | None,
    moderator: bool,
    now: float,
) -> Entry:
    """Removes an entry and its votes from a challenge; what a moderator removes cannot come back.

    picture: its key or number; None: the person's own.

    Raises:
        Refusal: there is none, or it is neither theirs nor are they a moderator.
    """
    entry = await one_removable(connection, challenge, user_id, picture=picture, moderator=moderator)
    for table, whose in ((votes, votes.c.entrant_id), (entries, entries.c.user_id)):
        in_it = (table.c.challenge_id == challenge.id, whose == entry.user_id)
        await connection.execute(delete(table).where(*in_it))
    if entry.user_id == user_id:
        await challenges.release(connection, [entry.job.id])
    await exhibits.touch(connection, [entry.job.id])
    await moderation_log.note(
        connection,
        challenge.guild_id,
        Kind.LEFT_OUT,
        user_id=entry.user_id,
        moderator_id=user_id,
        subject=public_title_of(entry.job),
        now=now,
    )
    return entry


async def one_removable(
    connection: AsyncConnection, challenge: Challenge, user_id: int, *, picture: str | None, moderator: bool
) -> Entry:
    """The entry that is meant, by its key or number, or the person's own. Raises `Refusal` as `remove`."""
    found = await entries_of(connection, challenge.id)
    if picture is None:
        meant = [entry for entry in found if entry.user_id == user_id]
    else:
        meant = [entry for entry in found if picture.strip() in {entry.key, str(entry.number)}]
    if not meant and picture is None:
        raise Refusal(_("You have no picture in this challenge."))
    if not meant:
        raise Refusal(_("There is no such picture in this challenge: pick one from the list that opens."))
    (entry,) = meant
    if entry.user_id != user_id and not moderator:
        raise Refusal(_("Only moderators and whoever entered this picture can remove it."))
    return entry


async def end(connection: AsyncConnection, challenge: Challenge, *, now: float) -> list[Place]:
    """Voting -> ended, or open -> ended if there is nothing to vote on; returns the places.

    Raises:
        Refusal: the vote was not opened yet.
    """
    found = await entries_of(connection, challenge.id)
    if challenge.state is Stage.OPEN and len(found) >= MIN_ENTRIES:
        raise Refusal(_("The vote has not been opened yet: open it with /challenge vote."))
    menu = challenge.message_id if challenge.state is Stage.VOTING else None
    values = {"ended_at": now, "message_id": None, "menu_message_id": menu, "due_at": now + GRACE_S}
    await challenges.move(connection, challenge, Stage.ENDED, **values)
    await exhibits.touch(connection, [entry.job.id for entry in found])
    return places(found)


def places(found: Sequence[Entry]) -> list[Place]:
    """The places by votes; entries with the same number share a place, and the next place is skipped."""
    ranked: list[Place] = []
    for count in sorted({entry.votes for entry in found}, reverse=True):
        rank = 1 + sum(entry.votes > count for entry in found)
        alike = tuple(entry for entry in found if entry.votes == count)
        ranked.append(Place(rank=rank, votes=count, entries=alike))
    return ranked
