"""Each person is welcomed once, in private, with the first command after their first picture."""

import asyncio
from dataclasses import replace

import discord
import pytest
from sqlalchemy.exc import OperationalError

from bot.chat.ui.interaction import Submitter
from bot.domain.jobs.model import Job
from bot.domain.requests.request import Request
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


async def test_it_never_stands_under_what_is_for_something_else(chat: ChatHarness) -> None:
    await delivered_job(chat, welcomed=False)
    await chat.ada.slash(chat.channel, "help")
    assert welcomes(chat) == 0
    await chat.ada.slash(chat.channel, "queue")
    assert welcomes(chat) == 1


async def test_it_never_stands_under_settings(chat: ChatHarness) -> None:
    await delivered_job(chat, welcomed=False)
    role = chat.ada.guild.create_role("staff", permissions=discord.Permissions(manage_guild=True))
    staff = chat.ada.guild.add_member(chat.env.create_user("cleo"), roles=[role])
    async with chat.services.database.begin() as connection:
        await set_columns(connection, 1, user_id=staff.id)
    await staff.slash(chat.channel, "settings")
    assert not any(WELCOME in words(one) for one in chat.channel.history(viewer=staff))


class PuttingOff:
    """Whose database goes away as soon as a request is written down."""

    def __init__(self, inner: Submitter) -> None:
        self._inner = inner

    async def write_down(self, request: Request) -> bool:
        return await self._inner.write_down(request)

    async def accept(self, request: Request) -> Job | None:
        raise OperationalError("INSERT", {}, Exception("the database is away"))


async def test_it_never_takes_the_place_of_an_answer_that_is_still_owed(
    chat: ChatHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    await delivered_job(chat, welcomed=False)
    putting_off = PuttingOff(chat.services.submitter)
    monkeypatch.setattr(chat.env.bot, "services", replace(chat.services, submitter=putting_off))
    asked = await chat.stylize()
    assert asked.response is not None
    assert asked.response.message.flags.loading
    assert welcomes(chat) == 0
    monkeypatch.undo()
    await chat.ada.slash(chat.channel, "queue")
    assert welcomes(chat) == 1


async def test_of_many_at_once_one_welcomes(chat: ChatHarness) -> None:
    async def claim() -> bool:
        async with chat.services.database.begin() as connection:
            return await users.claim_welcome(connection, 77, now=2.0)

    assert sorted(await asyncio.gather(*(claim() for _ in range(8)))) == [False] * 7 + [True]
