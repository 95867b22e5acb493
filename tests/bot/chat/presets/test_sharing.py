"""`/preset share|import|remove` through discord.py's real machinery."""

import re

import discord
import pytest
from simcord import InteractionResult, MemberActor

from bot.domain.styles import presets
from bot.settings import Settings
from tests.bot.chat.presets.test_gallery import keep
from tests.support.chat import ChatHarness, card, sentence


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"presets_per_server": 2})


async def share(
    chat: ChatHarness, name: str = "harbour", *, target: str = "this server", stop: bool = False
) -> InteractionResult:
    options = {"name": name, "with": target, "stop": stop}
    return await chat.ada.slash(chat.channel, "preset share", **options)


async def remove(chat: ChatHarness, who: MemberActor, name: str = "harbour") -> InteractionResult:
    return await who.slash(chat.channel, "preset remove", name=name)


async def code_of(chat: ChatHarness) -> str:
    found = re.search("`([2-9A-Z]{5}-[2-9A-Z]{5})`", sentence(await share(chat, target="a code")))
    assert found is not None
    return found[1]


async def test_everybody_in_the_server_can_use_what_was_shared(chat: ChatHarness) -> None:
    await keep(chat, "harbour")
    result = await share(chat)
    assert result.ephemeral
    assert "Everybody in this server can use harbour" in sentence(result)
    choices = await chat.ben.autocomplete(chat.channel, "stylize", "preset", "harb")
    assert choices == [{"name": "harbour · this server", "value": "harbour"}]
    assert "**harbour**" in card(await chat.stylize(chat.ben, preset="harbour"))
    await chat.ada.slash(chat.channel, "preset delete", name="harbour")
    assert "**harbour**" in card(await chat.stylize(chat.ben, preset="harbour"))


async def test_in_another_server_it_is_unknown(chat: ChatHarness) -> None:
    await keep(chat, "harbour")
    await share(chat)
    await chat.ada.slash(chat.channel, "preset delete", name="harbour")
    elsewhere = chat.env.create_guild("elsewhere")
    channel = elsewhere.create_text_channel("art")
    ada = elsewhere.add_member(chat.ada.user)
    assert await ada.autocomplete(channel, "stylize", "preset", "harb") == []
    assert "no preset called" in sentence(await ada.slash(channel, "preset show", name="harbour"))
    assert "no preset called" in sentence(await chat.ada.user.slash("preset show", name="harbour"))


async def test_a_server_has_room_for_so_many(chat: ChatHarness) -> None:
    await keep(chat, "one", "two", "three")
    await share(chat, "one")
    await share(chat, "two")
    assert "This server has 2 presets, which is the limit" in sentence(await share(chat, "three"))
    assert "Everybody" in sentence(await share(chat, "two")), "shared again, it is brought up to date"


async def test_what_one_does_not_have_cannot_be_shared(chat: ChatHarness) -> None:
    for target in ("this server", "a code"):
        assert "You have no preset called “harbour”" in sentence(await share(chat, target=target))
    await keep(chat, "harbour")
    for target, why in (("this server", "has no preset called"), ("a code", "not shared by a code")):
        assert why in sentence(await share(chat, target=target, stop=True))


async def test_there_is_no_server_to_share_with_in_private(chat: ChatHarness) -> None:
    await keep(chat, "harbour")
    options = {"name": "harbour", "with": "this server"}
    assert "share by a code instead" in sentence(await chat.ada.user.slash("preset share", **options))
    assert "servers that Easel is a member of" in sentence(
        await chat.ada.user.slash("preset remove", name="harbour")
    )


async def test_the_sharer_can_stop_and_it_is_theirs_still(chat: ChatHarness) -> None:
    await keep(chat, "harbour")
    await share(chat)
    assert "no longer has harbour" in sentence(await share(chat, stop=True))
    assert await chat.ben.autocomplete(chat.channel, "stylize", "preset", "harb") == []
    choices = await chat.ada.autocomplete(chat.channel, "stylize", "preset", "harb")
    assert choices == [{"name": "harbour · yours", "value": "harbour"}]


@pytest.mark.parametrize("right", ["manage_messages", "manage_guild", "administrator"])
async def test_moderators_remove_what_others_shared(chat: ChatHarness, right: str) -> None:
    await keep(chat, "harbour")
    await share(chat)
    permissions = discord.Permissions(**{right: True})
    role = chat.ada.guild.create_role("moderators", permissions=permissions)
    cleo = chat.ada.guild.add_member(chat.env.create_user("cleo"), roles=[role])
    choices = await cleo.autocomplete(chat.channel, "preset remove", "name", "")
    assert [choice["value"] for choice in choices] == ["harbour"]
    removed = await remove(chat, cleo, "Harbour")
    assert removed.ephemeral
    assert "This server no longer has harbour" in sentence(removed)
    assert "has no preset called" in sentence(await remove(chat, cleo))


async def test_other_members_remove_nothing(chat: ChatHarness) -> None:
    await keep(chat, "harbour")
    await share(chat)
    assert await chat.ben.autocomplete(chat.channel, "preset remove", "name", "") == []
    refused = await remove(chat, chat.ben)
    assert "Only moderators and whoever shared this preset" in sentence(refused)
    assert "no longer has" in sentence(await remove(chat, chat.ada))


async def test_a_code_gives_a_copy_anywhere(chat: ChatHarness) -> None:
    await keep(chat, "harbour")
    code = await code_of(chat)
    assert await code_of(chat) == code
    assert f"Its code: `{code}`" in card(await chat.ada.slash(chat.channel, "preset show", name="harbour"))
    taken = await chat.ben.user.slash("preset import", code=code.lower())
    assert "Saved: **harbour**" in card(taken)
    assert "code" not in card(taken)
    await chat.ada.slash(chat.channel, "preset delete", name="harbour")
    assert "**harbour**" in card(await chat.stylize(chat.ben, preset="harbour"))
    gone = await chat.ben.slash(chat.channel, "preset import", code=code, name="again")
    assert "No preset has that code" in sentence(gone)


async def test_a_copy_obeys_the_same_rules(chat: ChatHarness) -> None:
    await keep(chat, "harbour")
    code = await code_of(chat)
    for name, why in (
        (None, "already have a preset called “harbour”"),
        ("the scream", "built-in look"),
        ("x" * 51, "at most 50 characters"),
    ):
        options = {"code": code, **({"name": name} if name else {})}
        assert why in sentence(await chat.ada.slash(chat.channel, "preset import", **options))
    assert "Saved: **quay**" in card(
        await chat.ada.slash(chat.channel, "preset import", code=code, name="quay")
    )
    full = await chat.ada.slash(chat.channel, "preset import", code=code, name="third")
    assert "You have 2 presets, which is the limit" in sentence(full)


async def test_a_stopped_code_leads_nowhere(chat: ChatHarness) -> None:
    await keep(chat, "harbour")
    code = await code_of(chat)
    stopped = await share(chat, target="a code", stop=True)
    assert "The code of harbour leads nowhere now" in sentence(stopped)
    refused = await chat.ben.slash(chat.channel, "preset import", code=code)
    assert "No preset has that code" in sentence(refused)
    async with chat.services.database.read() as connection:
        assert await presets.of_user(connection, chat.ben.id) == []
