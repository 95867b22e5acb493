"""The forms behind a preset's buttons."""

from typing import Any

import pytest
from simcord import InteractionResult

from bot.domain.styles import presets, share_codes
from bot.domain.styles.style import Look
from tests.support.chat import ChatHarness, card
from tests.support.presets import keep, opened, press


async def renamed(chat: ChatHarness, name: str) -> InteractionResult:
    form = await press(chat.ada, await opened(chat, "harbour"), "Rename…")
    return await chat.ada.submit_modal(form, {"name": name})


async def edited(chat: ChatHarness, panel: InteractionResult, **values: Any) -> InteractionResult:
    form = await press(chat.ada, panel, "Edit…")
    return await chat.ada.submit_modal(form, {"strength": ["50"], "quality": "standard", **values})


async def look(chat: ChatHarness) -> Look:
    async with chat.services.database.read() as connection:
        return (await presets.require(connection, chat.ada.id, "harbour")).look


async def test_a_preset_gets_another_name(chat: ChatHarness) -> None:
    await keep(chat, "harbour")
    panel = await opened(chat, "harbour")
    form = await press(chat.ada, panel, "Rename…")
    assert "'value': 'harbour'" in str(form.modal), "its name is there already"
    await chat.ada.submit_modal(form, {"name": "quay"})
    assert card(panel).startswith("Renamed: **quay**")


@pytest.mark.parametrize(
    ("name", "sorry"), [("starry night", "built-in look"), ("other", "already have a preset called “other”")]
)
async def test_a_bad_name_is_refused_and_can_be_mended(chat: ChatHarness, name: str, sorry: str) -> None:
    await keep(chat, "harbour", "other")
    result = await renamed(chat, name)
    assert sorry in result.followups[0].content
    again = await chat.ada.click(result.followups[1].message, label="Open the form again")
    assert f"'value': '{name}'" in str(again.modal), "what was typed is still there"
    await chat.ada.submit_modal(again, {"name": "quay"})
    async with chat.services.database.read() as connection:
        names = [one.name for one in await presets.of_user(connection, chat.ada.id)]
    assert names == ["other", "quay"]


async def test_a_preset_s_settings_are_changed(chat: ChatHarness) -> None:
    await keep(chat, "harbour")
    panel = await opened(chat, "harbour")
    values = {"strength": ["80"], "quality": "high", "more": ["96", "colours", "faces"], "texture": "fine"}
    await edited(chat, panel, **values)
    assert card(panel).startswith("Changed: **harbour**")
    assert await look(chat) == Look(
        strength=80, quality="high", size_px=96, keep_colors=True, faces="paint", style_scale=0.5
    )
    await edited(chat, panel, strength=["80"], texture="coarse")
    assert await look(chat) == Look(strength=80, size_px=96, style_scale=2.0)
    await edited(chat, panel, texture="as")
    assert await look(chat) == Look(size_px=96)


async def test_what_the_form_does_not_ask_for_stays(chat: ChatHarness) -> None:
    await keep(chat, "harbour")
    async with chat.services.database.begin() as connection:
        changes = {"init": "noise", "optimizer": "adam", "strength": 35.5, "style_scale": 0.7}
        await presets.change_look(connection, chat.ada.id, "harbour", changes)
    await edited(chat, await opened(chat, "harbour"), strength=["35.5"], texture="now")
    assert await look(chat) == Look(strength=35.5, init="noise", optimizer="adam", style_scale=0.7)


async def test_a_code_is_copied_under_its_own_name_and_under_another(chat: ChatHarness) -> None:
    await keep(chat, "harbour")
    async with chat.services.database.begin() as connection:
        code = await share_codes.code_of(
            connection, await presets.require(connection, chat.ada.id, "harbour")
        )
    for name, told in (("", "Saved: **harbour**"), ("quay", "Saved: **quay**")):
        listed = await chat.ben.slash(chat.channel, "preset list")
        form = await press(chat.ben, listed, "Use a code…")
        await chat.ben.submit_modal(form, {"code": code.lower(), "name": name})
        assert card(listed).startswith(told)


async def test_a_code_that_nothing_has_is_refused(chat: ChatHarness) -> None:
    form = await press(chat.ben, await chat.ben.slash(chat.channel, "preset list"), "Use a code…")
    result = await chat.ben.submit_modal(form, {"code": "AAAAA-AAAAA", "name": ""})
    assert "No preset has that code" in result.followups[0].content
