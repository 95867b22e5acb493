"""Challenges close by themselves: what is due when, and what it does."""

from typing import cast

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.challenges import challenges, deadlines, voting
from bot.domain.challenges.challenges import GRACE_S, REMIND_BEFORE_S, Challenge, Stage
from bot.domain.challenges.deadlines import Step
from bot.domain.outbox import takedowns
from bot.tables.people import challenges as challenges_table
from tests.bot.domain.challenges.test_challenges import current, enter, paint, start
from tests.bot.domain.gallery.test_exhibits import SERVER
from tests.support.rows import ADA, BEN, NOW

DAY_S = 86400.0
WEEK_S = 7 * DAY_S


async def begin(
    connection: AsyncConnection, *entrants: int, entries_s: float = WEEK_S, vote_s: float = DAY_S
) -> Challenge:
    """A challenge whose announcement is posted, with these entries."""
    challenge = await start(connection, entries_s=entries_s, vote_s=vote_s)
    await challenges.announced(connection, challenge, message_id=5)
    for user_id in entrants:
        await paint(connection, user_id)
        await enter(connection, user_id)
    return await current(connection)


async def due_at(connection: AsyncConnection) -> float | None:
    return cast("float | None", (await connection.execute(select(challenges_table.c.due_at))).scalar_one())


async def steps_at(connection: AsyncConnection, now: float) -> list[Step]:
    claimed = await deadlines.claim_due(connection, [SERVER], now=now, limit=9, holder="me")
    return [deadlines.step_of(one.challenge, now=now) for one in claimed]


async def test_a_reminder_comes_a_day_before_the_entries_close(connection: AsyncConnection) -> None:
    challenge = await begin(connection, ADA, BEN)
    assert challenge.closes_at == NOW + WEEK_S
    assert await due_at(connection) == NOW + WEEK_S - REMIND_BEFORE_S
    assert await steps_at(connection, NOW + WEEK_S - REMIND_BEFORE_S - 1) == []
    assert await steps_at(connection, NOW + WEEK_S - REMIND_BEFORE_S) == [Step.REMIND]
    await deadlines.reminded(connection, challenge)
    assert await due_at(connection) == challenge.closes_at


async def test_of_a_short_one_it_comes_after_three_quarters(connection: AsyncConnection) -> None:
    challenge = await begin(connection, entries_s=3600.0)
    assert challenge.remind_at == NOW + 2700


async def test_the_vote_opens_by_itself_and_closes_by_itself(connection: AsyncConnection) -> None:
    challenge = await begin(connection, ADA, BEN)
    then = NOW + WEEK_S
    assert await steps_at(connection, then) == [Step.CLOSE]
    voted_on = await deadlines.close(connection, challenge, now=then)
    assert voted_on is not None
    assert (voted_on.state, voted_on.closes_at, voted_on.reminded) == (Stage.VOTING, then + DAY_S, False)
    assert voted_on.message_id is None, "the vote is not posted yet"
    assert await due_at(connection) == then + GRACE_S
    await challenges.announced(connection, voted_on, message_id=6)
    assert await due_at(connection) == then + DAY_S - DAY_S / 4, "a reminder of the vote's end"
    ended = await deadlines.close(connection, await current(connection), now=then + DAY_S)
    assert ended is not None
    assert (ended.state, ended.message_id, ended.menu_message_id) == (Stage.ENDED, None, 6)
    await challenges.announced(connection, ended, message_id=7)
    assert await steps_at(connection, then + DAY_S) == [Step.CLEAR_MENU]
    await deadlines.menu_cleared(connection, ended)
    assert await due_at(connection) is None


@pytest.mark.parametrize("entrants", [(), (ADA,)])
async def test_with_nothing_to_vote_on_it_ends(
    connection: AsyncConnection, entrants: tuple[int, ...]
) -> None:
    challenge = await begin(connection, *entrants)
    ended = await deadlines.close(connection, challenge, now=NOW + WEEK_S)
    assert ended is not None
    assert (ended.state, ended.menu_message_id) == (Stage.ENDED, None)


async def test_what_somebody_has_closed_is_not_closed_again(connection: AsyncConnection) -> None:
    challenge = await begin(connection, ADA, BEN)
    await voting.open_vote(connection, challenge, now=NOW + 5)
    assert await deadlines.close(connection, challenge, now=NOW + WEEK_S) is None
    assert (await current(connection)).closes_at == NOW + 5 + DAY_S


async def test_a_vote_that_is_shown_again_keeps_its_deadline_and_loses_its_old_message(
    connection: AsyncConnection,
) -> None:
    await voting.open_vote(connection, await begin(connection, ADA, BEN), now=NOW)
    for now, message_id in ((NOW, 6), (NOW + 50, 7)):
        challenge = await current(connection)
        await voting.open_vote(connection, challenge, now=now)
        await voting.shown(connection, challenge, {ADA: message_id, BEN: message_id})
        await challenges.announced(connection, challenge, message_id=message_id)
    assert (await current(connection)).closes_at == NOW + DAY_S
    (down,) = await takedowns.claim_due(connection, now=NOW + 60, limit=9)
    assert down.message_id == 6


async def test_a_message_that_nobody_posted_is_due_after_a_while(connection: AsyncConnection) -> None:
    await start(connection, entries_s=WEEK_S, vote_s=DAY_S)
    assert await steps_at(connection, NOW + GRACE_S - 1) == []
    assert await steps_at(connection, NOW + GRACE_S) == [Step.POST]


async def test_one_without_a_deadline_waits_for_its_host(connection: AsyncConnection) -> None:
    challenge = await start(connection)
    await challenges.announced(connection, challenge, message_id=5)
    assert await due_at(connection) is None
    assert await steps_at(connection, NOW + 1e9) == []


async def test_what_cannot_be_shown_is_left_out_and_the_deadline_stays(connection: AsyncConnection) -> None:
    challenge = await begin(connection)
    await deadlines.give_up(connection, challenge, error="Forbidden 403")
    assert await due_at(connection) == challenge.closes_at
    ended = await deadlines.close(connection, challenge, now=NOW + WEEK_S)
    assert ended is not None
    await deadlines.give_up(connection, ended, error="Forbidden 403")
    assert await due_at(connection) is None


async def test_only_the_servers_named_are_claimed_and_each_once(connection: AsyncConnection) -> None:
    await begin(connection)
    then = NOW + WEEK_S
    assert await deadlines.due_guilds(connection, now=then) == [SERVER]
    assert await deadlines.claim_due(connection, [SERVER + 1], now=then, limit=9, holder="me") == []
    (mine,) = await deadlines.claim_due(connection, [SERVER], now=then, limit=9, holder="me")
    assert mine.tries == 1
    assert await deadlines.claim_due(connection, [SERVER], now=then, limit=9, holder="you") == []
