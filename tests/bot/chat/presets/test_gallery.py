"""`/preset list`: the gallery and its pages."""

from io import BytesIO
from typing import Any

import discord
import pytest
from discord import ui
from PIL import Image
from simcord import Env, InteractionResult

from bot.chat.cards.card import layout
from bot.chat.client import EaselClient
from bot.chat.presets.gallery import PAGE_STYLES, PageButton
from bot.features import presets, server_presets
from bot.features.looks import BUILT_IN, Look
from bot.settings import Settings
from tests.bot.chat.conftest import Studio, card, png, sentence


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"presets_per_user": 50})


async def keep(studio: Studio, *names: str, colour: str = "orange") -> None:
    """Presets of ada's."""
    blob = await studio.rooms.intake.blobs.put(png(400, 200, colour))
    async with studio.rooms.database.begin() as connection:
        for name in names:
            await presets.save(
                connection, studio.ada.id, name, look=Look(), style_blob=blob, limit=50, now=0.0
            )


async def share(studio: Studio, name: str) -> None:
    async with studio.rooms.database.begin() as connection:
        preset = await presets.require(connection, studio.ada.id, name)
        await server_presets.share(connection, studio.ada.guild.id, preset, limit=50, now=0.0)


async def listed(studio: Studio) -> InteractionResult:
    return await studio.ada.slash(studio.channel, "preset list")


def bold(result: InteractionResult) -> list[str]:
    return [line.strip("★* ") for line in card(result).splitlines() if line.strip("★ ").startswith("**")]


async def post(studio: Studio, *buttons: ui.Item[Any]) -> discord.Message:
    """A public message with buttons that never were on one."""
    channel = studio.env.bot.get_channel(studio.channel.id)
    assert isinstance(channel, discord.TextChannel)
    return await channel.send(view=layout(ui.Container(ui.ActionRow(*buttons))))


async def test_without_presets_there_are_the_paintings(studio: Studio) -> None:
    result = await listed(studio)
    assert result.ephemeral
    assert "Your presets · 0 of 50\nNone yet: keep a style with `/preset save`." in card(result)
    assert bold(result) == [one.name for one in BUILT_IN]
    assert "This server's presets" not in card(result)
    assert "Page" not in card(result)


async def test_each_style_has_a_thumbnail_that_is_described(studio: Studio) -> None:
    await keep(studio, "harbour")
    result = await listed(studio)
    assert result.response is not None
    pictures = result.response.attachments
    names = ["harbour", *(one.name for one in BUILT_IN)]
    assert [one.description for one in pictures] == [f"The style picture of {name}" for name in names]
    for one in pictures:
        data = studio.env.backend.cdn.get(one.url)
        assert data is not None
        image = Image.open(BytesIO(data))
        assert (image.format, max(image.size)) == ("JPEG", 160)
    (container,) = result.response.components
    thumbnails = [one["accessory"] for one in container["components"] if one["type"] == 9]
    assert [one["description"] for one in thumbnails] == [one.description for one in pictures]


async def test_favourites_come_first_then_ones_own_the_server_s_and_the_paintings(studio: Studio) -> None:
    await keep(studio, "ant", "bee")
    await share(studio, "ant")
    await studio.ada.slash(studio.channel, "preset favourite", name="bee")
    result = await listed(studio)
    assert bold(result) == ["bee", "ant", "ant", *(one.name for one in BUILT_IN)]
    assert "★ **bee**\n-# favourite · strength 50" in card(result)
    assert "This server's presets · 1 of 50" in card(result)
    assert f"shared by <@{studio.ada.id}>" in card(result)


async def test_pages_are_turned_after_a_restart_too(studio: Studio, env: Env) -> None:
    names = [f"look {number:02}" for number in range(2 * PAGE_STYLES)]
    await keep(studio, *names)
    result = await listed(studio)
    assert bold(result) == names[:PAGE_STYLES]
    assert "Page 1 of 3" in card(result)
    await env.restart_bot(EaselClient(studio.rooms, shard_count=1))
    (message,) = studio.channel.history(viewer=studio.ada)
    await studio.ada.click(message, label="Next →")
    assert bold(result) == names[PAGE_STYLES:]
    assert "Your presets · 16 of 50" in card(result)
    assert result.response is not None
    await studio.ada.click(result.response.message, label="Next →")
    assert bold(result) == [one.name for one in BUILT_IN]
    assert len(result.response.attachments) == len(BUILT_IN)
    await studio.ada.click(result.response.message, label="← Back")
    assert bold(result) == names[PAGE_STYLES:]


async def test_a_page_that_is_gone_leads_to_the_last(studio: Studio) -> None:
    names = [f"look {number:02}" for number in range(PAGE_STYLES)]
    await keep(studio, *names)
    result = await listed(studio)
    for name in names:
        await studio.ada.slash(studio.channel, "preset delete", name=name)
    assert result.response is not None
    await studio.ada.click(result.response.message, label="Next →")
    assert bold(result) == [one.name for one in BUILT_IN]


async def test_somebody_else_s_pages_cannot_be_turned(studio: Studio) -> None:
    await keep(studio, "secret")
    message = await post(studio, PageButton(studio.ada.id, 0, label="Peek"))
    result = await studio.ben.click(message, label="Peek")
    assert result.ephemeral
    assert "somebody else's list" in sentence(result)
    assert all("secret" not in str(one.components) for one in studio.channel.history(viewer=studio.ben))


async def test_a_style_whose_picture_is_gone_is_listed_without_it(studio: Studio) -> None:
    await keep(studio, "harbour")
    async with studio.rooms.database.read() as connection:
        preset = await presets.require(connection, studio.ada.id, "harbour")
    await studio.rooms.intake.blobs.delete(preset.style_blob)
    result = await listed(studio)
    assert bold(result)[0] == "harbour"
    assert result.response is not None
    assert len(result.response.attachments) == len(BUILT_IN)


async def test_a_server_s_presets_stay_in_that_server(studio: Studio) -> None:
    await keep(studio, "harbour")
    await share(studio, "harbour")
    await studio.ada.slash(studio.channel, "preset delete", name="harbour")
    assert "harbour" in bold(await listed(studio))
    in_private = await studio.ada.user.slash("preset list")
    assert bold(in_private) == [one.name for one in BUILT_IN]
