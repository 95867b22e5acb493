"""Sharing a preset with a server, and by a code."""

import re

import discord
import pytest
from simcord import InteractionResult, MemberActor

from bot.domain.styles import presets
from bot.settings import Settings
from tests.support.chat import ChatHarness, card, sentence
from tests.support.picture_files import png
from tests.support.presets import delete, keep, open_in, opened, press

PICTURE = png()


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"presets_per_server": 2})


async def share(chat: ChatHarness, name: str = "harbour") -> InteractionResult:
    """The panel, once the preset is shared."""
    panel = await opened(chat, name)
    result = await press(chat.ada, panel, "Share…", "Share with this server")
    return result if result.followups else panel


async def offered(chat: ChatHarness, who: MemberActor) -> list[str]:
    choices = await who.autocomplete(chat.channel, "stylize", "preset", "harb")
    return [str(choice["name"]) for choice in choices]


async def test_everybody_in_the_server_can_use_what_was_shared(chat: ChatHarness) -> None:
    await keep(chat, "harbour")
    panel = await share(chat)
    assert "**harbour** is shared now." in card(panel)
    assert "Stop sharing here" in str(panel.response and panel.response.components)
    assert await offered(chat, chat.ben) == ["harbour · this server"]
    await delete(chat, "harbour")
    assert "**harbour**" in card(await chat.stylize(chat.ben, preset="harbour"))


async def test_a_server_can_have_only_so_many(chat: ChatHarness) -> None:
    await keep(chat, "one", "two", "three")
    await share(chat, "one")
    await share(chat, "two")
    refused = await share(chat, "three")
    assert "This server has 2 presets, which is the limit" in refused.followups[0].content


async def test_a_name_that_somebody_else_has_taken_there_is_refused(chat: ChatHarness) -> None:
    await keep(chat, "harbour")
    await share(chat)
    await chat.ben.slash(chat.channel, "preset save", name="harbour", style=("s.png", PICTURE))
    listed = await chat.ben.slash(chat.channel, "preset list")
    refused = await press(
        chat.ben, await open_in(chat.ben, listed, "harbour"), "Share…", "Share with this server"
    )
    assert "already has a preset called “harbour”" in refused.followups[0].content


async def test_the_sharer_can_stop_and_it_is_theirs_still(chat: ChatHarness) -> None:
    await keep(chat, "harbour")
    panel = await share(chat)
    await press(chat.ada, panel, "Stop sharing here")
    assert "no longer has harbour" in card(panel)
    assert await offered(chat, chat.ben) == []
    assert await offered(chat, chat.ada) == ["harbour · yours"]


async def test_in_private_there_is_no_server_to_share_with(chat: ChatHarness) -> None:
    await keep(chat, "harbour")
    solo = chat.ada.user
    panel = await open_in(solo, await solo.slash("preset list"), "harbour")
    await press(solo, panel, "Share…")
    shown = str(panel.response and panel.response.components)
    assert "Share by a code" in shown
    assert "Share with this server" not in shown
    await press(solo, panel, "Back")
    assert "Favourite" in str(panel.response and panel.response.components)


@pytest.mark.parametrize("right", ["manage_messages", "manage_guild", "administrator"])
async def test_moderators_remove_what_others_shared(chat: ChatHarness, right: str) -> None:
    await keep(chat, "harbour")
    await share(chat)
    role = chat.ada.guild.create_role("moderators", permissions=discord.Permissions(**{right: True}))
    cleo = chat.ada.guild.add_member(chat.env.create_user("cleo"), roles=[role])
    await press(cleo, await opened(chat, "harbour", cleo), "Delete…", "Delete it")
    assert await offered(chat, chat.ben) == []
    assert await offered(chat, chat.ada) == ["harbour · yours"]


async def code_of(panel: InteractionResult) -> str:
    found = re.search("`([2-9A-Z]{5}-[2-9A-Z]{5})`", card(panel))
    assert found is not None
    return found[1]


async def copied(chat: ChatHarness, code: str, name: str = "") -> InteractionResult:
    form = await press(chat.ben, await chat.ben.slash(chat.channel, "preset list"), "Use a code…")
    return await chat.ben.submit_modal(form, {"code": code, "name": name})


async def test_a_copy_by_a_code_is_ones_own(chat: ChatHarness) -> None:
    await keep(chat, "harbour")
    panel = await opened(chat, "harbour")
    await press(chat.ada, panel, "Share…", "Share by a code")
    code = await code_of(panel)
    await copied(chat, code)
    await delete(chat, "harbour")
    assert "**harbour**" in card(await chat.stylize(chat.ben, preset="harbour"))
    assert "No preset has that code" in (await copied(chat, code, "again")).followups[0].content


async def test_a_stopped_code_leads_nowhere(chat: ChatHarness) -> None:
    await keep(chat, "harbour")
    panel = await opened(chat, "harbour")
    await press(chat.ada, panel, "Share…", "Share by a code")
    code = await code_of(panel)
    await press(chat.ada, panel, "Stop the code")
    assert "The code of harbour leads nowhere now" in card(panel)
    assert "No preset has that code" in (await copied(chat, code)).followups[0].content
    async with chat.services.database.read() as connection:
        assert await presets.of_user(connection, chat.ben.id) == []


async def test_in_another_server_it_is_unknown(chat: ChatHarness) -> None:
    await keep(chat, "harbour")
    await share(chat)
    await delete(chat, "harbour")
    elsewhere = chat.env.create_guild("elsewhere")
    ada = elsewhere.add_member(chat.ada.user)
    channel = elsewhere.create_text_channel("art")
    assert await ada.autocomplete(channel, "stylize", "preset", "harb") == []
    refused = await ada.slash(channel, "stylize", content=("a.png", PICTURE), preset="harbour")
    assert "no preset called" in sentence(refused)
