"""Limits as a person meets them: where the sentences and the notes are shown."""

from pathlib import Path
from typing import Any

import discord
import pytest

from bot.features import blocks, guilds
from bot.features.blocks import Block
from bot.settings import Settings
from tests.bot.chat.conftest import Studio, card, png, sentence


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        data_dir=tmp_path / "data", workers=0, jobs_per_day=2, requests_per_minute=3, default_size_px=64
    )


async def keep(studio: Studio, **given: Any) -> None:
    async with studio.rooms.database.begin() as connection:
        await guilds.change(connection, studio.ada.guild.id, **given)


async def test_a_spent_day_says_when_to_come_back(studio: Studio) -> None:
    for _ in range(2):
        await studio.stylize()
    refused = sentence(await studio.stylize())
    assert "You have asked for 2 pictures within 24 hours, which is the limit here. Come back <t:" in refused


async def test_too_many_at_once_say_when_a_place_is_free(studio: Studio) -> None:
    await keep(studio, jobs_at_once=1)
    await studio.stylize(studio.ben)
    await studio.paint()
    await studio.stylize()
    refused = sentence(await studio.stylize())
    assert "You already have 1 picture in the line" in refused
    assert "stop it with /cancel. Come back <t:" in refused
    shown = card(await studio.ada.slash(studio.channel, "quota"))
    assert "0 of 1 left · the next <t:" in shown


async def test_bad_requests_count_towards_the_pace(studio: Studio) -> None:
    for _ in range(3):
        assert "Give me a style" in sentence(await studio.stylize(preset=None))
    assert "too fast for me. Come back <t:" in sentence(await studio.stylize())
    await studio.stylize(studio.ben)
    assert await studio.count_jobs() == 1


async def test_a_blocked_person_gets_one_neutral_sentence(studio: Studio) -> None:
    async with studio.rooms.database.begin() as connection:
        ada = Block(kind="user", id=studio.ada.id, reason="floods", created_at=0.0)
        await blocks.block(connection, ada)
    assert sentence(await studio.stylize()) == "This request cannot be taken."
    await studio.stylize(studio.ben)
    assert await studio.count_jobs() == 1


async def test_a_blocked_person_still_gets_their_data_and_can_delete_it(studio: Studio) -> None:
    async with studio.rooms.database.begin() as connection:
        await blocks.block(
            connection, Block(kind="guild", id=studio.ada.guild.id, reason="-", created_at=0.0)
        )
    result = await studio.ada.slash(studio.channel, "mydata export")
    assert result.response is not None
    assert len(result.response.attachments) == 1


async def test_the_card_says_what_was_made_smaller(studio: Studio) -> None:
    preset = {"style": ("s.png", png(colour="red")), "size": 256, "quality": "high"}
    await studio.ada.slash(studio.channel, "preset save", name="quay", **preset)
    await keep(studio, max_size_px=96, max_quality="draft")
    shown = card(await studio.stylize(preset="quay", size=None))
    assert "-# At 96 px, which is the most in this server." in shown
    assert "-# Quality “draft”, which is the most in this server." in shown
    assert "at most 96 px" in sentence(await studio.stylize(preset="quay", size=128))


async def test_a_thread_belongs_to_its_channel(studio: Studio) -> None:
    await keep(studio, allowed_channels=(studio.channel.id,))
    parent = studio.env.bot.get_channel(studio.channel.id)
    assert isinstance(parent, discord.TextChannel)
    await parent.create_thread(name="paintings", type=discord.ChannelType.public_thread)
    (thread,) = studio.channel.threads
    options = {"content": ("c.png", png()), "preset": "Starry Night", "size": 64}
    assert "Next in line" in card(await studio.ada.slash(thread, "stylize", **options))
    elsewhere = studio.ada.guild.create_text_channel("elsewhere")
    assert "Not in this channel" in sentence(await studio.ada.slash(elsewhere, "stylize", **options))
