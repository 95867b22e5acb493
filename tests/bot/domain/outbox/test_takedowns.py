"""Which messages are taken down next, by whom, and until when."""

import asyncio

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.db import Database
from bot.domain.outbox import schedule, takedowns
from bot.domain.outbox.schedule import LEASE_S
from bot.domain.outbox.takedowns import Takedown
from bot.tables.people import takedowns as table
from tests.support.rows import NOW, address


async def claim(connection: AsyncConnection, *, now: float = NOW, limit: int = 10) -> list[Takedown]:
    assert await takedowns.anything_due(connection, now=now)
    found = await takedowns.claim_due(connection, now=now, limit=limit)
    return sorted(found, key=lambda one: one.message_id)


async def test_nothing_is_left_where_nothing_was_posted(connection: AsyncConnection) -> None:
    await takedowns.add(connection, {})
    assert not await takedowns.anything_due(connection, now=NOW)


async def test_the_newest_come_first_and_each_to_one_process(connection: AsyncConnection) -> None:
    await takedowns.add(connection, {1: 20, 2: 20, 3: 21})
    first = await claim(connection, limit=2)
    assert [(one.message_id, one.channel_id, one.tries) for one in first] == [(2, 20, 1), (3, 21, 1)]
    assert [one.message_id for one in await claim(connection)] == [1]
    assert not await takedowns.anything_due(connection, now=NOW + LEASE_S - 1)
    again = await claim(connection, now=NOW + LEASE_S)
    assert [(one.message_id, one.tries) for one in again] == [(1, 2), (2, 2), (3, 2)], "after a crash"


async def test_what_is_gone_or_put_off_is_not_due(connection: AsyncConnection) -> None:
    await takedowns.add(connection, {1: 20, 2: 20})
    await claim(connection)
    await takedowns.forget(connection, 1)
    await schedule.retry_later(connection, table, (2,), due_at=NOW + 5, error="503")
    assert not await takedowns.anything_due(connection, now=NOW + 4)
    assert [one.message_id for one in await claim(connection, now=NOW + 5)] == [2]
    assert [one.message_id for one in await claim(connection, now=NOW + 5 + LEASE_S)] == [2]


async def test_whoever_takes_one_down_can_keep_it(connection: AsyncConnection) -> None:
    await takedowns.add(connection, {1: 20})
    await takedowns.claim_due(connection, now=NOW, limit=1, holder="one")
    await schedule.renew(connection, table, {(1,)}, holder="one", now=NOW + 5)
    assert not await takedowns.anything_due(connection, now=NOW + LEASE_S)


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
async def test_a_second_process_goes_on_with_others_and_waits_for_nobody(database: Database) -> None:
    async with database.begin() as connection:
        await takedowns.add(connection, {1: 20, 2: 20, 3: 21})
    async with database.begin() as first, database.begin() as second:
        assert [one.message_id for one in await claim(first, limit=2)] == [2, 3]
        async with asyncio.timeout(10):
            assert [one.message_id for one in await claim(second, limit=2)] == [1]


async def test_a_message_that_is_known_already_is_not_added_twice(connection: AsyncConnection) -> None:
    await takedowns.add(connection, {1: 20})
    await takedowns.add(connection, {1: 21, 2: 21})
    assert [(one.message_id, one.channel_id) for one in await claim(connection)] == [(1, 20), (2, 21)]


async def test_a_card_that_only_its_person_sees_keeps_its_token(connection: AsyncConnection) -> None:
    seen_by_all, private = address(message_id=1), address(message_id=2, channel_reachable=False)
    for card in (seen_by_all, private, address()):
        await takedowns.add_card(connection, card, channel_id=20)
    assert [(one.message_id, one.interaction_token, one.token_until) for one in await claim(connection)] == [
        (1, None, None),
        (2, "token", NOW + 900),
    ]
