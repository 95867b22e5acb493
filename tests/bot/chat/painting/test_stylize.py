"""`/stylize` through discord.py's real machinery."""

from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from bot.domain.jobs.model import State
from bot.domain.styles.builtin import BUILT_IN
from nst_core.params import QUALITIES, Params
from tests.support.card_buttons import press
from tests.support.chat import ChatHarness, card, sentence, words
from tests.support.picture_files import png
from tests.support.presets import keep
from tests.support.rows import set_columns


async def test_two_attachments_become_a_queued_job_with_a_card(chat: ChatHarness) -> None:
    result = await chat.stylize(style=("waves.png", png(colour="navy")), preset=None, strength=70)
    job = await chat.job()
    assert (job.state, job.look["strength"]) == (State.QUEUED, 70)
    first_answer = next(one for one in chat.env.http_requests if one.path.endswith("/callback"))
    assert first_answer.json == {"type": 5}
    assert not result.ephemeral
    assert card(result) == f"**your style** · for <@{chat.ada.id}>\nNext in line"


async def test_one_attachment_and_a_built_in_painting_are_enough(chat: ChatHarness) -> None:
    assert "Starry Night" in card(await chat.stylize())


async def test_the_second_in_the_queue_sees_who_is_ahead(chat: ChatHarness) -> None:
    await chat.stylize()
    assert "In line, 1 ahead" in card(await chat.stylize(chat.ben))


async def test_the_finished_picture_replaces_the_card_once(chat: ChatHarness) -> None:
    result = await chat.stylize()
    await chat.paint()
    assert await chat.card_updater.poll() == 1
    assert result.response is not None
    (attachment,) = result.response.attachments
    data = chat.env.backend.cdn.get(attachment.url)
    assert data is not None
    assert Image.open(BytesIO(data)).size == (64, 43)
    assert attachment.description == "A picture painted in the style of Starry Night"
    assert "painted in" in card(result)
    assert (await chat.job()).state is State.DELIVERED
    assert await chat.card_updater.poll() == 0
    assert len(chat.channel.history()) == 1


async def test_a_running_job_shows_its_preview_and_progress(chat: ChatHarness) -> None:
    result = await chat.stylize()
    await chat.paint_halfway()
    async with chat.services.database.begin() as connection:
        await set_columns(connection, 1, cost=4.0, params=Params(size=64, steps=2).as_dict())
    await chat.card_updater.poll()
    assert result.response is not None
    assert [one.filename for one in result.response.attachments] == ["preview-1.jpg"]
    assert "▰▰▰▰▰▰▰▰▱▱▱▱ 62%" in card(result), "what comes before the first step, and half of the rest"
    assert "scale" not in card(result)


async def test_a_running_card_is_edited_at_most_every_three_seconds(chat: ChatHarness) -> None:
    await chat.stylize()
    card_updater = chat.card_updater
    await chat.paint_halfway()
    assert await card_updater.poll() == 1
    await chat.paint_halfway()
    assert await card_updater.poll() == 0
    await chat.paint()
    assert await card_updater.poll() == 1, "an end is shown at once"


async def test_a_failed_job_says_so_with_a_reference(chat: ChatHarness) -> None:
    result = await chat.stylize()
    await chat.fail_job("The paint ran dry: try again.")
    await chat.card_updater.poll()
    job = await chat.job()
    assert "The paint ran dry: try again." in card(result)
    assert job.reference is not None
    assert job.reference in card(result)
    assert await chat.card_updater.poll() == 0


async def test_private_pictures_are_shown_to_their_owner_only(chat: ChatHarness) -> None:
    result = await chat.stylize(private=True)
    await chat.paint()
    await chat.card_updater.poll()
    assert result.ephemeral
    assert chat.channel.history(viewer=chat.ben) == []
    (seen,) = chat.channel.history(viewer=chat.ada)
    assert len(seen.attachments) == 1


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"preset": None}, "Give me a style"),
        ({"preset": "no such preset"}, "There is no preset called"),
        ({"content": ("notes.png", b"just some text")}, "picture"),
        ({"content": ("dot.png", png(1, 1))}, "small"),
        ({"style": ("style.png", b"\x89PNG\r\n\x1a\nbroken")}, "picture"),
    ],
)
async def test_bad_input_gets_one_sentence_and_no_job(
    chat: ChatHarness, options: dict[str, Any], expected: str
) -> None:
    result = await chat.stylize(**options)
    assert expected in sentence(result)
    assert "Traceback" not in sentence(result)
    assert await chat.count_jobs() == 0


async def test_a_user_cannot_fill_the_queue(chat: ChatHarness) -> None:
    for _ in range(2):
        await chat.stylize()
    assert "already have 2 pictures in the line" in sentence(await chat.stylize())
    assert "Next in line" not in card(await chat.stylize(chat.ben))


async def test_what_a_file_is_called_is_no_title(chat: ChatHarness) -> None:
    await chat.stylize(style=("IMG_2026.png", png()), preset=None)
    await chat.paint()
    await chat.card_updater.poll()
    (message,) = chat.channel.history()
    assert words(message).startswith("**your style** · for ")
    assert message.attachments[0].description == "A picture painted in the style of another picture"
    await press(chat, "stronger")
    again = chat.channel.history()[-1]
    assert words(again).startswith("**your style** · for "), "nor is it when it is painted again"


async def test_autocomplete_offers_own_presets_first_then_the_paintings(chat: ChatHarness) -> None:
    await chat.ada.slash(chat.channel, "preset save", name="zebra", style=("z.png", png()))
    choices = await chat.ada.autocomplete(chat.channel, "stylize", "preset", "")
    names = [choice["value"] for choice in choices]
    assert names[0] == "zebra"
    assert "The Great Wave" in names
    assert len(names) == 25, "as many as Discord shows"


async def typed(chat: ChatHarness, text: str) -> list[str]:
    choices = await chat.ada.autocomplete(chat.channel, "stylize", "preset", text)
    return [str(choice["value"]) for choice in choices]


async def test_among_many_presets_each_painting_is_found_by_typing(chat: ChatHarness) -> None:
    own = [f"look {number:02}" for number in range(30)]
    await keep(chat, *own)
    untyped = await typed(chat, "")
    assert untyped == [*own[:13], *(one.name for one in BUILT_IN[:12])], "some of both"
    for one in BUILT_IN:
        assert one.name in (await typed(chat, one.name[:12]))
    assert await typed(chat, "look 29") == ["look 29"]
    assert len(await typed(chat, "look")) == 25


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("rhone", "Starry Night over the Rhône"),
        ("cafe t", "Café Terrace at Night"),
        ("cezanne", "Mont Sainte-Victoire"),
        ("the k", "The Kiss"),
        ("fuji", "Red Fuji"),
    ],
)
async def test_what_begins_as_typed_comes_first_whatever_the_accents(
    chat: ChatHarness, text: str, first: str
) -> None:
    await keep(chat, "about the kitchen")
    assert (await typed(chat, text))[0] == first


async def test_a_painting_has_the_texture_that_suits_it_unless_one_is_chosen(chat: ChatHarness) -> None:
    await chat.stylize(preset="The Great Wave")
    job = await chat.job()
    assert (job.look["style_scale"], job.params["style_scale"]) == (2.0, 2.0)

    await chat.stylize(chat.ben, preset="The Scream")
    assert (await chat.job()).params["style_scale"] == 1.0


@pytest.mark.parametrize("preset", ["scream", "THE SCREEM", "Le Scream"])
async def test_a_preset_s_name_need_not_be_quite_right(chat: ChatHarness, preset: str) -> None:
    await chat.stylize(preset=preset)
    assert (await chat.job()).style_name == "The Scream"


async def test_what_may_mean_several_presets_is_asked_about(chat: ChatHarness) -> None:
    said = sentence(await chat.stylize(preset="composition"))
    assert "could be one of these: Composition VII · Composition VIII" in said
    assert await chat.count_jobs() == 0


async def test_beside_a_picture_a_preset_gives_its_settings_and_the_card_says_so(chat: ChatHarness) -> None:
    await chat.ada.slash(chat.channel, "preset save", name="quay", style=("s.png", png()), quality="high")
    shown = card(await chat.stylize(style=("waves.png", png(colour="navy")), preset="quay"))
    job = await chat.job()
    assert (job.style_name, job.look["quality"]) == ("waves", "high")
    assert "-# The style is your picture, with the settings of “quay”." in shown


async def test_beside_a_picture_a_painting_is_left_out_and_the_card_says_so(chat: ChatHarness) -> None:
    shown = card(await chat.stylize(style=("waves.png", png(colour="navy")), preset="The Great Wave"))
    job = await chat.job()
    assert (job.style_name, job.look["style_scale"]) == ("waves", None)
    assert "-# The style is your picture: “The Great Wave” was left out." in shown


async def test_it_asks_for_six_things_in_words_that_say_what_they_mean(chat: ChatHarness) -> None:
    sent = [one.json for one in chat.env.http_requests if one.path.endswith("/commands")]
    [command] = [one for one in sent[-1] or [] if one["name"] == "stylize"]
    assert [option["name"] for option in command["options"]] == [
        *("content", "style", "preset", "strength", "quality", "private"),
    ]
    [quality] = [option for option in command["options"] if option["name"] == "quality"]
    named = {choice["value"]: choice["name"] for choice in quality["choices"]}
    assert named["high"] == "High: cleaner lines, about twice as long"
    assert list(named) == list(QUALITIES)
