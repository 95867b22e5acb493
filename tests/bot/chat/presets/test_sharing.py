"""`/preset share|import|remove` through discord.py's real machinery."""

import re

import discord
import pytest
from simcord import InteractionResult, MemberActor

from bot.features import presets
from bot.settings import Settings
from tests.bot.chat.conftest import Studio, card, sentence
from tests.bot.chat.presets.test_gallery import keep


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"presets_per_server": 2})


async def share(
    studio: Studio, name: str = "harbour", *, target: str = "this server", stop: bool = False
) -> InteractionResult:
    options = {"name": name, "with": target, "stop": stop}
    return await studio.ada.slash(studio.channel, "preset share", **options)


async def remove(studio: Studio, who: MemberActor, name: str = "harbour") -> InteractionResult:
    return await who.slash(studio.channel, "preset remove", name=name)


async def code_of(studio: Studio) -> str:
    found = re.search("`([2-9A-Z]{5}-[2-9A-Z]{5})`", sentence(await share(studio, target="a code")))
    assert found is not None
    return found[1]


async def test_everybody_in_the_server_can_use_what_was_shared(studio: Studio) -> None:
    await keep(studio, "harbour")
    result = await share(studio)
    assert result.ephemeral
    assert "Everybody in this server can use harbour" in sentence(result)
    choices = await studio.ben.autocomplete(studio.channel, "stylize", "preset", "harb")
    assert choices == [{"name": "harbour · this server", "value": "harbour"}]
    assert "**harbour**" in card(await studio.stylize(studio.ben, preset="harbour"))
    await studio.ada.slash(studio.channel, "preset delete", name="harbour")
    assert "**harbour**" in card(await studio.stylize(studio.ben, preset="harbour"))


async def test_in_another_server_it_is_unknown(studio: Studio) -> None:
    await keep(studio, "harbour")
    await share(studio)
    await studio.ada.slash(studio.channel, "preset delete", name="harbour")
    elsewhere = studio.env.create_guild("elsewhere")
    channel = elsewhere.create_text_channel("art")
    ada = elsewhere.add_member(studio.ada.user)
    assert await ada.autocomplete(channel, "stylize", "preset", "harb") == []
    assert "no preset called" in sentence(await ada.slash(channel, "preset show", name="harbour"))
    assert "no preset called" in sentence(await studio.ada.user.slash("preset show", name="harbour"))


async def test_a_server_has_room_for_so_many(studio: Studio) -> None:
    await keep(studio, "one", "two", "three")
    await share(studio, "one")
    await share(studio, "two")
    assert "This server has 2 presets, which is the limit" in sentence(await share(studio, "three"))
    assert "Everybody" in sentence(await share(studio, "two")), "shared again, it is brought up to date"


async def test_what_one_does_not_have_cannot_be_shared(studio: Studio) -> None:
    for target in ("this server", "a code"):
        assert "You have no preset called “harbour”" in sentence(await share(studio, target=target))
    await keep(studio, "harbour")
    for target, why in (("this server", "has no preset called"), ("a code", "not shared by a code")):
        assert why in sentence(await share(studio, target=target, stop=True))


async def test_there_is_no_server_to_share_with_in_private(studio: Studio) -> None:
    await keep(studio, "harbour")
    options = {"name": "harbour", "with": "this server"}
    assert "share by a code instead" in sentence(await studio.ada.user.slash("preset share", **options))
    assert "servers that Easel is a member of" in sentence(
        await studio.ada.user.slash("preset remove", name="harbour")
    )


async def test_the_sharer_can_stop_and_it_is_theirs_still(studio: Studio) -> None:
    await keep(studio, "harbour")
    await share(studio)
    assert "no longer has harbour" in sentence(await share(studio, stop=True))
    assert await studio.ben.autocomplete(studio.channel, "stylize", "preset", "harb") == []
    choices = await studio.ada.autocomplete(studio.channel, "stylize", "preset", "harb")
    assert choices == [{"name": "harbour · yours", "value": "harbour"}]


@pytest.mark.parametrize("right", ["manage_messages", "manage_guild", "administrator"])
async def test_moderators_remove_what_others_shared(studio: Studio, right: str) -> None:
    await keep(studio, "harbour")
    await share(studio)
    permissions = discord.Permissions(**{right: True})
    role = studio.ada.guild.create_role("moderators", permissions=permissions)
    cleo = studio.ada.guild.add_member(studio.env.create_user("cleo"), roles=[role])
    choices = await cleo.autocomplete(studio.channel, "preset remove", "name", "")
    assert [choice["value"] for choice in choices] == ["harbour"]
    removed = await remove(studio, cleo, "Harbour")
    assert removed.ephemeral
    assert "This server no longer has harbour" in sentence(removed)
    assert "has no preset called" in sentence(await remove(studio, cleo))


async def test_other_members_remove_nothing(studio: Studio) -> None:
    await keep(studio, "harbour")
    await share(studio)
    assert await studio.ben.autocomplete(studio.channel, "preset remove", "name", "") == []
    refused = await remove(studio, studio.ben)
    assert "Only moderators and whoever shared this preset" in sentence(refused)
    assert "no longer has" in sentence(await remove(studio, studio.ada))


async def test_a_code_gives_a_copy_anywhere(studio: Studio) -> None:
    await keep(studio, "harbour")
    code = await code_of(studio)
    assert await code_of(studio) == code
    assert f"Its code: `{code}`" in card(
        await studio.ada.slash(studio.channel, "preset show", name="harbour")
    )
    taken = await studio.ben.user.slash("preset import", code=code.lower())
    assert "Saved: **harbour**" in card(taken)
    assert "code" not in card(taken)
    await studio.ada.slash(studio.channel, "preset delete", name="harbour")
    assert "**harbour**" in card(await studio.stylize(studio.ben, preset="harbour"))
    gone = await studio.ben.slash(studio.channel, "preset import", code=code, name="again")
    assert "No preset has that code" in sentence(gone)


async def test_a_copy_obeys_the_same_rules(studio: Studio) -> None:
    await keep(studio, "harbour")
    code = await code_of(studio)
    for name, why in (
        (None, "already have a preset called “harbour”"),
        ("the scream", "built-in look"),
        ("x" * 51, "at most 50 characters"),
    ):
        options = {"code": code, **({"name": name} if name else {})}
        assert why in sentence(await studio.ada.slash(studio.channel, "preset import", **options))
    assert "Saved: **quay**" in card(
        await studio.ada.slash(studio.channel, "preset import", code=code, name="quay")
    )
    full = await studio.ada.slash(studio.channel, "preset import", code=code, name="third")
    assert "You have 2 presets, which is the limit" in sentence(full)


async def test_a_stopped_code_leads_nowhere(studio: Studio) -> None:
    await keep(studio, "harbour")
    code = await code_of(studio)
    stopped = await share(studio, target="a code", stop=True)
    assert "The code of harbour leads nowhere now" in sentence(stopped)
    refused = await studio.ben.slash(studio.channel, "preset import", code=code)
    assert "No preset has that code" in sentence(refused)
    async with studio.rooms.database.read() as connection:
        assert await presets.of_user(connection, studio.ben.id) == []
