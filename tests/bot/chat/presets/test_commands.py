"""`/preset` through discord.py's real machinery."""

from simcord import InteractionResult

from tests.support.chat import ChatHarness, card, sentence
from tests.support.picture_files import png


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
    assert "Katsushika Hokusai" in listed
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
