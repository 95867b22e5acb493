"""Limits as a person meets them: where the sentences and the notes are shown."""

from pathlib import Path
from typing import Any

import discord
import pytest

from bot.domain.limits import access
from bot.domain.limits.access import Block
from bot.domain.servers import server_settings
from bot.settings import Settings
from tests.bot.chat.account.test_usage import left
from tests.support.chat import ChatHarness, card, sentence
from tests.support.picture_files import png


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        data_dir=tmp_path / "data", workers=0, jobs_per_day=2, requests_per_minute=3, default_size_px=64
    )


async def keep(chat: ChatHarness, **given: Any) -> None:
    async with chat.services.database.begin() as connection:
        await server_settings.change(connection, chat.ada.guild.id, **given)


async def test_a_spent_day_says_when_to_come_back(chat: ChatHarness) -> None:
    for _ in range(2):
        await chat.stylize()
    refused = sentence(await chat.stylize())
    assert "You have asked for 2 pictures within 24 hours, which is the limit here. Come back <t:" in refused


async def test_too_many_at_once_say_when_a_place_is_free(chat: ChatHarness) -> None:
    await keep(chat, jobs_at_once=1)
    await chat.stylize(chat.ben)
    await chat.paint()
    await chat.stylize()
    refused = sentence(await chat.stylize())
    assert "You already have 1 picture in the line" in refused
    assert "stop it in /queue. Come back <t:" in refused
    shown = card(await left(chat))
    assert "0 of 1 left · the next <t:" in shown


async def test_bad_requests_count_towards_the_rate_limit(chat: ChatHarness) -> None:
    for _ in range(3):
        assert "Give me a style" in sentence(await chat.stylize(preset=None))
    assert "too fast for me. Come back <t:" in sentence(await chat.stylize())
    await chat.stylize(chat.ben)
    assert await chat.count_jobs() == 1


async def test_a_blocked_person_gets_one_neutral_sentence(chat: ChatHarness) -> None:
    async with chat.services.database.begin() as connection:
        ada = Block(kind="user", id=chat.ada.id, reason="floods", created_at=0.0)
        await access.block(connection, ada)
    assert sentence(await chat.stylize()) == "This request cannot be taken."
    await chat.stylize(chat.ben)
    assert await chat.count_jobs() == 1


async def test_a_blocked_person_still_gets_their_data_and_can_delete_it(chat: ChatHarness) -> None:
    async with chat.services.database.begin() as connection:
        await access.block(connection, Block(kind="guild", id=chat.ada.guild.id, reason="-", created_at=0.0))
    result = await chat.ada.slash(chat.channel, "mydata export")
    assert result.response is not None
    assert len(result.response.attachments) == 1


async def test_the_card_says_what_was_made_smaller(chat: ChatHarness) -> None:
    await keep(chat, max_size_px=96, max_quality="draft")
    shown = card(await chat.stylize(look={"size_px": 128, "quality": "high"}))
    assert "-# At 96 px, which is the most in this server." in shown
    assert "-# Quality “draft”, which is the most in this server." in shown
    assert "at most “draft”" in sentence(await chat.stylize(quality="standard"))


async def test_a_thread_belongs_to_its_channel(chat: ChatHarness) -> None:
    await keep(chat, allowed_channels=(chat.channel.id,))
    parent = chat.env.bot.get_channel(chat.channel.id)
    assert isinstance(parent, discord.TextChannel)
    await parent.create_thread(name="paintings", type=discord.ChannelType.public_thread)
    (thread,) = chat.channel.threads
    options = {"content": ("c.png", png()), "preset": "Starry Night"}
    assert "Next in line" in card(await chat.ada.slash(thread, "stylize", **options))
    elsewhere = chat.ada.guild.create_text_channel("elsewhere")
    assert "Not in this channel" in sentence(await chat.ada.slash(elsewhere, "stylize", **options))
