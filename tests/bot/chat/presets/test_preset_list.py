"""`/preset list`: the gallery and its pages."""

from io import BytesIO
from typing import Any

import discord
import pytest
from discord import ui
from PIL import Image
from simcord import Env, InteractionResult

from bot.chat.client import EaselClient
from bot.chat.presets.commands import PAGE_STYLES, PageButton
from bot.chat.ui.components import layout
from bot.domain.styles import presets, server_presets
from bot.domain.styles.builtin import BUILT_IN
from bot.settings import Settings
from tests.support.chat import ChatHarness, card, sentence
from tests.support.presets import delete, keep, open_in, opened, parts, press

PAINTINGS = [one.name for one in BUILT_IN]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"presets_per_user": 50})


async def share(chat: ChatHarness, name: str) -> None:
    async with chat.services.database.begin() as connection:
        preset = await presets.require(connection, chat.ada.id, name)
        await server_presets.share(connection, chat.ada.guild.id, preset, limit=50, now=0.0)


async def listed(chat: ChatHarness) -> InteractionResult:
    return await chat.ada.slash(chat.channel, "preset list")


def bold(result: InteractionResult) -> list[str]:
    return [line.strip("★* ") for line in card(result).splitlines() if line.strip("★ ").startswith("**")]


async def post(chat: ChatHarness, *buttons: ui.Item[Any]) -> discord.Message:
    """A public message with buttons that never were on one."""
    channel = chat.env.bot.get_channel(chat.channel.id)
    assert isinstance(channel, discord.TextChannel)
    return await channel.send(view=layout(ui.Container(ui.ActionRow(*buttons))))


async def test_without_presets_there_are_the_paintings(chat: ChatHarness) -> None:
    result = await listed(chat)
    assert result.ephemeral
    assert "Your presets · 0 of 50\nNone yet: keep a style with `/preset save`." in card(result)
    assert bold(result) == PAINTINGS[:PAGE_STYLES]
    usual = "-# Unless you choose otherwise: texture 1.5 times as large"
    assert f"Vincent van Gogh, 1889\n{usual}" in card(result)
    assert "This server's presets" not in card(result)
    assert "Page 1 of 3" in card(result)


async def test_each_style_has_a_thumbnail_that_is_described(chat: ChatHarness) -> None:
    await keep(chat, "harbour")
    result = await listed(chat)
    assert result.response is not None
    pictures = result.response.attachments
    names = ["harbour", *PAINTINGS[: PAGE_STYLES - 1]]
    assert [one.description for one in pictures] == [f"The style picture of {name}" for name in names]
    for one in pictures:
        data = chat.env.backend.cdn.get(one.url)
        assert data is not None
        image = Image.open(BytesIO(data))
        assert (image.format, max(image.size)) == ("JPEG", 160)
    (container,) = result.response.components
    thumbnails = [one["accessory"] for one in container["components"] if one["type"] == 9]
    assert [one["description"] for one in thumbnails] == [one.description for one in pictures]


async def test_favourites_come_first_then_ones_own_the_server_s_and_the_paintings(chat: ChatHarness) -> None:
    await keep(chat, "ant", "bee")
    await share(chat, "ant")
    await press(chat.ada, await opened(chat, "bee"), "Favourite")
    result = await listed(chat)
    assert bold(result) == ["bee", "ant", "ant", *PAINTINGS[: PAGE_STYLES - 3]]
    assert "★ **bee**\n-# favourite · strength 50" in card(result)
    assert "This server's presets · 1 of 50" in card(result)
    assert f"shared by <@{chat.ada.id}>" in card(result)


async def test_pages_are_turned_after_a_restart_too(chat: ChatHarness, env: Env) -> None:
    names = [f"look {number:02}" for number in range(2 * PAGE_STYLES)]
    await keep(chat, *names)
    result = await listed(chat)
    assert bold(result) == names[:PAGE_STYLES]
    assert "Page 1 of 5" in card(result)
    await env.restart_bot(EaselClient(chat.services, shard_count=1))
    (message,) = chat.channel.history(viewer=chat.ada)
    await chat.ada.click(message, label="Next →")
    assert bold(result) == names[PAGE_STYLES:]
    assert "Your presets · 16 of 50" in card(result)
    assert result.response is not None
    await chat.ada.click(result.response.message, label="Next →")
    assert bold(result) == PAINTINGS[:PAGE_STYLES]
    assert len(result.response.attachments) == PAGE_STYLES
    await chat.ada.click(result.response.message, label="← Back")
    assert bold(result) == names[PAGE_STYLES:]


async def test_a_page_that_is_gone_leads_to_the_last(chat: ChatHarness) -> None:
    names = [f"look {number:02}" for number in range(PAGE_STYLES)]
    await keep(chat, *names)
    result = await listed(chat)
    assert result.response is not None
    for _ in range(2):
        await chat.ada.click(result.response.message, label="Next →")
    for name in names:
        await delete(chat, name)
    await chat.ada.click(result.response.message, label="Next →")
    assert bold(result) == PAINTINGS[2 * PAGE_STYLES :], "the last page of what there is now"


async def test_somebody_else_s_pages_cannot_be_turned(chat: ChatHarness) -> None:
    await keep(chat, "secret")
    message = await post(chat, PageButton(chat.ada.id, 0, label="Peek"))
    result = await chat.ben.click(message, label="Peek")
    assert result.ephemeral
    assert "somebody else's list" in sentence(result)
    assert all("secret" not in str(one.components) for one in chat.channel.history(viewer=chat.ben))


async def test_a_style_whose_picture_is_gone_is_listed_without_it(chat: ChatHarness) -> None:
    await keep(chat, "harbour")
    async with chat.services.database.read() as connection:
        preset = await presets.require(connection, chat.ada.id, "harbour")
    await chat.services.picture_store.blobs.delete(preset.style_blob)
    result = await listed(chat)
    assert bold(result)[0] == "harbour"
    assert result.response is not None
    assert len(result.response.attachments) == PAGE_STYLES - 1


async def test_a_server_s_presets_stay_in_that_server(chat: ChatHarness) -> None:
    await keep(chat, "harbour")
    await share(chat, "harbour")
    await delete(chat, "harbour")
    assert "harbour" in bold(await listed(chat))
    in_private = await chat.ada.user.slash("preset list")
    assert bold(in_private) == PAINTINGS[:PAGE_STYLES]


async def test_a_style_is_opened_from_its_page_and_leads_back(chat: ChatHarness, env: Env) -> None:
    await keep(chat, "harbour")
    await share(chat, "harbour")
    result = await listed(chat)
    await env.restart_bot(EaselClient(chat.services, shard_count=1))
    assert "harbour" in card(await open_in(chat.ada, result, "harbour"))
    assert "Favourite" in str(result.response and result.response.components)
    await press(chat.ada, result, "← All styles")
    assert bold(result)[:2] == ["harbour", "harbour"]
    assert f"shared by <@{chat.ada.id}>" in card(await open_in(chat.ada, result, "harbour", nth=1))
    await press(chat.ada, result, "← All styles")
    assert "Vincent van Gogh, 1889" in card(await open_in(chat.ada, result, "Starry Night"))


async def test_what_is_gone_cannot_be_opened_nor_another_person_s_list(chat: ChatHarness) -> None:
    await keep(chat, "harbour")
    result = await listed(chat)
    assert result.response is not None
    [select] = [one for one in parts(result.response.components) if one["type"] == 3]
    await delete(chat, "harbour")
    answer = await chat.ada.select(
        result.response.message, [select["options"][0]["value"]], custom_id=select["custom_id"]
    )
    assert "no longer there" in answer.followups[0].content
    hers: ui.Select[Any] = ui.Select(custom_id=select["custom_id"], options=[discord.SelectOption(label="x")])
    refused = await chat.ben.select(await post(chat, hers), ["x"], custom_id=select["custom_id"])
    assert "somebody else's list" in sentence(refused)


async def test_the_fullest_page_is_within_discord_s_limits(chat: ChatHarness) -> None:
    await keep(chat, *(f"look {number}" for number in range(PAGE_STYLES - 2)))
    await share(chat, "look 0")
    result = await listed(chat)
    assert result.response is not None
    shown = parts(result.response.components)
    assert len(shown) + sum("accessory" in one for one in shown) <= 40
