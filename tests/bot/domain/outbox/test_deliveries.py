"""The ledger of cards: which lag behind their job, in which order, and when to leave one alone."""

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.jobs import queue
from bot.domain.jobs.model import State
from bot.domain.outbox import deliveries, schedule
from bot.domain.outbox.schedule import LEASE_S
from bot.tables.pictures import deliveries as table
from tests.support.rows import ADA, BEN, NOW, add, add_card, add_in, address, job_of, set_columns


async def add_shown(connection: AsyncConnection, state: State) -> int:
    """A job whose card is not up to date."""
    job = await add_in(connection, state)
    await add_card(connection, job.id)
    return job.id


async def due_ids(connection: AsyncConnection, *, now: float = NOW, limit: int = 100) -> list[int]:
    return [delivery.job.id for delivery in await deliveries.due(connection, now=now, limit=limit)]


async def row(connection: AsyncConnection, job_id: int) -> dict[str, object]:
    found = await connection.execute(select(table).where(table.c.job_id == job_id))
    return {str(name): value for name, value in found.mappings().one().items()}


async def test_ended_jobs_come_first_and_then_the_oldest(connection: AsyncConnection) -> None:
    running = await add_shown(connection, State.RUNNING)
    failed = await add_shown(connection, State.FAILED)
    cancelled = await add_shown(connection, State.CANCELLED)
    rendered = await add_in(connection, State.RENDERED)
    queued = await add_shown(connection, State.QUEUED)
    await add_card(connection, rendered.id)
    assert await due_ids(connection) == [failed, cancelled, rendered.id, running, queued]
    assert await due_ids(connection, limit=2) == [failed, cancelled]


async def test_a_delivery_holds_its_job_and_its_address(connection: AsyncConnection) -> None:
    job_id = await add(connection)
    await add_card(connection, job_id, message_id=5, channel_reachable=False)
    (delivery,) = await deliveries.due(connection, now=NOW)
    assert delivery.job == await job_of(connection, job_id)
    assert delivery.address == address(message_id=5, channel_reachable=False)
    assert (delivery.shown_revision, delivery.tries) == (0, 0)


async def test_a_card_is_due_again_only_when_its_job_changes(connection: AsyncConnection) -> None:
    job_id = await add_shown(connection, State.QUEUED)
    job = await job_of(connection, job_id)
    await deliveries.shown(connection, job_id, revision=job.revision, message_id=77)
    assert await due_ids(connection) == []
    await queue.cancel(connection, job_id, user_id=ADA, now=NOW)
    (delivery,) = await deliveries.due(connection, now=NOW)
    assert (delivery.address.message_id, delivery.shown_revision) == (77, job.revision)


async def test_a_card_is_not_due_because_another_s_job_has_changed(connection: AsyncConnection) -> None:
    job_id, other_id = await add_shown(connection, State.DELIVERED), await add_shown(connection, State.QUEUED)
    job = await job_of(connection, job_id)
    await set_columns(connection, other_id, revision=job.revision + 9)
    await deliveries.shown(connection, job_id, revision=job.revision, message_id=77)
    await deliveries.close(connection, job_id)
    await deliveries.shown(connection, job_id, revision=job.revision, message_id=77)
    assert (await row(connection, job_id))["closed"] is True
    await connection.execute(update(table).values(closed=False))
    assert await due_ids(connection) == [other_id]


async def test_showing_without_a_message_id_keeps_the_known_one(connection: AsyncConnection) -> None:
    job_id = await add_shown(connection, State.QUEUED)
    await deliveries.shown(connection, job_id, revision=0, message_id=77)
    await deliveries.shown(connection, job_id, revision=0, message_id=None)
    assert (await row(connection, job_id))["message_id"] == 77


async def test_a_postponed_card_waits_and_counts_its_tries(connection: AsyncConnection) -> None:
    job_id = await add_shown(connection, State.RENDERED)
    for tries in (1, 2):
        await schedule.retry_later(connection, table, (job_id,), due_at=NOW + 5, error="HTTP 500")
        assert await due_ids(connection, now=NOW + 4) == []
        (delivery,) = await deliveries.due(connection, now=NOW + 5)
        assert delivery.tries == tries
    await deliveries.shown(connection, job_id, revision=1, message_id=None)
    assert ((await row(connection, job_id))["tries"], (await row(connection, job_id))["last_error"]) == (
        0,
        None,
    )


async def test_a_closed_card_is_never_due_again(connection: AsyncConnection) -> None:
    job_id = await add_shown(connection, State.QUEUED)
    await deliveries.close(connection, job_id, error="the channel is gone")
    await queue.cancel(connection, job_id, user_id=ADA, now=NOW)
    assert await due_ids(connection, now=NOW + 1e6) == []
    assert (await row(connection, job_id))["last_error"] == "the channel is gone"


async def test_an_older_state_shown_late_has_the_end_shown_once_more(connection: AsyncConnection) -> None:
    """A slow edit of a queued card, which comes down over the picture that was posted meanwhile."""
    job_id = await add_shown(connection, State.RENDERED)
    job = await job_of(connection, job_id)
    await deliveries.shown(connection, job_id, revision=job.revision, message_id=77)
    await queue.deliver(connection, job_id)
    assert await due_ids(connection) == []
    await deliveries.shown(connection, job_id, revision=1, message_id=77)
    (delivery,) = await deliveries.due(connection, now=NOW)
    assert delivery.job.state is State.DELIVERED
    await deliveries.shown(connection, job_id, revision=job.revision, message_id=77)
    await deliveries.close(connection, job_id)
    await deliveries.shown(connection, job_id, revision=job.revision, message_id=77)
    assert (await row(connection, job_id))["closed"] is True, "the end itself, shown twice, changes nothing"


async def test_the_address_of_a_card_is_known_by_its_job(connection: AsyncConnection) -> None:
    job_id = await add(connection)
    other_id = await add(connection)
    await add_card(connection, other_id, message_id=7)
    assert await deliveries.address_of(connection, job_id) is None
    assert await deliveries.address_of(connection, other_id) == address(message_id=7)


async def test_a_token_that_was_refused_is_used_no_more(connection: AsyncConnection) -> None:
    job_id, other_id = await add(connection), await add(connection)
    for each in (job_id, other_id):
        await add_card(connection, each, message_id=7)
    await deliveries.forget_token(connection, job_id)
    assert await deliveries.address_of(connection, job_id) == address(message_id=7, token_until=0)
    assert await deliveries.address_of(connection, other_id) == address(message_id=7)


async def test_a_card_that_is_gone_is_shown_nowhere_in_its_channel(connection: AsyncConnection) -> None:
    job_id = await add(connection)
    await add_card(connection, job_id, message_id=7)
    await deliveries.forget_message(connection, job_id)
    assert await deliveries.address_of(connection, job_id) == address(channel_reachable=False)


async def test_undelivered_are_the_painted_ones_that_were_given_up(connection: AsyncConnection) -> None:
    states = (State.RENDERED, State.RENDERED, State.DELIVERED)
    given_up, open_still, delivered = [(await add_in(connection, state)).id for state in states]
    for job_id in (given_up, open_still, delivered):
        await add_card(connection, job_id)
    await deliveries.close(connection, given_up, error="Forbidden 403 50007")
    await deliveries.close(connection, delivered)
    assert await deliveries.undelivered_of(connection, ADA) == {given_up}
    assert await deliveries.undelivered_of(connection, BEN) == set()


async def held(connection: AsyncConnection, holder: str, now: float = NOW) -> set[int]:
    """What a gateway gets that reads the ledger and holds all it finds."""
    due = await deliveries.due(connection, now=now, holder=holder)
    return await claimed(connection, [delivery.job.id for delivery in due], holder, now)


async def claimed(connection: AsyncConnection, job_ids: list[int], holder: str, now: float = NOW) -> set[int]:
    cards = await deliveries.claim(connection, job_ids, holder=holder, now=now)
    return {delivery.job.id for delivery in cards}


async def renew(connection: AsyncConnection, job_id: int, holder: str, now: float) -> None:
    await schedule.renew(connection, table, {(job_id,)}, holder=holder, now=now)


async def test_a_gateway_holds_no_more_than_it_asked_for(connection: AsyncConnection) -> None:
    first, second = await add_shown(connection, State.QUEUED), await add_shown(connection, State.QUEUED)
    assert await claimed(connection, [first], "one") == {first}
    assert await held(connection, "two") == {second}


async def test_a_card_is_held_by_one_gateway_at_a_time(connection: AsyncConnection) -> None:
    first, second = await add_shown(connection, State.QUEUED), await add_shown(connection, State.QUEUED)
    assert await held(connection, "one") == {first, second}
    assert await held(connection, "two") == set()
    assert await held(connection, "one") == {first, second}, "its own stay its own"


async def test_a_gateway_that_read_before_another_has_shown_gets_nothing(connection: AsyncConnection) -> None:
    job_id = await add_shown(connection, State.QUEUED)
    await claimed(connection, [job_id], "one")
    await deliveries.shown(connection, job_id, revision=1, message_id=5)
    assert await claimed(connection, [job_id], "two") == set()
    await queue.cancel(connection, job_id, user_id=ADA, now=NOW)
    assert await held(connection, "two") == {job_id}, "showing has set it free"


async def test_a_closed_card_cannot_be_held(connection: AsyncConnection) -> None:
    job_id = await add_shown(connection, State.QUEUED)
    await deliveries.close(connection, job_id)
    assert await claimed(connection, [job_id], "one") == set()


async def test_a_gateway_that_died_keeps_its_cards_for_a_short_while(connection: AsyncConnection) -> None:
    job_id = await add_shown(connection, State.QUEUED)
    await held(connection, "dead")
    assert await held(connection, "two", NOW + LEASE_S - 1) == set()
    assert await held(connection, "two", NOW + LEASE_S) == {job_id}
    await renew(connection, job_id, "dead", NOW + 100)
    assert await held(connection, "three", NOW + 100) == {job_id}, "the dead cannot hold what was taken over"


async def test_a_card_that_takes_long_stays_in_its_gateway_s_hands(connection: AsyncConnection) -> None:
    job_id = await add_shown(connection, State.QUEUED)
    await held(connection, "one")
    await renew(connection, job_id, "one", NOW + 9)
    assert await held(connection, "two", NOW + 11) == set()


async def test_a_postponed_card_is_anybody_s(connection: AsyncConnection) -> None:
    job_id = await add_shown(connection, State.QUEUED)
    await held(connection, "one")
    await schedule.retry_later(connection, table, (job_id,), due_at=NOW + 1, error="500")
    assert await held(connection, "two", NOW + 1) == {job_id}


async def test_a_card_may_be_where_its_job_was_not(connection: AsyncConnection) -> None:
    job_id = await add_shown(connection, State.RENDERED)
    await deliveries.posting(connection, job_id, now=NOW + 5)
    (delivery,) = await deliveries.due(connection, now=NOW)
    assert (delivery.posting_since, delivery.channel_id) == (NOW + 5, 20)
    assert await deliveries.shown(connection, job_id, revision=0, message_id=77, channel_id=40)
    (delivery,) = await deliveries.due(connection, now=NOW)
    assert (delivery.posting_since, delivery.channel_id) == (None, 40)
    assert delivery.address == address(message_id=77, message_channel_id=40)
    await deliveries.forget_message(connection, job_id)
    assert await deliveries.address_of(connection, job_id) == address(channel_reachable=False)


async def test_a_card_can_be_shown_without_its_token_where_the_bot_may_write(
    connection: AsyncConnection,
) -> None:
    assert address(channel_reachable=True).by_channel
    assert address(channel_reachable=False, message_channel_id=40).by_channel
    assert not address(channel_reachable=False).by_channel


async def test_a_card_whose_job_was_deleted_is_not_shown(connection: AsyncConnection) -> None:
    job_id = await add_shown(connection, State.RENDERED)
    await connection.execute(table.delete())
    assert not await deliveries.shown(connection, job_id, revision=1, message_id=77)


@pytest.mark.parametrize("state", [State.RENDERED, State.DELIVERED, State.FAILED])
async def test_an_end_can_be_shown_once_more_whatever_was_before(
    connection: AsyncConnection, state: State
) -> None:
    job_id, other_id = await add_shown(connection, state), await add_shown(connection, State.QUEUED)
    job = await job_of(connection, job_id)
    if state is not State.RENDERED:
        await deliveries.shown(connection, job_id, revision=job.revision, message_id=77)
    await schedule.retry_later(connection, table, (job_id,), due_at=NOW + 1e6, error="50013")
    await deliveries.close(connection, job_id, error="Forbidden 403 50013")
    assert await due_ids(connection) == [other_id]
    await deliveries.reopen(connection, job_id)
    (delivery, _other) = await deliveries.due(connection, now=NOW)
    assert (delivery.job.id, delivery.tries) == (job_id, 0)
    assert (await job_of(connection, other_id)).revision == 1


async def test_what_could_not_be_shown_for_too_long_is_given_up(connection: AsyncConnection) -> None:
    old, new = await add_shown(connection, State.RENDERED), await add_shown(connection, State.FAILED)
    queued = await add_shown(connection, State.QUEUED)
    await set_columns(connection, new, ended_at=NOW + 10)
    assert await deliveries.give_up_ended_before(connection, NOW + 10) == 1
    assert await due_ids(connection, now=NOW + 1e6) == [new, queued]
    assert await deliveries.undelivered_of(connection, ADA) == {old}
