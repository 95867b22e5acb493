"""`/preset save`, and what was saved as a style."""

from simcord import InteractionResult

from tests.support.chat import ChatHarness, card, sentence
from tests.support.picture_files import png
from tests.support.presets import opened, press


async def save(chat: ChatHarness, name: str = "harbour", **options: object) -> InteractionResult:
    chosen = {"style": ("style.png", png(colour="orange")), "strength": 80, **options}
    return await chat.ada.slash(chat.channel, "preset save", name=name, **chosen)


async def test_a_saved_preset_shows_its_settings_and_its_picture(chat: ChatHarness) -> None:
    result = await save(chat, quality="high")
    assert result.ephemeral
    assert "Saved: **harbour**" in card(result)
    assert "strength 80 · high" in card(result)
    assert result.response is not None
    assert len(result.response.attachments) == 1


async def test_a_preset_is_a_style_for_stylize(chat: ChatHarness) -> None:
    await save(chat)
    shown = card(await chat.stylize(preset="HARBOUR", quality="draft"))
    assert "harbour" in shown
    look = (await chat.job()).look
    assert (look["strength"], look["quality"]) == (80, "draft")


async def test_presets_belong_to_one_user(chat: ChatHarness) -> None:
    await save(chat)
    assert "There is no preset called" in sentence(await chat.stylize(chat.ben, preset="harbour"))


async def test_names_are_unique_and_limited(chat: ChatHarness) -> None:
    await save(chat)
    assert "already have a preset" in sentence(await save(chat, "Harbour"))
    await save(chat, "second")
    assert "You have 2 presets" in sentence(await save(chat, "third"))


async def test_a_built_in_name_is_taken(chat: ChatHarness) -> None:
    assert "built-in look" in sentence(await save(chat, "starry night"))


async def test_what_was_saved_is_listed(chat: ChatHarness) -> None:
    await save(chat)
    listed = card(await chat.ada.slash(chat.channel, "preset list"))
    assert "harbour" in listed
    assert "Your presets · 1 of 2" in listed
    assert "Vincent van Gogh" in listed


async def test_a_bad_style_picture_saves_nothing(chat: ChatHarness) -> None:
    assert "picture" in sentence(await save(chat, style=("style.png", b"no picture")))
    assert "None yet" in card(await chat.ada.slash(chat.channel, "preset list"))


async def test_favourites_are_offered_first(chat: ChatHarness) -> None:
    await save(chat, "ant")
    await save(chat, "bee")
    panel = await opened(chat, "bee")
    await press(chat.ada, panel, "Favourite")
    choices = await chat.ada.autocomplete(chat.channel, "stylize", "preset", "")
    assert [choice["name"] for choice in choices[:3]] == [
        "★ bee · yours",
        "ant · yours",
        "Starry Night — Vincent van Gogh · built in",
    ]
    await press(chat.ada, panel, "No favourite any more")
    choices = await chat.ada.autocomplete(chat.channel, "stylize", "preset", "")
    assert choices[0]["name"] == "ant · yours"


async def test_a_server_s_preset_behind_one_s_own_is_offered_once(chat: ChatHarness) -> None:
    await save(chat)
    await press(chat.ada, await opened(chat, "harbour"), "Share…", "Share with this server")
    choices = await chat.ada.autocomplete(chat.channel, "stylize", "preset", "harbour")
    assert [choice["name"] for choice in choices] == ["harbour · yours"]
