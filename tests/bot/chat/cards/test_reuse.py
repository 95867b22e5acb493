"""Edit… with every setting in one modal, and Save as preset."""

from typing import Any

import pytest

from bot.chat.cards import how_made
from bot.domain.jobs.model import State
from bot.domain.requests.request import MAX_SEED
from bot.domain.styles import presets
from tests.support.card_buttons import delivered_job, differences, edited, press, private_text
from tests.support.chat import ChatHarness
from tests.support.rows import BLOB, set_columns


async def test_the_modal_shows_the_settings_within_discords_limits(chat: ChatHarness) -> None:
    await delivered_job(chat, strength=35, quality="high", init="style", keep_colors=True, faces="paint")
    shown = await press(chat, "edit")
    assert shown.modal is not None
    fields = {one["component"]["custom_id"]: one["component"] for one in shown.modal["components"]}
    assert list(fields) == ["strength", "quality", "size", "ways", "seed"]
    assert (fields["strength"]["value"], fields["seed"]["value"]) == ("35", "7")
    chosen = {
        name: [option["value"] for option in field["options"] if option.get("default")]
        for name, field in fields.items()
        if "options" in field
    }
    assert chosen == {"quality": ["high"], "size": ["64"], "ways": ["style", "colours", "faces", "scale"]}
    assert [option["value"] for option in fields["size"]["options"]] == ["64", "96", "128"]
    assert all(len(one["label"]) <= 45 for one in shown.modal["components"])


async def test_what_was_changed_is_painted_anew(chat: ChatHarness) -> None:
    old = await delivered_job(chat)
    shown = await press(chat, "edit", chat.ben)
    values = edited(
        strength="62,5", quality=["draft"], size=["96"], ways=["adam", "adain", "colours", "scale"], seed="9"
    )
    await chat.ben.submit_modal(shown, values)
    new = await chat.job()
    assert (new.user_id, new.parent_id, new.state) == (chat.ben.id, old.id, State.QUEUED)
    assert differences(old.params, new.params) == {
        "strength": 62.5,
        "quality": "draft",
        "size": 96,
        "init": "adain",
        "optimizer": "adam",
        "colors": "luminance",
        "seed": 9,
    }
    assert (
        how_made.job_settings(new)
        == "strength 62.5 · draft · 96 px · from adain · adam · texture scale 1.5 · colours kept · seed 9"
    )


@pytest.mark.parametrize(("ways", "after"), [([], "keep"), (["faces"], "paint")])
async def test_faces_are_kept_unless_the_form_says_otherwise(
    chat: ChatHarness, ways: list[str], after: str
) -> None:
    await delivered_job(chat, faces="paint")
    await chat.ada.submit_modal(await press(chat, "edit"), edited(ways=ways))
    assert (await chat.job()).params["faces"] == after


async def test_an_empty_seed_is_a_new_one(chat: ChatHarness) -> None:
    old = await delivered_job(chat)
    await chat.ada.submit_modal(await press(chat, "edit"), edited(seed="", ways=["scale"]))
    assert set(differences(old.params, (await chat.job()).params)) == {"seed"}


@pytest.mark.parametrize(
    ("before", "ways", "after"),
    [
        (1.0, [], None),
        (1.0, ["scale"], 1.0),
        (1.0, ["fine"], 0.5),
        (2.0, [], None),
        (0.7, ["scale"], 0.7),
        (0.7, ["coarse"], 2.0),
        (0.7, [], None),
    ],
)
async def test_the_texture_is_finer_or_coarser_or_as_it_was(
    chat: ChatHarness, before: float, ways: list[str], after: float | None
) -> None:
    await delivered_job(chat, style_scale=before)
    await chat.ada.submit_modal(await press(chat, "edit"), edited(ways=ways))
    assert (await chat.job()).params["style_scale"] == after


async def test_the_form_shows_an_odd_texture_which_excludes_the_others(chat: ChatHarness) -> None:
    await delivered_job(chat, style_scale=1.5)
    shown = await press(chat, "edit")
    assert shown.modal is not None
    ways = next(
        one["component"] for one in shown.modal["components"] if one["component"]["custom_id"] == "ways"
    )
    chosen = {one["value"]: one["label"] for one in ways["options"] if one.get("default")}
    assert chosen == {"scale": "texture scale 1.5"}
    result = await chat.ada.submit_modal(shown, edited(ways=["scale", "fine"]))
    assert "one texture" in private_text(result)


@pytest.mark.parametrize(("ways", "start"), [([], BLOB), (["noise"], None)])
async def test_another_start_replaces_the_picture_that_it_was_started_from(
    chat: ChatHarness, ways: list[str], start: str | None
) -> None:
    job = await delivered_job(chat)
    kept = job.result_blob
    async with chat.services.database.begin() as connection:
        await set_columns(connection, job.id, start_blob=kept)
    await chat.ada.submit_modal(await press(chat, "edit"), edited(ways=ways))
    assert (await chat.job()).start_blob == (kept if start else None)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"strength": "much"}, "from 0 to 100"),
        ({"strength": "101"}, "from 0 to 100"),
        ({"strength": "nan"}, "from 0 to 100"),
        ({"strength": "-1"}, "from 0 to 100"),
        ({"seed": "-1"}, f"from 0 to {MAX_SEED}"),
        ({"seed": str(MAX_SEED + 1)}, f"from 0 to {MAX_SEED}"),
        ({"seed": "٣"}, f"from 0 to {MAX_SEED}"),
        ({"ways": ["noise", "style"]}, "one start"),
        ({"ways": ["adam", "gd"]}, "one optimiser"),
        ({"ways": ["fine", "coarse"]}, "one texture"),
    ],
)
async def test_what_cannot_be_painted_is_refused(
    chat: ChatHarness, values: dict[str, Any], sentence: str
) -> None:
    await delivered_job(chat)
    result = await chat.ada.submit_modal(await press(chat, "edit"), edited(**values))
    assert sentence in private_text(result)
    assert await chat.count_jobs() == 0


async def test_a_picture_that_was_deleted_while_the_modal_was_open_is_refused(chat: ChatHarness) -> None:
    await delivered_job(chat)
    shown = await press(chat, "edit")
    async with chat.services.database.begin() as connection:
        await set_columns(connection, 1, result_blob=None)
    assert "no longer kept" in private_text(await chat.ada.submit_modal(shown, edited()))


async def test_a_picture_becomes_a_preset_of_whoever_saves_it(chat: ChatHarness) -> None:
    job = await delivered_job(chat, strength=80, keep_colors=True)
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
