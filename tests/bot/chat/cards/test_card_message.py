"""A gateway that dies behind a new message: the next one finds it, after Discord has forgotten the nonce.

SimCord knows no nonces, as Discord after some minutes.
"""

from dataclasses import replace

import pytest
from simcord import ChannelHandle, Env
from sqlalchemy import select

from bot.chat.cards.card_updater import CardUpdater
from bot.domain.jobs.model import State
from bot.domain.outbox.schedule import LEASE_S
from bot.tables.pictures import deliveries
from tests.support.chat import ChatHarness


def gateway(chat: ChatHarness, env: Env, *, later_s: float = 0.0) -> CardUpdater:
    """A card updater whose clock is Discord's, which stands still here; no token is valid any more."""
    services = replace(chat.services, clock=lambda: env.now().timestamp() + later_s)
    return CardUpdater(client=env.bot, services=services)


async def dies_behind_its_message(chat: ChatHarness, env: Env) -> None:
    """Posts the card and is killed before it has written that down."""
    dead = gateway(chat, env)
    (row,) = await dead._next()
    assert await dead._show(row)


async def expire_tokens(chat: ChatHarness) -> None:
    async with chat.services.database.begin() as connection:
        await connection.execute(deliveries.update().values(token_until=0))


async def recorded(chat: ChatHarness) -> tuple[int | None, int | None, float | None]:
    columns = (deliveries.c.message_id, deliveries.c.message_channel_id, deliveries.c.posting_since)
    async with chat.services.database.read() as connection:
        message_id, channel_id, since = (await connection.execute(select(*columns))).one()
        return message_id, channel_id, since


@pytest.fixture
async def letter_box(chat: ChatHarness) -> ChannelHandle:
    """Ada's direct messages, where the picture has to go because somebody deleted its card."""
    await chat.stylize()
    await chat.paint()
    await chat.channel.history()[-1].delete()
    return chat.ada.user.dm_channel


async def test_a_direct_message_is_not_sent_twice(
    chat: ChatHarness, env: Env, letter_box: ChannelHandle
) -> None:
    await dies_behind_its_message(chat, env)
    (letter,) = letter_box.history()
    assert await gateway(chat, env, later_s=LEASE_S).poll() == 1
    (still,) = letter_box.history()
    assert still.id == letter.id
    assert (await chat.job()).state is State.DELIVERED
    assert await recorded(chat) == (letter.id, letter_box.id, None)


async def test_nor_is_a_message_in_the_channel(chat: ChatHarness, env: Env) -> None:
    await chat.stylize()
    await chat.paint()
    (thinking,) = chat.channel.history()
    await thinking.delete()
    async with chat.services.database.begin() as connection:  # it died right after acceptance, too
        await connection.execute(deliveries.update().values(token_until=0, message_id=None))
    await dies_behind_its_message(chat, env)
    (posted,) = chat.channel.history()
    await chat.ben.send(chat.channel, "how nice")
    assert await gateway(chat, env, later_s=LEASE_S).poll() == 1
    assert [one.id for one in chat.channel.history() if one.author == env.bot.user] == [posted.id]
    assert await recorded(chat) == (posted.id, None, None)


async def test_a_worn_out_card_is_not_taken_for_the_one_in_its_place(chat: ChatHarness, env: Env) -> None:
    await chat.stylize()
    await chat.paint()
    (old,) = chat.channel.history()
    await expire_tokens(chat)
    env.inject_error("PATCH", f"/channels/*/messages/{old.id}", status=400, code=30046, times=None)
    await dies_behind_its_message(chat, env)
    _old, new = chat.channel.history()
    assert await gateway(chat, env, later_s=LEASE_S).poll() == 1
    assert [one.id for one in chat.channel.history()] == [old.id, new.id]
    assert (await recorded(chat))[0] == new.id


async def test_what_was_never_posted_is_posted_after_a_look(
    chat: ChatHarness, env: Env, letter_box: ChannelHandle
) -> None:
    env.inject_error("POST", f"/channels/{letter_box.id}/messages", status=503, times=5)
    await gateway(chat, env).poll()
    assert letter_box.history() == []
    assert (await recorded(chat))[2] == env.now().timestamp()
    env.backend.faults.clear()
    await gateway(chat, env, later_s=LEASE_S).poll()
    assert len(letter_box.history()) == 1
    assert (await chat.job()).state is State.DELIVERED


async def test_a_closed_history_keeps_no_picture_back(
    chat: ChatHarness, env: Env, letter_box: ChannelHandle
) -> None:
    await dies_behind_its_message(chat, env)
    env.inject_error("GET", f"/channels/{letter_box.id}/messages", status=403, code=50001, times=None)
    await gateway(chat, env, later_s=LEASE_S).poll()
    assert (await chat.job()).state is State.DELIVERED


async def test_a_first_try_reads_no_history(chat: ChatHarness, env: Env, letter_box: ChannelHandle) -> None:
    before = len(env.http_requests)
    await gateway(chat, env).poll()
    assert len(letter_box.history()) == 1
    reads = [one for one in env.http_requests[before:] if one.method == "GET" and "/messages" in one.path]
    assert reads == []
