"""Which rows say that somebody is to be told, on both databases."""

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.jobs.model import Job, State
from bot.domain.outbox import deliveries, mentions
from bot.domain.outbox.mentions import WAITED_S
from bot.domain.outbox.schedule import LEASE_S
from bot.domain.servers import server_settings, users
from bot.domain.servers.server_settings import GuildSettings
from bot.domain.servers.users import PersonSettings
from tests.support.rows import ADA, NOW, add_card, add_in

LATE = NOW + WAITED_S + 1
CARD = 500


@pytest.fixture
async def job(connection: AsyncConnection) -> Job:
    job = await add_in(connection, State.DELIVERED)
    await add_card(connection, job.id, message_id=CARD)
    return job


async def claimed(connection: AsyncConnection, *, now: float = LATE) -> list[tuple[int, int | None]]:
    found = await mentions.claim_due(connection, now=now, limit=10, holder="one")
    return [(one.job.id, one.card_id) for one in found]


async def test_a_row_is_claimed_by_one_and_told_once(connection: AsyncConnection, job: Job) -> None:
    assert await mentions.add(connection, job, now=LATE)
    assert await mentions.anything_due(connection, now=LATE)
    assert await claimed(connection) == [(job.id, CARD)]
    assert await claimed(connection) == [], "it is leased"
    assert await claimed(connection, now=LATE + LEASE_S) == [(job.id, CARD)]
    assert await mentions.settle(connection, job.id, message_id=501)
    await mentions.add(connection, job, now=LATE)
    assert await claimed(connection, now=LATE + 10 * LEASE_S) == []
    assert await mentions.messages_of(connection, user_id=ADA) == {501: 20}


async def test_whoever_waited_for_a_minute_at_most_is_not_told(connection: AsyncConnection, job: Job) -> None:
    assert not await mentions.add(connection, job, now=NOW + WAITED_S)


async def test_a_person_and_a_server_can_say_no(connection: AsyncConnection, job: Job) -> None:
    await users.keep(connection, ADA, PersonSettings(mention_when_ready=False))
    assert not await mentions.add(connection, job, now=LATE)
    await users.keep(connection, ADA, PersonSettings())
    await server_settings.keep(connection, 10, GuildSettings(mention_when_ready=False))
    assert not await mentions.add(connection, job, now=LATE)


async def test_a_card_that_is_not_in_its_channel_calls_nobody(connection: AsyncConnection, job: Job) -> None:
    await deliveries.shown(connection, job.id, revision=9, message_id=7, channel_id=40)
    assert not await mentions.add(connection, job, now=LATE), "it came by direct message"
    await deliveries.forget_message(connection, job.id)
    assert not await mentions.add(connection, job, now=LATE), "nobody sees it there"
