"""Save as preset, from a card."""

from bot.features import presets
from tests.bot.builders import set_columns
from tests.bot.chat.clicks import painted, press, private_words
from tests.bot.chat.conftest import Studio


async def test_a_picture_becomes_a_preset_of_whoever_saves_it(studio: Studio) -> None:
    job = await painted(studio, strength=80, keep_colors=True)
    shown = await press(studio, "save", studio.ben)
    result = await studio.ben.submit_modal(shown, {"name": "night *1*"})
    assert "Saved: night \\*1\\*." in private_words(result)
    async with studio.rooms.database.read() as connection:
        (preset,) = await presets.of_user(connection, studio.ben.id)
    assert (preset.name, preset.style_blob) == ("night *1*", job.style_blob)
    assert (preset.look.strength, preset.look.keep_colors) == (80, True)


async def test_a_bad_or_taken_name_is_refused(studio: Studio) -> None:
    await painted(studio)
    for name, sentence in (
        ("Starry Night", "built-in look"),
        ("\u200b", "visible character"),
        ("one", "Saved"),
        ("ONE", "already have"),
        ("two", "Saved"),
        ("three", "2 presets, which is the limit"),
    ):
        shown = await press(studio, "save", at=0)
        assert sentence in private_words(await studio.ada.submit_modal(shown, {"name": name}))


async def test_a_blend_is_no_preset(studio: Studio) -> None:
    await painted(studio)
    async with studio.rooms.database.begin() as connection:
        more = [{"blob": "0" * 64, "name": "gold", "weight": 1.0}]
        await set_columns(connection, 1, more_styles=more)
    assert "keeps one style" in private_words(await press(studio, "save"))
