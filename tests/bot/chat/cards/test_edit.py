"""Edit…: the style first, then how it is painted; and the second form, for the curious."""

from typing import Any

import pytest
from simcord import InteractionResult

from bot.domain.jobs.model import State
from bot.domain.requests.request import MAX_SEED
from tests.support.card_buttons import delivered_job, differences, edited, press, private_text
from tests.support.chat import ChatHarness, card
from tests.support.picture_files import png
from tests.support.presets import keep
from tests.support.rows import set_columns


def fields(shown: InteractionResult) -> dict[str, dict[str, Any]]:
    assert shown.modal is not None
    assert all(len(one["label"]) <= 45 for one in shown.modal["components"])
    return {one["component"]["custom_id"]: one["component"] for one in shown.modal["components"]}


def chosen(field: dict[str, Any]) -> list[str]:
    return [option["value"] for option in field["options"] if option.get("default")]


async def edit(chat: ChatHarness, **values: Any) -> InteractionResult:
    return await chat.ada.submit_modal(await press(chat, "edit", at=0), edited(**values))


async def more(chat: ChatHarness, first: dict[str, Any] | None = None, **values: Any) -> InteractionResult:
    """What comes of the second form, once the first has led to it."""
    form = await more_form(chat, first)
    return await chat.ada.submit_modal(form, {"texture": "as", "seed": "7", **values})


async def more_form(chat: ChatHarness, first: dict[str, Any] | None = None) -> InteractionResult:
    led = await edit(chat, **{"more": ["64", "more"], **(first or {})})
    assert led.response is not None
    assert led.response.ephemeral
    assert "Nothing is painted yet" in led.response.content
    return await chat.ada.click(led.response.message, label="More settings …")


async def test_the_form_asks_for_the_style_first_and_shows_what_is_there(chat: ChatHarness) -> None:
    look = {"strength": 35, "quality": "high", "keep_colors": True, "faces": "paint"}
    await delivered_job(chat, look=look)
    await keep(chat, "quay")
    shown = fields(await press(chat, "edit"))
    assert list(shown) == ["style", "upload", "strength", "quality", "more"]
    assert shown["upload"]["file_types"] == ["image"]
    assert [option["label"] for option in shown["style"]["options"]][:3] == [
        *("As it is: Starry Night", "quay", "Starry Night"),
    ]
    picked = {name: chosen(field) for name, field in shown.items() if "options" in field}
    assert picked == {
        "style": ["as"],
        "strength": ["35"],
        "quality": ["high"],
        "more": ["64", "colours", "faces"],
    }
    assert [one["label"] for one in shown["more"]["options"]] == [
        *("64 px on the long edge", "96 px on the long edge", "128 px on the long edge"),
        *("Keep the colours of your picture", "Paint faces like the rest", "More settings …"),
    ]


async def test_nothing_changed_is_the_same_picture_again(chat: ChatHarness) -> None:
    old = await delivered_job(chat, look={"init": "noise", "optimizer": "adam"})
    await edit(chat)
    assert differences(old.params, (await chat.job()).params) == {}


async def test_another_preset_or_painting_is_taken_with_its_own_texture(chat: ChatHarness) -> None:
    old = await delivered_job(chat)
    result = await edit(chat, style=["named:The Great Wave"])
    new = await chat.job()
    assert (new.style_name, new.parent_id, new.params["style_scale"]) == ("The Great Wave", old.id, 2.0)
    assert "**The Great Wave**" in card(result)
    assert new.content_blob == old.content_blob


async def test_an_uploaded_picture_is_the_new_style(chat: ChatHarness) -> None:
    await delivered_job(chat)
    await edit(chat, upload=("sun.png", png(colour="orange")), style=["named:The Great Wave"])
    job = await chat.job()
    assert (job.style_name, job.params["style_scale"]) == ("sun", None)


async def test_what_was_changed_is_painted_anew(chat: ChatHarness) -> None:
    old = await delivered_job(chat)
    values = edited(strength=["80"], quality="draft", more=["96", "colours", "faces"])
    result = await chat.ben.submit_modal(await press(chat, "edit", chat.ben), values)
    new = await chat.job()
    assert (new.user_id, new.parent_id, new.state) == (chat.ben.id, old.id, State.QUEUED)
    assert differences(old.params, new.params) == {
        "strength": 80,
        "quality": "draft",
        "size": 96,
        "colors": "luminance",
        "faces": "paint",
    }
    assert "Next in line" in card(result)


@pytest.mark.parametrize(("ticked", "size"), [([], 64), (["64", "96"], 96), (["96", "128"], 128)])
async def test_of_two_sizes_the_new_one_counts(chat: ChatHarness, ticked: list[str], size: int) -> None:
    await delivered_job(chat)
    await edit(chat, more=ticked)
    assert (await chat.job()).params["size"] == size


async def test_a_refused_form_opens_again_as_it_was_filled_in(chat: ChatHarness) -> None:
    await delivered_job(chat)
    for _ in range(2):
        await chat.stylize()
    form = await press(chat, "edit", at=0)
    values = edited(strength=["80"], quality="draft", more=["96", "colours"])
    refused = await chat.ada.submit_modal(form, {**values, "upload": ("sun.png", png(colour="orange"))})
    assert "already have 2 pictures" in private_text(refused)
    await chat.paint()
    again = await chat.ada.click(refused.followups[-1].message, label="Open the form again")
    shown = fields(again)
    assert chosen(shown["strength"]) == ["80"]
    assert chosen(shown["quality"]) == ["draft"]
    assert chosen(shown["more"]) == ["96", "colours"]
    await chat.ada.submit_modal(again, values)
    assert (await chat.job()).style_name == "sun"


async def test_the_second_form_shows_and_changes_the_rest(chat: ChatHarness) -> None:
    old = await delivered_job(chat, look={"init": "style"})
    form = await more_form(chat, {"strength": ["80"]})
    shown = fields(form)
    assert list(shown) == ["mask", "texture", "start", "method", "seed"]
    assert (chosen(shown["texture"]), chosen(shown["start"])) == (["now"], ["style"])
    assert chosen(shown["method"]) == ["as"]
    assert shown["seed"]["value"] == str(old.params["seed"])
    values = {"texture": "fine", "start": ["adain"], "method": ["adam"], "seed": "9"}
    mask = ("mask.png", png(colour="white"))
    await chat.ada.submit_modal(form, {**values, "mask": mask})
    new = await chat.job()
    assert differences(old.params, new.params) == {
        "strength": 80,
        "style_scale": 0.5,
        "init": "adain",
        "optimizer": "adam",
        "seed": 9,
    }
    assert new.mask_blob is not None


@pytest.mark.parametrize(
    ("before", "texture", "after"),
    [(1.0, "now", 1.0), (1.0, "fine", 0.5), (2.0, "as", None), (2.0, "coarse", 2.0), (0.7, None, 0.7)],
)
async def test_the_texture_is_finer_or_coarser_or_as_it_was(
    chat: ChatHarness, before: float, texture: str | None, after: float | None
) -> None:
    await delivered_job(chat, look={"style_scale": before})
    await more(chat, texture=texture)
    assert (await chat.job()).params["style_scale"] == after


async def test_a_new_style_has_its_own_texture_in_the_second_form_too(chat: ChatHarness) -> None:
    await delivered_job(chat)
    await more(chat, {"style": ["named:The Great Wave"]}, texture="as")
    assert (await chat.job()).params["style_scale"] == 2.0
    await more(chat, {"style": ["named:The Great Wave"]}, texture="fine")
    assert (await chat.job()).params["style_scale"] == 0.5


@pytest.mark.parametrize(("start", "kept"), [(["as"], True), (["noise"], False)])
async def test_another_start_replaces_the_picture_that_it_was_started_from(
    chat: ChatHarness, start: list[str], kept: bool
) -> None:
    job = await delivered_job(chat)
    async with chat.services.database.begin() as connection:
        await set_columns(connection, job.id, start_blob=job.result_blob)
    await more(chat, start=start)
    assert (await chat.job()).start_blob == (job.result_blob if kept else None)


async def test_an_empty_seed_is_a_new_one(chat: ChatHarness) -> None:
    old = await delivered_job(chat)
    await more(chat, seed="", texture="now")
    assert set(differences(old.params, (await chat.job()).params)) == {"seed"}


@pytest.mark.parametrize("seed", ["-1", str(MAX_SEED + 1), "٣", "x"])
async def test_a_seed_that_is_none_is_refused_and_can_be_mended(chat: ChatHarness, seed: str) -> None:
    await delivered_job(chat)
    refused = await more(chat, seed=seed, texture="coarse")
    assert f"from 0 to {MAX_SEED}" in private_text(refused)
    assert await chat.count_jobs() == 0
    again = await chat.ada.click(refused.followups[-1].message, label="Open the form again")
    assert fields(again)["seed"]["value"] == seed
    await chat.ada.submit_modal(again, {"seed": "3", "texture": "coarse"})
    job = await chat.job()
    assert (job.params["seed"], job.params["style_scale"]) == (3, 2.0)


@pytest.mark.parametrize(
    ("mask", "sorry"), [(b"text", "not a picture"), (png(colour="black"), "black all over")]
)
async def test_a_mask_that_makes_no_sense_is_refused(chat: ChatHarness, mask: bytes, sorry: str) -> None:
    await delivered_job(chat)
    assert sorry in private_text(await more(chat, mask=("mask.png", mask)))
    assert await chat.count_jobs() == 0


async def test_a_picture_that_was_deleted_while_the_form_was_open_is_refused(chat: ChatHarness) -> None:
    await delivered_job(chat)
    shown = await press(chat, "edit")
    second = await more_form(chat)
    async with chat.services.database.begin() as connection:
        await set_columns(connection, 1, result_blob=None)
    for form in (shown, second):
        assert "no longer kept" in private_text(await chat.ada.submit_modal(form, {}))


async def test_a_blend_keeps_its_styles_unless_another_is_chosen(chat: ChatHarness) -> None:
    job = await delivered_job(chat)
    async with chat.services.database.begin() as connection:
        more_styles = [{"blob": job.style_blob, "name": "gold", "weight": 1.0}]
        await set_columns(connection, 1, more_styles=more_styles)
    await edit(chat)
    assert (await chat.job()).more_styles is not None
    await edit(chat, style=["named:The Kiss"])
    assert (await chat.job()).more_styles is None
