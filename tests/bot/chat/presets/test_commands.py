"""`/preset`: saving, changing and sharing."""

import re

import discord
import pytest
from simcord import InteractionResult, MemberActor

from bot.domain.styles import presets
from bot.settings import Settings
from tests.support.chat import ChatHarness, card, sentence
from tests.support.picture_files import png
from tests.support.presets import keep


async def save(chat: ChatHarness, name: str = "harbour", **options: object) -> InteractionResult:
    chosen = {"style": ("style.png", png(colour="orange")), "strength": 80, **options}
    return await chat.ada.slash(chat.channel, "preset save", name=name, **chosen)


async def test_a_saved_preset_shows_its_settings_and_its_picture(chat: ChatHarness) -> None:
    result = await save(chat, keep_colors=True)
    assert result.ephemeral
    assert "Saved: **harbour**" in card(result)
    assert "strength 80 · standard · colours kept" in card(result)
    assert result.response is not None
    assert len(result.response.attachments) == 1


async def test_a_preset_is_a_style_for_stylize(chat: ChatHarness) -> None:
    await save(chat)
    shown = card(await chat.stylize(preset="HARBOUR", quality="draft"))
    assert "harbour" in shown
    assert "strength 80 · draft · 64 px" in shown


async def test_presets_belong_to_one_user(chat: ChatHarness) -> None:
    await save(chat)
    assert "There is no preset called" in sentence(await chat.stylize(chat.ben, preset="harbour"))
    assert "no preset called" in sentence(await chat.ben.slash(chat.channel, "preset delete", name="harbour"))


async def test_names_are_unique_and_limited(chat: ChatHarness) -> None:
    await save(chat)
    assert "already have a preset" in sentence(await save(chat, "Harbour"))
    await save(chat, "second")
    assert "You have 2 presets" in sentence(await save(chat, "third"))


async def test_a_built_in_name_is_taken(chat: ChatHarness) -> None:
    assert "built-in look" in sentence(await save(chat, "starry night"))


async def test_list_show_rename_and_delete(chat: ChatHarness) -> None:
    await save(chat)
    listed = card(await chat.ada.slash(chat.channel, "preset list"))
    assert "harbour" in listed
    assert "Your presets · 1 of 2" in listed
    assert "Vincent van Gogh" in listed
    renamed = await chat.ada.slash(chat.channel, "preset rename", name="harbour", new_name="quay")
    assert "Renamed to quay" in sentence(renamed)
    assert "quay" in card(await chat.ada.slash(chat.channel, "preset show", name="quay"))
    assert "Deleted: quay" in sentence(await chat.ada.slash(chat.channel, "preset delete", name="quay"))
    assert "no preset called" in sentence(await chat.ada.slash(chat.channel, "preset show", name="quay"))


async def test_names_complete_as_one_types(chat: ChatHarness) -> None:
    await save(chat)
    for command in ("rename", "edit", "delete", "favourite", "share"):
        choices = await chat.ada.autocomplete(chat.channel, f"preset {command}", "name", "harb")
        assert choices == [{"name": "harbour", "value": "harbour"}]
        assert await chat.ben.autocomplete(chat.channel, f"preset {command}", "name", "") == []


async def test_a_bad_style_picture_saves_nothing(chat: ChatHarness) -> None:
    assert "picture" in sentence(await save(chat, style=("style.png", b"no picture")))
    assert "None yet" in card(await chat.ada.slash(chat.channel, "preset list"))


async def test_a_preset_s_settings_can_be_changed(chat: ChatHarness) -> None:
    await save(chat, init="noise")
    edited = await chat.ada.slash(
        chat.channel, "preset edit", name="HARBOUR", quality="high", keep_colors=True, size=100
    )
    assert edited.ephemeral
    assert "Changed: **harbour**" in card(edited)
    assert "strength 80 · high · 100 px · from noise · colours kept" in card(edited)
    reset = await chat.ada.slash(chat.channel, "preset edit", name="harbour", strength=10, reset=True)
    assert "-# strength 10 · standard" in card(reset).splitlines()
    assert "strength 10 · standard · 64 px" in card(await chat.stylize(preset="harbour"))


async def test_a_preset_keeps_the_size_of_its_texture(chat: ChatHarness) -> None:
    assert "strength 80 · standard · texture scale 0.5" in card(await save(chat, style_scale=0.5))
    await chat.stylize(preset="harbour")
    assert (await chat.job()).params["style_scale"] == 0.5
    edited = await chat.ada.slash(chat.channel, "preset edit", name="harbour", style_scale=2.0)
    assert "strength 80 · standard · texture scale 2" in card(edited)


async def test_a_preset_keeps_whether_faces_are_painted(chat: ChatHarness) -> None:
    assert "strength 80 · standard · faces painted" in card(await save(chat, faces="paint"))
    await chat.stylize(preset="harbour")
    assert (await chat.job()).params["faces"] == "paint"
    await chat.stylize(preset="harbour", faces="keep")
    assert (await chat.job()).params["faces"] == "keep"
    edited = await chat.ada.slash(chat.channel, "preset edit", name="harbour", faces="keep")
    assert "-# strength 80 · standard" in card(edited).splitlines()


async def test_a_bad_change_leaves_the_preset_as_it_was(chat: ChatHarness) -> None:
    await save(chat)
    for options, why in (
        ({"name": "harbour"}, "Nothing was changed"),
        ({"name": "harbour", "size": 512, "strength": 1}, "at most 128 px"),
        ({"name": "quay", "strength": 1}, "no preset called"),
    ):
        assert why in sentence(await chat.ada.slash(chat.channel, "preset edit", **options))
    shown = card(await chat.ada.slash(chat.channel, "preset show", name="harbour"))
    assert "strength 80 · standard" in shown


async def test_favourites_are_offered_first(chat: ChatHarness) -> None:
    await save(chat, "ant")
    await save(chat, "bee")
    starred = await chat.ada.slash(chat.channel, "preset favourite", name="bee")
    assert starred.ephemeral
    assert sentence(starred) == "★ bee is offered first now."
    choices = await chat.ada.autocomplete(chat.channel, "stylize", "preset", "")
    assert [choice["name"] for choice in choices[:3]] == [
        "★ bee · yours",
        "ant · yours",
        "Starry Night — Vincent van Gogh · built in",
    ]
    assert "no favourite any more" in sentence(
        await chat.ada.slash(chat.channel, "preset favourite", name="bee")
    )
    choices = await chat.ada.autocomplete(chat.channel, "stylize", "preset", "")
    assert choices[0]["name"] == "ant · yours"
    assert "no preset called" in sentence(await chat.ben.slash(chat.channel, "preset favourite", name="bee"))


async def test_a_server_s_preset_behind_one_s_own_is_offered_once(chat: ChatHarness) -> None:
    await save(chat)
    await chat.ada.slash(chat.channel, "preset share", name="harbour", **{"with": "this server"})
    choices = await chat.ada.autocomplete(chat.channel, "stylize", "preset", "harbour")
    assert [choice["name"] for choice in choices] == ["harbour · yours"]


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


async def test_a_server_can_have_only_so_many(chat: ChatHarness) -> None:
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
