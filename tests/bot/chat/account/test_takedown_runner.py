"""Messages are taken down by the way that is open, and from archived threads too."""

from dataclasses import replace

import pytest
from simcord import ChannelHandle, Env
from sqlalchemy import select

from bot.chat.account.takedown_runner import TakedownRunner
from bot.chat.ui.interaction import TOKEN_LIFE_S
from bot.domain.outbox import deliveries, takedowns
from bot.tables.people import takedowns as table
from tests.support.chat import ChatHarness


async def take_down_card(chat: ChatHarness) -> None:
    """Has the newest card taken down."""
    job = await chat.job()
    async with chat.services.database.begin() as connection:
        card = await deliveries.address_of(connection, job.id)
        assert card is not None
        await takedowns.add_card(connection, card, channel_id=job.channel_id)


async def waiting(chat: ChatHarness) -> int:
    async with chat.services.database.read() as connection:
        return len((await connection.execute(select(table))).all())


async def test_a_private_card_is_deleted_through_its_token(chat: ChatHarness) -> None:
    await chat.stylize(private=True)
    assert len(chat.channel.history(viewer=chat.ada)) == 1
    await take_down_card(chat)
    await TakedownRunner(client=chat.env.bot, services=chat.services).poll()
    assert chat.channel.history(viewer=chat.ada) == []
    assert await waiting(chat) == 0


async def test_once_its_token_has_expired_nobody_is_asked(chat: ChatHarness, env: Env) -> None:
    await chat.stylize(private=True)
    await take_down_card(chat)
    now, before = chat.services.clock(), len(env.http_requests)
    services = replace(chat.services, clock=lambda: now + TOKEN_LIFE_S + 1)
    await TakedownRunner(client=env.bot, services=services).poll()
    assert env.http_requests[before:] == []
    assert await waiting(chat) == 0


@pytest.mark.parametrize("locked", [False, True])
async def test_a_message_in_an_archived_thread_goes_once_it_is_open(
    chat: ChatHarness, env: Env, locked: bool
) -> None:
    made = env.backend.create_thread(chat.channel.id, "harbour", chat.ada.id)
    chat.channel = ChannelHandle(env, chat.ada.guild, made)
    await chat.stylize()
    await take_down_card(chat)
    assert made.thread_metadata is not None
    made.thread_metadata.archived = True
    env.inject_error("DELETE", f"/channels/{made.id}/*", status=400, code=50083, times=1)
    if locked:
        env.inject_error("PATCH", f"/channels/{made.id}", status=403, code=50013, times=None)
    await TakedownRunner(client=env.bot, services=chat.services).poll()
    left = [one for one in chat.channel.history() if one.author == env.bot.user]
    assert (len(left), made.thread_metadata.archived, await waiting(chat)) == (locked, locked, locked)
