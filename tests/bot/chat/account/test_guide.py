"""`/help` in pages; and each person is welcomed once, with the first command after their first picture."""

import asyncio
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import discord
import pytest
from PIL import Image
from simcord import ChannelHandle, Env, MemberActor
from sqlalchemy.exc import OperationalError

from bot.chat.client import EaselClient
from bot.chat.ui.interaction import Submitter
from bot.domain.jobs.model import Job
from bot.domain.requests.request import Request
from bot.domain.servers import users
from bot.playground import SimulatedCdn
from bot.service import open_application
from bot.settings import Settings
from tests.bot.chat.account.test_usage import left
from tests.support.card_buttons import delivered_job
from tests.support.chat import ChatHarness, card, words
from tests.support.picture_files import png
from tests.support.presets import parts
from tests.support.rows import set_columns


@pytest.fixture
def elsewhere(chat: ChatHarness) -> tuple[ChannelHandle, MemberActor, MemberActor]:
    """A channel of another server, and two of its members."""
    guild = chat.env.create_guild("elsewhere")
    first, second = (guild.add_member(chat.env.create_user(name)) for name in ("cleo", "dan"))
    return guild.create_text_channel("art"), first, second


async def test_help_shows_content_style_and_result_in_private(chat: ChatHarness) -> None:
    result = await chat.ada.slash(chat.channel, "help")
    assert result.ephemeral
    assert "`/stylize` paints your picture" in card(result)
    assert result.response is not None
    names = [one.filename for one in result.response.attachments]
    assert names == ["content.png", "style.jpg", "result.jpg"]
    assert all(one.description for one in result.response.attachments)
    for one in result.response.attachments:
        data = chat.env.backend.cdn.get(one.url)
        assert data is not None
        assert min(Image.open(BytesIO(data)).size) >= 250


async def test_help_turns_its_pages_after_a_restart_too(chat: ChatHarness, env: Env) -> None:
    result = await chat.ada.slash(chat.channel, "help")
    assert result.response is not None
    await env.restart_bot(EaselClient(chat.services, shard_count=1))
    pages = {
        "left": "What is left",
        "painted": "0 pictures painted",
        "about": "MIT",
        "paint": "A picture, a style",
    }
    for page, told in pages.items():
        await chat.ada.select(result.response.message, [page], custom_id="easel:help")
        assert told in card(result)
        [select] = [one for one in parts(result.response.components) if one["type"] == 3]
        assert [one["value"] for one in select["options"] if one.get("default")] == [page]
        assert bool(result.response.attachments) is (page == "paint")


async def test_about_says_version_licence_and_where_the_privacy_text_is(chat: ChatHarness) -> None:
    result = await left(chat, page="about")
    assert result.ephemeral
    text = card(result)
    assert "Easel 0.1.0" in text
    assert "MIT" in text
    assert "VGG-19" in text
    assert "docs/PRIVACY.md" in text


async def test_about_links_to_the_operator_s_own_privacy_text(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, workers=0, privacy_url="https://example.org/privacy")
    async with open_application(settings, source=SimulatedCdn()) as application:
        env = Env(EaselClient(application.services, shard_count=1), check_errors=False, settle_timeout=20.0)
        await env.start()
        try:
            guild = env.create_guild("studio")
            ada = guild.add_member(env.create_user("ada"))
            result = await ada.slash(guild.create_text_channel("art"), "help")
            assert result.response is not None
            await ada.select(result.response.message, ["about"], custom_id="easel:help")
            links = [one["url"] for one in parts(result.response.components) if "url" in one]
            assert links == ["https://example.org/privacy"]
            assert "docs/PRIVACY.md" not in card(result)
        finally:
            await env.shutdown()


async def test_stats_count_pictures_here_and_everywhere(
    chat: ChatHarness, elsewhere: tuple[ChannelHandle, MemberActor, MemberActor]
) -> None:
    channel, cleo, _dan = elsewhere
    empty = card(await left(chat, page="painted"))
    assert "**All of Easel here** · 0 pictures painted" in empty
    assert "less than" not in empty
    await chat.stylize()
    await chat.stylize(chat.ben)
    await cleo.slash(channel, "stylize", content=("a.png", png()), preset="The Scream")
    await chat.paint(times=3)
    await chat.stylize()
    result = await left(chat, page="painted")
    assert result.ephemeral
    text = card(result)
    assert "**All of Easel here** · 3 pictures painted" in text
    assert "1 picture is in the line" in text
    assert "1 picture is painted at once" in text
    assert "**This server** · 2 pictures painted" in text
    assert "**You** · 1 picture painted" in text
    assert "Half of the newest took less than" in text


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
