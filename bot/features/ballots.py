"""Ballots: the entries of a challenge without their names, the votes for them, and who won."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.db import upsert
from bot.errors import Refusal
from bot.features import challenges, exhibits
from bot.features.challenges import Challenge, Stage
from bot.features.jobs import JOB_COLUMNS, Job
from bot.language import _, n_
from bot.tables import entries, jobs, votes

MIN_ENTRIES = 2
"""Fewer are nothing to vote on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Somebody's picture in a challenge; voters know it by `number`; `key` says nothing about it."""

    job: Job
    user_id: int
    key: str
    number: int
    votes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place in the results; several entries with the same votes share it."""

    rank: int
    votes: int
    entries: tuple[Entry, ...]


def _key(challenge_id: int, job: Job) -> str:
    """Unlike the job's id it cannot be compared with the cards in the channel."""
    seal = f"{challenge_id}:{job.id}:{job.result_blob}:{job.content_blob}"
    return hashlib.sha256(seal.encode()).hexdigest()[:16]


async def entries_of(connection: AsyncConnection, challenge_id: int) -> list[Entry]:
    """The entries in an order that says nothing: neither who nor when."""
    cast_for = (
        select(func.count())
        .select_from(votes)
        .where(votes.c.challenge_id == entries.c.challenge_id, votes.c.entrant_id == entries.c.user_id)
        .correlate(entries)
        .scalar_subquery()
    )
    query = (
        select(*JOB_COLUMNS, entries.c.user_id.label("entrant_id"), cast_for.label("votes"))
        .join_from(entries, jobs, jobs.c.id == entries.c.job_id)
        .where(entries.c.challenge_id == challenge_id)
    )
    rows = (await connection.execute(query)).mappings()
    keyed = sorted(
        ((_key(challenge_id, job := Job.from_row(row)), job, row) for row in rows), key=lambda one: one[0]
    )
    return [
        Entry(job=job, user_id=row["entrant_id"], key=key, number=number, votes=row["votes"])
        for number, (key, job, row) in enumerate(keyed, start=1)
    ]


async def open_vote(connection: AsyncConnection, challenge: Challenge) -> list[Entry]:
    """Open -> voting; returns the entries. Once it is open, they are returned again.

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
    await challenges.move(connection, challenge, Stage.VOTING)
    return found


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


async def end(connection: AsyncConnection, challenge: Challenge, *, now: float) -> list[Place]:
    """Voting -> ended, or open -> ended where there is nothing to vote on; returns the places.

    Raises:
        Refusal: the vote was not opened yet.
    """
    found = await entries_of(connection, challenge.id)
    if challenge.state is Stage.OPEN and len(found) >= MIN_ENTRIES:
        raise Refusal(_("The vote has not been opened yet: open it with /challenge vote."))
    await challenges.move(connection, challenge, Stage.ENDED, ended_at=now, message_id=None)
    await exhibits.touch(connection, [entry.job.id for entry in found])
    return places(found)


def places(found: Sequence[Entry]) -> list[Place]:
    """Who came where, by votes; entries with the same votes share a place, and the next one is skipped."""
    ranked: list[Place] = []
    for count in sorted({entry.votes for entry in found}, reverse=True):
        rank = 1 + sum(entry.votes > count for entry in found)
        alike = tuple(entry for entry in found if entry.votes == count)
        ranked.append(Place(rank=rank, votes=count, entries=alike))
    return ranked
