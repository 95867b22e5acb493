"""A challenge's deadlines: its entries and its vote close by themselves, and each is reminded of before.

A challenge is a row of the outbox: it is due when the next of these steps is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from sqlalchemy import Select, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.challenges import challenges, voting
from bot.domain.challenges.challenges import Challenge, Stage
from bot.domain.outbox import schedule
from bot.domain.outbox.schedule import begun, is_due
from bot.tables.people import challenges as challenges_table


class Step(Enum):
    """What has to be done for a challenge now."""

    POST = auto()
    """The message of its state."""
    CLOSE = auto()
    """Its entries or its vote."""
    REMIND = auto()
    CLEAR_MENU = auto()
    """Of the vote that is over."""
    NOTHING = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Appointment:
    """A challenge that something has to be done for; tries: how often that was tried, this time included."""

    challenge: Challenge
    tries: int

    @property
    def key(self) -> tuple[int]:
        return (self.challenge.id,)


def step_of(challenge: Challenge, *, now: float) -> Step:
    if challenge.state is not Stage.ENDED and challenge.closes_at is not None and challenge.closes_at <= now:
        return Step.CLOSE
    if challenge.message_id is None:
        return Step.POST
    if challenge.state is Stage.ENDED:
        return Step.NOTHING if challenge.menu_message_id is None else Step.CLEAR_MENU
    return Step.NOTHING if challenge.remind_at is None or challenge.remind_at > now else Step.REMIND


def _due(now: float) -> Select[tuple[int, int]]:
    query = select(challenges_table.c.id, challenges_table.c.guild_id)
    return query.where(is_due(challenges_table, now)).order_by(challenges_table.c.due_at)


async def due_guilds(connection: AsyncConnection, *, now: float) -> Sequence[int]:
    """The servers whose challenges something has to be done for."""
    return [row.guild_id for row in await connection.execute(_due(now))]


async def claim_due(
    connection: AsyncConnection, guild_ids: Sequence[int], *, now: float, limit: int, holder: str
) -> list[Appointment]:
    """Leases them, in these servers, the longest due first."""
    due = _due(now).with_only_columns(challenges_table.c.id)
    due = due.where(challenges_table.c.guild_id.in_(guild_ids)).limit(limit)
    rows = await schedule.claim(connection, challenges_table, due, now=now, holder=holder)
    tries = select(challenges_table.c.id, begun(challenges_table).label("tries"))
    ids = [row["id"] for row in rows]
    begun_of = {
        row.id: row.tries for row in await connection.execute(tries.where(challenges_table.c.id.in_(ids)))
    }
    return [
        Appointment(challenge=Challenge.from_row(row), tries=begun_of[row["id"]])
        for row in sorted(rows, key=lambda one: one["id"])
    ]


async def close(connection: AsyncConnection, challenge: Challenge, *, now: float) -> Challenge | None:
    """Opens the vote if there is something to vote on; else, and after the vote, ends the challenge.

    None: somebody else has been faster.
    """
    current = await challenges.running(connection, challenge.guild_id, lock=True)
    if current is None or (current.id, current.state) != (challenge.id, challenge.state):
        return None
    entered = await voting.entries_of(connection, challenge.id)
    if current.state is Stage.OPEN and len(entered) >= voting.MIN_ENTRIES:
        await voting.open_vote(connection, current, now=now)
    else:
        await voting.end(connection, current, now=now)
    return await challenges.get(connection, challenge.id)


async def reminded(connection: AsyncConnection, challenge: Challenge) -> None:
    await _settle(connection, challenge, reminded=True, due_at=challenge.closes_at)


async def menu_cleared(connection: AsyncConnection, challenge: Challenge) -> None:
    await _settle(connection, challenge, menu_message_id=None, due_at=None)


async def rest(connection: AsyncConnection, challenge: Challenge) -> None:
    """Nothing is to be done before the next step."""
    await _settle(connection, challenge, due_at=challenge.next_at)


async def give_up(connection: AsyncConnection, challenge: Challenge, *, error: str) -> None:
    """What cannot be shown is left out; the deadline stays."""
    current = await challenges.get(connection, challenge.id)
    if current is None:
        return
    due_at = None if current.state is Stage.ENDED else current.closes_at
    await _settle(connection, current, menu_message_id=None, due_at=due_at, last_error=error)


async def _settle(
    connection: AsyncConnection, challenge: Challenge, *, due_at: float | None, **values: object
) -> None:
    """Only where nothing has changed meanwhile: what somebody else has done has its own next step."""
    free = {"tries": 0, "last_error": None, **schedule.RELEASED}
    table = challenges_table.c
    released = update(challenges_table).where(table.id == challenge.id).values(**free)
    await connection.execute(released)
    same = (table.id == challenge.id, table.state == challenge.state)
    await connection.execute(update(challenges_table).where(*same).values(due_at=due_at, **values))
