"""`/help` in pages."""

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from simcord import ChannelHandle, Env, MemberActor

from bot.chat.client import EaselClient
from bot.playground import SimulatedCdn
from bot.service import open_application
from bot.settings import Settings
from tests.bot.chat.account.test_usage import left
from tests.support.chat import ChatHarness, card
from tests.support.picture_files import png
from tests.support.presets import parts


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
    for page, words in pages.items():
        await chat.ada.select(result.response.message, [page], custom_id="easel:help")
        assert words in card(result)
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
