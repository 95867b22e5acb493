"""`/blend`, and the second style of `/stylize`."""

from typing import Any

import discord
import pytest
from simcord import InteractionResult

from bot.features import people
from bot.features.people import CurrentStyle
from tests.bot.chat.conftest import Studio, card, png, sentence


async def blend(studio: Studio, **options: Any) -> InteractionResult:
    given = {"content": ("holiday.png", png()), "size": 64, **options}
    return await studio.ada.slash(studio.channel, "blend", **given)


async def test_up_to_four_styles_are_blended_by_their_weights(studio: Studio) -> None:
    result = await blend(
        studio,
        style1=("waves.png", png(colour="navy")),
        preset2="Starry Night",
        style4=("sun.png", png(colour="orange")),
        weight1=90,
        weight4=10,
        spoiler=True,
        mask=("mask.png", png(colour="white")),
    )
    job = await studio.job()
    assert job.style_weight == 0.9
    assert job.more_styles is not None
    assert [(one["name"], one["weight"]) for one in job.more_styles] == [("Starry Night", 0.5), ("sun", 0.1)]
    assert job.spoiler
    assert job.mask_blob is not None
    assert "waves + Starry Night + sun" in card(result).replace("\\", "")
    await studio.paint()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, "at least two styles"),
        ({"style1": ("a.png", png())}, "at least two styles"),
        ({"style2": ("a.png", png()), "preset2": "The Scream"}, "“style2” and “preset2” are the same place"),
        ({"preset1": "The Scream", "preset2": "The Great Wave", "weight3": 5}, "“weight3” has no style"),
        ({"preset1": "The Scream", "preset2": "no such preset"}, "There is no preset called"),
        ({"preset1": "The Scream", "style3": ("text.png", b"text")}, "not a picture"),
    ],
)
async def test_a_blend_that_makes_no_sense_is_refused(
    studio: Studio, options: dict[str, Any], expected: str
) -> None:
    assert expected in sentence(await blend(studio, **options))
    assert await studio.count_jobs() == 0


async def test_every_place_of_a_blend_offers_presets(studio: Studio) -> None:
    for option in ("preset1", "preset4"):
        choices = await studio.ada.autocomplete(studio.channel, "blend", option, "wave")
        assert [choice["value"] for choice in choices] == ["The Great Wave"]


@pytest.mark.parametrize(("mix", "weights"), [(None, [0.5, 0.5]), (20, [0.8, 0.2]), (0, [1.0]), (100, [1.0])])
async def test_a_second_style_is_mixed_in(studio: Studio, mix: int | None, weights: list[float]) -> None:
    second = ("second.png", png(colour="red"))
    await studio.stylize(style2=second, mix=mix, style_scale=0.5)
    job = await studio.job()
    more = job.more_styles or ()
    assert [job.style_weight, *(one["weight"] for one in more)] == weights
    assert job.params["style_scale"] == 0.5
    assert job.style_name == {0: "Starry Night", 100: "second"}.get(
        -1 if mix is None else mix, "Starry Night + second"
    )


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"mix": 20}, "“mix” needs a second style"),
        ({"preset": None, "style2": ("a.png", png())}, "“style2” goes beside a first style"),
        ({"style2": ("a.png", b"text")}, "not a picture"),
        ({"mask": ("a.png", b"text")}, "not a picture"),
        ({"mask": ("a.png", png(colour="black"))}, "black all over"),
    ],
)
async def test_a_second_style_or_a_mask_that_makes_no_sense_is_refused(
    studio: Studio, options: dict[str, Any], expected: str
) -> None:
    assert expected in sentence(await studio.stylize(**options))
    assert await studio.count_jobs() == 0


async def test_without_a_style_the_current_one_is_taken(studio: Studio) -> None:
    blob = await studio.rooms.intake.blobs.put(png(colour="red"))
    async with studio.rooms.database.begin() as connection:
        await people.use_style(connection, studio.ada.id, CurrentStyle(name="red", blob=blob))
    await studio.stylize(preset=None)
    job = await studio.job()
    assert (job.style_name, job.style_blob) == ("red", blob)
    await studio.stylize()
    assert (await studio.job()).style_name == "Starry Night", "what is given counts more"
    assert "Give me a style" in sentence(await studio.stylize(studio.ben, preset=None))


async def test_a_spoiler_stays_a_spoiler(studio: Studio) -> None:
    await studio.stylize(content=("SPOILER_ending.png", png()))
    assert (await studio.job()).spoiler
    await studio.stylize(spoiler=True)
    assert (await studio.job()).spoiler
    await studio.stylize(studio.ben)
    assert not (await studio.job()).spoiler


async def test_what_is_asked_for_in_an_age_restricted_channel_is_marked_so(studio: Studio) -> None:
    await studio.stylize()
    assert not (await studio.job()).age_restricted
    channel = studio.env.bot.get_channel(studio.channel.id)
    assert isinstance(channel, discord.TextChannel)
    channel.nsfw = True  # SimCord knows no age-restricted channels; this is what Discord would have told
    await studio.stylize()
    assert (await studio.job()).age_restricted


async def test_the_file_dialogs_offer_pictures_only(studio: Studio) -> None:
    sent = [one.json for one in studio.env.http_requests if one.path.endswith("/commands")]
    commands = {command["name"]: command for command in sent[-1] or []}
    commands |= {option["name"]: option for option in commands["preset"]["options"]}
    for name, count in (("stylize", 4), ("blend", 6), ("save", 1)):
        attachments = [option for option in commands[name]["options"] if option["type"] == 11]
        assert len(attachments) == count
        assert all(option["file_types"] == ["image"] for option in attachments)
