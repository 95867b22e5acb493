"""Each person is welcomed once, in private, with the first command after their first picture."""

import asyncio

import discord
import pytest

from bot.domain.servers import users
from tests.support.card_buttons import delivered_job
from tests.support.chat import ChatHarness, words
from tests.support.rows import set_columns

WELCOME = "Your first picture is painted. Welcome!"


def welcomes(chat: ChatHarness, *, viewer: str = "ada") -> int:
    return sum(WELCOME in words(one) for one in chat.channel.history(viewer=getattr(chat, viewer)))


async def test_it_comes_in_private_with_the_next_command_and_only_once(chat: ChatHarness) -> None:
    await delivered_job(chat, welcomed=False)
    assert welcomes(chat) == 0, "not under the picture itself"
    await chat.ada.slash(chat.channel, "queue")
    await chat.ada.slash(chat.channel, "queue")
    await chat.stylize()
    assert welcomes(chat) == 1
    assert welcomes(chat, viewer="ben") == 0


async def test_nobody_is_welcomed_before_a_picture_of_theirs_is_there(chat: ChatHarness) -> None:
    await delivered_job(chat, welcomed=False)
    await chat.ben.slash(chat.channel, "queue")
    await chat.stylize(chat.ben)
    await chat.ben.slash(chat.channel, "queue")
    assert welcomes(chat, viewer="ben") == 0


@pytest.mark.parametrize("command", ["help", "about"])
async def test_it_never_stands_under_what_is_for_something_else(chat: ChatHarness, command: str) -> None:
    await delivered_job(chat, welcomed=False)
    await chat.ada.slash(chat.channel, command)
    assert welcomes(chat) == 0
    await chat.ada.slash(chat.channel, "quota")
    assert welcomes(chat) == 1


async def test_it_never_stands_under_settings(chat: ChatHarness) -> None:
    await delivered_job(chat, welcomed=False)
    role = chat.ada.guild.create_role("staff", permissions=discord.Permissions(manage_guild=True))
    staff = chat.ada.guild.add_member(chat.env.create_user("cleo"), roles=[role])
    async with chat.services.database.begin() as connection:
        await set_columns(connection, 1, user_id=staff.id)
    await staff.slash(chat.channel, "settings")
    assert not any(WELCOME in words(one) for one in chat.channel.history(viewer=staff))


async def test_of_many_at_once_one_welcomes(chat: ChatHarness) -> None:
    async def claim() -> bool:
        async with chat.services.database.begin() as connection:
            return await users.claim_welcome(connection, 77, now=2.0)

    assert sorted(await asyncio.gather(*(claim() for _ in range(8)))) == [False] * 7 + [True]
