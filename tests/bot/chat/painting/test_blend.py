"""`/blend` and its form, and what becomes of the pictures that are asked for."""

from typing import Any

import discord
import pytest
from simcord import InteractionResult

from bot.domain.servers import users
from bot.domain.servers.users import CurrentStyle
from bot.domain.styles.builtin import BUILT_IN
from tests.support.card_buttons import private_text
from tests.support.chat import ChatHarness, card, sentence
from tests.support.picture_files import png
from tests.support.presets import keep


async def opened(chat: ChatHarness, **options: Any) -> InteractionResult:
    return await chat.ada.slash(chat.channel, "blend", content=("holiday.png", png()), **options)


async def blend(chat: ChatHarness, **values: Any) -> InteractionResult:
    return await chat.ada.submit_modal(await opened(chat), values)


async def test_up_to_four_styles_are_blended_by_their_weights(chat: ChatHarness) -> None:
    form = await chat.ada.slash(chat.channel, "blend", content=("SPOILER_x.png", png()), private=True)
    values = {
        "upload": [("waves.png", png(colour="navy")), ("sun.png", png(colour="orange"))],
        "styles": ["named:Starry Night"],
        "weights": "2, 1.5; 50%",
        "strength": ["70"],
        "quality": "high",
    }
    result = await chat.ada.submit_modal(form, values)
    job = await chat.job()
    assert job.style_weight == 2
    assert job.more_styles is not None
    assert [(one["name"], one["weight"]) for one in job.more_styles] == [("sun", 1.5), ("Starry Night", 50)]
    assert (job.look["strength"], job.look["quality"]) == (70, "high")
    assert (job.spoiler, job.private, result.ephemeral) == (True, True, True)
    assert "**your style + Starry Night**" in card(result)
    await chat.paint()


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, "takes two to four styles"),
        ({"upload": ("a.png", png())}, "takes two to four styles"),
        ({"upload": [(f"{n}.png", png()) for n in range(4)], "styles": ["named:Irises"]}, "two to four"),
        ({"styles": ["named:Irises", "named:The Kiss"], "weights": "1 2 3"}, "each of the 2 styles"),
        ({"styles": ["named:Irises", "named:The Kiss"], "weights": "1 much"}, "each of the 2 styles"),
        ({"styles": ["named:Irises", "named:The Kiss"], "weights": "1 nan"}, "each of the 2 styles"),
        ({"styles": ["named:Irises", "named:The Kiss"], "weights": "0 1"}, "each of the 2 styles"),
        ({"styles": ["named:Irises"], "upload": ("text.png", b"text")}, "not a picture"),
    ],
)
async def test_a_blend_that_makes_no_sense_is_refused(
    chat: ChatHarness, values: dict[str, Any], expected: str
) -> None:
    result = await blend(chat, **values)
    assert expected in private_text(result)
    assert await chat.count_jobs() == 0


async def test_what_was_entered_is_still_there_after_a_refusal(chat: ChatHarness) -> None:
    styles = ["named:Irises", "named:The Kiss"]
    entered = {"upload": ("sun.png", png(colour="orange")), "styles": styles, "weights": "3 1"}
    refused = await blend(chat, **entered, quality="draft")
    again = await chat.ada.click(refused.followups[-1].message, label="Open the form again")
    assert again.modal is not None
    fields = {one["component"]["custom_id"]: one for one in again.modal["components"]}
    assert fields["upload"]["description"] == "Kept: sun.png"
    assert chosen(fields["styles"]) == styles
    assert chosen(fields["quality"]) == ["draft"]
    assert fields["weights"]["component"]["value"] == "3 1"
    await chat.ada.submit_modal(again, {"styles": styles, "weights": "3 1 1", "quality": "draft"})
    job = await chat.job()
    assert job.style_name == "sun + Irises + The Kiss", "the picture need not be uploaded again"
    assert (job.style_weight, job.look["quality"]) == (3, "draft")


def chosen(field: dict[str, Any]) -> list[str]:
    return [option["value"] for option in field["component"]["options"] if option.get("default")]


async def test_a_blend_of_paintings_takes_the_mean_of_their_textures(chat: ChatHarness) -> None:
    await blend(chat, styles=["named:The Great Wave", "named:The Scream"], weights="75 25")
    assert (await chat.job()).params["style_scale"] == 1.75
    await blend(chat, styles=["named:The Great Wave", "named:The Scream"])
    assert (await chat.job()).params["style_scale"] == 1.5


async def test_the_form_offers_presets_the_current_style_and_paintings(chat: ChatHarness) -> None:
    await keep(chat, *(f"look {number:02}" for number in range(30)))
    form = await opened(chat)
    assert form.modal is not None
    [styles] = [
        one["component"] for one in form.modal["components"] if one["component"]["custom_id"] == "styles"
    ]
    labels = [option["label"] for option in styles["options"]]
    assert len(labels) == 25
    assert labels[:2] == ["look 00", "look 01"]
    assert labels[-1] == BUILT_IN[11].name, "presets leave room for paintings"
    assert styles["max_values"] == 4


async def test_without_a_style_the_current_one_is_taken(chat: ChatHarness) -> None:
    blob = await chat.services.picture_store.blobs.put(png(colour="red"))
    async with chat.services.database.begin() as connection:
        await users.use_style(connection, chat.ada.id, CurrentStyle(name="red", blob=blob))
    await chat.stylize(preset=None)
    job = await chat.job()
    assert (job.style_name, job.style_blob) == ("red", blob)
    await chat.stylize()
    assert (await chat.job()).style_name == "Starry Night", "what is given counts more"
    assert "Give me a style" in sentence(await chat.stylize(chat.ben, preset=None))


async def test_a_spoiler_stays_a_spoiler(chat: ChatHarness) -> None:
    await chat.stylize(content=("SPOILER_ending.png", png()))
    assert (await chat.job()).spoiler
    await chat.stylize(chat.ben)
    assert not (await chat.job()).spoiler


async def test_what_is_asked_for_in_an_age_restricted_channel_is_marked_so(chat: ChatHarness) -> None:
    await chat.stylize()
    assert not (await chat.job()).age_restricted
    channel = chat.env.bot.get_channel(chat.channel.id)
    assert isinstance(channel, discord.TextChannel)
    channel.nsfw = True  # SimCord knows no age-restricted channels; this is what Discord would have told
    await chat.stylize()
    assert (await chat.job()).age_restricted


async def test_the_file_dialogs_offer_pictures_only_and_films_for_the_content(chat: ChatHarness) -> None:
    sent = [one.json for one in chat.env.http_requests if one.path.endswith("/commands")]
    commands = {command["name"]: command for command in sent[-1] or []}
    commands |= {option["name"]: option for option in commands["preset"]["options"]}
    for name, count in (("stylize", 2), ("blend", 1), ("save", 1)):
        attachments = [option for option in commands[name]["options"] if option["type"] == 11]
        assert len(attachments) == count
        films = {"content": [".mp4", ".webm", ".mov"]}
        assert all(one["file_types"] == ["image", *films.get(one["name"], [])] for one in attachments)
    form = await opened(chat)
    assert form.modal is not None
    uploads = [one["component"] for one in form.modal["components"] if one["component"]["type"] == 19]
    assert [one["file_types"] for one in uploads] == [["image"]]
