"""Save as preset."""

from bot.domain.styles import presets
from tests.support.card_buttons import delivered_job, press, private_text
from tests.support.chat import ChatHarness
from tests.support.rows import set_columns


async def test_a_picture_becomes_a_preset_of_whoever_saves_it(chat: ChatHarness) -> None:
    job = await delivered_job(chat, look={"strength": 80, "keep_colors": True})
    shown = await press(chat, "save", chat.ben)
    result = await chat.ben.submit_modal(shown, {"name": "night *1*"})
    assert "Saved: night \\*1\\*." in private_text(result)
    async with chat.services.database.read() as connection:
        (preset,) = await presets.of_user(connection, chat.ben.id)
    assert (preset.name, preset.style_blob) == ("night *1*", job.style_blob)
    assert (preset.look.strength, preset.look.keep_colors) == (80, True)
    assert preset.look.style_scale == 1.5, "the painting's own, which its job was painted with"


async def test_a_bad_or_taken_name_is_refused(chat: ChatHarness) -> None:
    await delivered_job(chat)
    for name, sentence in (
        ("Starry Night", "built-in look"),
        ("\u200b", "visible character"),
        ("one", "Saved"),
        ("ONE", "already have"),
        ("two", "Saved"),
        ("three", "2 presets, which is the limit"),
    ):
        shown = await press(chat, "save", at=0)
        assert sentence in private_text(await chat.ada.submit_modal(shown, {"name": name}))


async def test_a_blend_is_no_preset(chat: ChatHarness) -> None:
    await delivered_job(chat)
    async with chat.services.database.begin() as connection:
        more = [{"blob": "0" * 64, "name": "gold", "weight": 1.0}]
        await set_columns(connection, 1, more_styles=more)
    assert "keeps one style" in private_text(await press(chat, "save"))
