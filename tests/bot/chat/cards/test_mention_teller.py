"""Who waited for long is told once that the picture is ready, and can switch that off."""

from typing import Any

import discord
import pytest
from simcord import Env

from bot.chat.account.takedown_runner import TakedownRunner
from bot.chat.cards.mention_teller import MentionTeller
from bot.chat.ui.interaction import Services
from bot.domain.jobs.model import State
from bot.domain.outbox.mentions import WAITED_S
from bot.domain.outbox.schedule import LEASE_S
from bot.domain.servers import server_settings
from tests.support.card_buttons import press
from tests.support.chat import ChatHarness
from tests.support.requests import later_services
from tests.support.rows import set_columns


def teller(chat: ChatHarness, services: Services | None = None) -> MentionTeller:
    """One that has just started, as after a restart."""
    return MentionTeller(client=chat.env.bot, services=services or chat.services)


async def waited(chat: ChatHarness, seconds: float = WAITED_S + 5, **options: Any) -> None:
    """A picture of Ada's is delivered that she has waited for."""
    await chat.stylize(**options)
    await chat.paint()
    job = await chat.job()
    async with chat.services.database.begin() as connection:
        await set_columns(connection, job.id, created_at=chat.services.clock() - seconds)
    await chat.card_updater.poll()
    assert (await chat.job()).state is State.DELIVERED


def replies(chat: ChatHarness) -> list[discord.Message]:
    return [one for one in chat.channel.history(viewer=chat.ben) if "is ready" in one.content]


async def test_the_owner_is_mentioned_once_by_a_reply_to_the_card(chat: ChatHarness) -> None:
    await waited(chat)
    card = chat.channel.history()[0]
    before = len(chat.env.http_requests)
    assert await teller(chat).poll() == 1
    (reply,) = replies(chat)
    assert reply.content == f"<@{chat.ada.id}> Your picture is ready."
    assert reply.reference is not None
    assert reply.reference.message_id == card.id
    (sent,) = chat.env.http_requests[before:]
    assert sent.json is not None
    assert sent.json["allowed_mentions"] == {"parse": [], "users": [chat.ada.id]}
    assert await teller(chat).poll() == 0
    await chat.card_updater.poll()
    assert await teller(chat).poll() == 0
    assert len(replies(chat)) == 1


@pytest.mark.parametrize(("seconds", "private"), [(WAITED_S - 5, False), (WAITED_S + 5, True)])
async def test_nobody_is_called_to_what_came_soon_or_only_they_see(
    chat: ChatHarness, seconds: float, private: bool
) -> None:
    await waited(chat, seconds, private=private)
    assert await teller(chat).poll() == 0


async def test_the_button_switches_it_off_for_whoever_presses_it(chat: ChatHarness) -> None:
    await waited(chat)
    await teller(chat).poll()
    (reply,) = replies(chat)
    result = await chat.ada.click(reply, custom_id="easel:mention:1")
    assert result.response is not None
    assert result.response.ephemeral
    assert "`/mydata mentions` switches it on again" in result.response.content
    await waited(chat)
    assert await teller(chat).poll() == 0
    await chat.ada.slash(chat.channel, "mydata mentions", on=True)
    await waited(chat)
    assert await teller(chat).poll() == 1


async def test_a_server_can_switch_it_off(chat: ChatHarness) -> None:
    async with chat.services.database.begin() as connection:
        await server_settings.change(connection, chat.ada.guild.id, mention_when_ready=False)
    await waited(chat)
    assert await teller(chat).poll() == 0


async def test_a_reply_whose_answer_was_lost_is_not_sent_again(chat: ChatHarness) -> None:
    """The gateway died after Discord had the reply, and before it was recorded."""
    await waited(chat)
    first = teller(chat)
    (row,) = await first.claim(now=chat.services.clock(), limit=1)
    assert row.card_id is not None
    await first._post(row, row.card_id)
    assert len(replies(chat)) == 1
    assert await teller(chat, later_services(chat, LEASE_S + 1)).poll() == 1
    assert len(replies(chat)) == 1
    assert await teller(chat, later_services(chat, 2 * LEASE_S + 1)).poll() == 0


async def test_what_failed_for_a_while_is_told_later_and_once(chat: ChatHarness, env: Env) -> None:
    await waited(chat)
    env.inject_error("POST", f"/channels/{chat.channel.id}/messages", status=400)
    assert await teller(chat).poll() == 1
    assert replies(chat) == []
    assert await teller(chat, later_services(chat, 60)).poll() == 1
    assert len(replies(chat)) == 1


async def test_where_the_bot_may_not_post_nobody_is_told(chat: ChatHarness, env: Env) -> None:
    await waited(chat)
    env.inject_error("POST", f"/channels/{chat.channel.id}/messages", status=403, code=50013)
    assert await teller(chat).poll() == 1
    assert await teller(chat, later_services(chat, 3600)).poll() == 0
    assert replies(chat) == []


async def test_a_card_that_went_to_its_owner_directly_needs_no_reply(chat: ChatHarness, env: Env) -> None:
    await chat.stylize()
    await chat.paint()
    async with chat.services.database.begin() as connection:
        await set_columns(connection, 1, created_at=chat.services.clock() - 2 * WAITED_S)
    env.inject_error("PATCH", "/webhooks/*", status=404, code=10008)
    env.inject_error("PATCH", "/channels/*", status=404, code=10008)
    await chat.card_updater.poll()
    assert len(chat.ada.user.dm_channel.history()) == 1
    assert await teller(chat).poll() == 0


async def test_the_reply_goes_with_the_picture(chat: ChatHarness) -> None:
    await waited(chat)
    await teller(chat).poll()
    asked = await press(chat, "delete", at=0)
    assert asked.response is not None
    await chat.ada.click(asked.response.message, custom_id="easel:erase:1")
    await TakedownRunner(client=chat.env.bot, services=chat.services).poll()
    assert replies(chat) == []
