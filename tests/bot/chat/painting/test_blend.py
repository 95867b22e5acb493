"""`/blend`, and the second style of `/stylize`."""

from typing import Any

import discord
import pytest
from simcord import InteractionResult

from bot.domain.servers import users
from bot.domain.servers.users import CurrentStyle
from tests.support.chat import ChatHarness, card, sentence
from tests.support.picture_files import png


async def blend(chat: ChatHarness, **options: Any) -> InteractionResult:
    given = {"content": ("holiday.png", png()), "size": 64, **options}
    return await chat.ada.slash(chat.channel, "blend", **given)


async def test_up_to_four_styles_are_blended_by_their_weights(chat: ChatHarness) -> None:
    result = await blend(
        chat,
        style1=("waves.png", png(colour="navy")),
        preset2="Starry Night",
        style4=("sun.png", png(colour="orange")),
        weight1=90,
        weight4=10,
        spoiler=True,
        mask=("mask.png", png(colour="white")),
    )
    job = await chat.job()
    assert job.style_weight == 0.9
    assert job.more_styles is not None
    assert [(one["name"], one["weight"]) for one in job.more_styles] == [("Starry Night", 0.5), ("sun", 0.1)]
    assert job.spoiler
    assert job.mask_blob is not None
    assert "**your style + Starry Night**" in card(result)
    await chat.paint()


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
    chat: ChatHarness, options: dict[str, Any], expected: str
) -> None:
    assert expected in sentence(await blend(chat, **options))
    assert await chat.count_jobs() == 0


async def test_a_blend_of_paintings_takes_the_mean_of_their_textures(chat: ChatHarness) -> None:
    styles = {"preset1": "The Great Wave", "preset2": "The Scream"}
    await blend(chat, **styles, weight1=75, weight2=25)
    assert (await chat.job()).params["style_scale"] == 1.75
    await blend(chat, **styles, style_scale=0.5)
    assert (await chat.job()).params["style_scale"] == 0.5


async def test_every_place_of_a_blend_offers_presets(chat: ChatHarness) -> None:
    for option in ("preset1", "preset4"):
        choices = await chat.ada.autocomplete(chat.channel, "blend", option, "wave")
        assert [choice["value"] for choice in choices] == ["The Great Wave"]


@pytest.mark.parametrize(("mix", "weights"), [(None, [0.5, 0.5]), (20, [0.8, 0.2]), (0, [1.0]), (100, [1.0])])
async def test_a_second_style_is_mixed_in(chat: ChatHarness, mix: int | None, weights: list[float]) -> None:
    second = ("second.png", png(colour="red"))
    await chat.stylize(style2=second, mix=mix, style_scale=0.5)
    job = await chat.job()
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
    chat: ChatHarness, options: dict[str, Any], expected: str
) -> None:
    assert expected in sentence(await chat.stylize(**options))
    assert await chat.count_jobs() == 0


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
    await chat.stylize(spoiler=True)
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


async def test_the_file_dialogs_offer_pictures_only(chat: ChatHarness) -> None:
    sent = [one.json for one in chat.env.http_requests if one.path.endswith("/commands")]
    commands = {command["name"]: command for command in sent[-1] or []}
    commands |= {option["name"]: option for option in commands["preset"]["options"]}
    for name, count in (("stylize", 4), ("blend", 6), ("save", 1)):
        attachments = [option for option in commands[name]["options"] if option["type"] == 11]
        assert len(attachments) == count
        assert all(option["file_types"] == ["image"] for option in attachments)
