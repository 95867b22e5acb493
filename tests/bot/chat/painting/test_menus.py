"""The menus of messages and people."""

from typing import Any

import discord
import pytest
from simcord import InteractionResult

from bot.chat.painting.message_pictures import pictures_in
from bot.domain.servers import users
from bot.domain.servers.users import CurrentStyle
from bot.domain.styles.builtin import BUILT_IN
from bot.domain.styles.style import PictureSource
from tests.support.cdn import Cdn
from tests.support.chat import ChatHarness, card, sentence
from tests.support.picture_files import png
from tests.support.presets import keep

PROXY = "https://images-ext-1.discordapp.net/external/abc/https/example.org/cat.png"


@pytest.fixture
def source() -> Cdn:
    return Cdn()


def labels(result: InteractionResult) -> list[str]:
    """The components of the form that answered an interaction."""
    assert result.modal is not None
    return [one["component"]["custom_id"] for one in result.modal["components"]]


async def blob_of(chat: ChatHarness, url: str) -> str:
    """The blob that comes of an attachment."""
    async with chat.services.picture_store.incoming(chat.ada.id) as incoming:
        return (await incoming.take(PictureSource(url=url))).blob


async def stylize_this(chat: ChatHarness, message: discord.Message, **values: Any) -> InteractionResult:
    shown = await chat.ada.context_menu(chat.channel, "Stylize this", message)
    assert shown.modal is not None
    return await chat.ada.submit_modal(shown, {"style": ["named:Starry Night"], **values})


async def test_an_attachment_is_painted_through_a_form(chat: ChatHarness) -> None:
    message = await chat.ben.send(chat.channel, "look", attachments=[("cat.png", png())])
    shown = await chat.ada.context_menu(chat.channel, "Stylize this", message)
    assert labels(shown) == ["style", "upload", "strength", "quality"]
    result = await chat.ada.submit_modal(
        shown, {"style": [f"named:{BUILT_IN[1].name}"], "strength": ["70"], "quality": "draft"}
    )
    job = await chat.job()
    assert (job.user_id, job.style_name) == (chat.ada.id, "Starry Night over the Rhône")
    assert (job.look["strength"], job.look["quality"]) == (70, "draft")
    assert "Next in line" in card(result)
    assert not result.ephemeral
    await chat.paint()
    await chat.card_updater.poll()
    assert "painted in" in card(result)


async def test_of_several_pictures_one_is_chosen(chat: ChatHarness) -> None:
    pictures = [("first.png", png()), ("notes.txt", b"text"), ("SPOILER_second.png", png(colour="red"))]
    message = await chat.ben.send(chat.channel, attachments=pictures)
    await stylize_this(chat, message, picture=["1"])
    job = await chat.job()
    assert job.content_blob == await blob_of(chat, message.attachments[2].url)
    assert job.spoiler, "what was hidden stays hidden"


async def test_a_style_picture_of_one_s_own_counts_more_than_the_list(chat: ChatHarness) -> None:
    message = await chat.ben.send(chat.channel, attachments=[("cat.png", png())])
    await stylize_this(chat, message, upload=("own.png", png(colour="red")))
    assert (await chat.job()).style_name == "own"


async def test_the_form_offers_the_current_style_presets_and_paintings(chat: ChatHarness) -> None:
    blob = await chat.services.picture_store.blobs.put(png(colour="red"))
    async with chat.services.database.begin() as connection:
        await users.use_style(connection, chat.ada.id, CurrentStyle(name="red", blob=blob))
    await keep(chat, "zebra")
    message = await chat.ben.send(chat.channel, attachments=[("cat.png", png())])
    shown = await chat.ada.context_menu(chat.channel, "Stylize this", message)
    offered = options(shown)["style"]
    assert offered[:3] == ["Your current style: red", "zebra", "Starry Night"]
    assert len(offered) == 25, "as many as Discord shows"
    await chat.ada.submit_modal(shown, {"style": ["current"]})
    assert (await chat.job()).style_blob == blob
    shown = await chat.ada.context_menu(chat.channel, "Stylize this", message)
    await chat.ada.submit_modal(shown, {"style": ["named:zebra"]})
    assert (await chat.job()).style_name == "zebra"


def options(shown: InteractionResult) -> dict[str, list[str]]:
    """The labels of each list in the form."""
    assert shown.modal is not None
    fields = [one["component"] for one in shown.modal["components"]]
    return {one["custom_id"]: [it["label"] for it in one["options"]] for one in fields if "options" in one}


async def test_the_form_says_what_its_choices_mean(chat: ChatHarness) -> None:
    message = await chat.ben.send(chat.channel, attachments=[("cat.png", png())])
    lists = options(await chat.ada.context_menu(chat.channel, "Stylize this", message))
    assert lists["style"] == [one.name for one in BUILT_IN]
    assert lists["quality"][0] == "As the style has it"
    assert "High: cleaner lines, about twice as long" in lists["quality"]
    assert lists["strength"][0] == "As the style has it"


async def test_with_presets_and_several_pictures_the_form_has_its_five_fields(chat: ChatHarness) -> None:
    await keep(chat, "zebra")
    message = await chat.ben.send(chat.channel, attachments=[("a.png", png()), ("b.png", png())])
    shown = await chat.ada.context_menu(chat.channel, "Stylize this", message)
    assert labels(shown) == ["picture", "style", "upload", "strength", "quality"]


async def test_a_preset_keeps_its_settings_unless_others_are_chosen(chat: ChatHarness) -> None:
    await chat.ada.slash(
        chat.channel, "preset save", name="zebra", style=("z.png", png()), strength=35, quality="high"
    )
    message = await chat.ben.send(chat.channel, attachments=[("cat.png", png())])
    await stylize_this(chat, message, style=["named:zebra"], strength=["as"], quality="as")
    job = await chat.job()
    assert (job.look["strength"], job.look["quality"]) == (35, "high")
    await stylize_this(chat, message, style=["named:zebra"], strength=["70"], quality="draft")
    job = await chat.job()
    assert (job.look["strength"], job.look["quality"]) == (70, "draft")


async def test_a_painting_from_the_form_has_the_texture_that_suits_it(chat: ChatHarness) -> None:
    message = await chat.ben.send(chat.channel, attachments=[("cat.png", png())])
    await stylize_this(chat, message)
    assert (await chat.job()).look["style_scale"] == BUILT_IN[0].settings["style_scale"]


async def test_a_full_queue_refuses_after_the_form_too(chat: ChatHarness) -> None:
    message = await chat.ben.send(chat.channel, attachments=[("cat.png", png())])
    for _ in range(2):
        await chat.stylize()
    refused = await stylize_this(chat, message, upload=("own.png", png(colour="red")), strength=["70"])
    assert "already have 2 pictures" in sentence(refused)
    await chat.paint()
    again = await chat.ada.click(refused.followups[-1].message, label="Open the form again")
    await chat.ada.submit_modal(again, {"style": ["named:The Scream"], "strength": ["70"]})
    assert (await chat.job()).style_name == "own", "what was uploaded is not lost"


@pytest.mark.parametrize("menu", ["Stylize this", "Use as style", "How was this made?"])
async def test_a_message_without_a_picture_is_refused_privately(chat: ChatHarness, menu: str) -> None:
    message = await chat.ben.send(chat.channel, "words", attachments=[("notes.txt", b"text")])
    result = await chat.ada.context_menu(chat.channel, menu, message)
    assert "no picture in that message" in sentence(result)
    assert result.ephemeral


async def test_an_embed_s_picture_is_taken_from_discord_s_own_copy(chat: ChatHarness, source: Cdn) -> None:
    source.files[PROXY] = png(colour="red")
    webhook = chat.env.guild.create_webhook(chat.channel)
    embed = discord.Embed.from_dict(
        {"image": {"url": "https://example.org/cat.png", "proxy_url": PROXY}, "thumbnail": {"url": "x"}}
    )
    message = await webhook.send(embed=embed)
    assert [one.picture.url for one in pictures_in(message)] == [PROXY]
    await stylize_this(chat, message)
    assert (await chat.job()).content_blob == await blob_of(chat, PROXY)


async def test_an_embed_s_picture_without_a_copy_on_discord_is_none(chat: ChatHarness) -> None:
    webhook = chat.env.guild.create_webhook(chat.channel)
    embed = discord.Embed.from_dict({"image": {"url": "https://example.org/cat.png"}})
    message = await webhook.send(embed=embed)
    assert pictures_in(message) == []


async def test_a_result_on_a_card_is_painted_again(chat: ChatHarness) -> None:
    result = await chat.stylize()
    await chat.paint()
    await chat.card_updater.poll()
    assert result.response is not None
    (found,) = pictures_in(result.response.message)
    assert found.picture.name == "easel-1.png"
    await stylize_this(chat, result.response.message)
    assert (await chat.job()).id == 2


async def test_a_picture_becomes_the_current_style(chat: ChatHarness) -> None:
    pictures = [("waves.png", png(colour="navy")), ("other.png", png())]
    message = await chat.ben.send(chat.channel, attachments=pictures)
    result = await chat.ada.context_menu(chat.channel, "Use as style", message)
    assert result.ephemeral
    assert "Your current style is now **waves**" in card(result)
    assert "this is the first" in card(result)
    assert result.response is not None
    (shown,) = result.response.attachments
    assert shown.description == "Your current style"
    await chat.stylize(preset=None)
    assert (await chat.job()).style_name == "waves"


async def test_what_is_no_picture_does_not_become_a_style(chat: ChatHarness) -> None:
    message = await chat.ben.send(chat.channel, attachments=[("fake.png", b"text")])
    result = await chat.ada.context_menu(chat.channel, "Use as style", message)
    assert "not a picture" in sentence(result)
    async with chat.services.database.read() as connection:
        assert await users.current_style(connection, chat.ada.id) is None


async def test_an_avatar_is_painted(chat: ChatHarness, source: Cdn) -> None:
    source.files["https://cdn.discordapp.com/embed/avatars/"] = png(colour="red")
    shown = await chat.ada.context_menu(chat.channel, "Stylize avatar", chat.ben)
    result = await chat.ada.submit_modal(shown, {"style": ["named:Starry Night"]})
    assert "Next in line" in card(result)


async def test_an_avatar_that_is_gone_is_a_sentence(chat: ChatHarness) -> None:
    shown = await chat.ada.context_menu(chat.channel, "Stylize avatar", chat.ben)
    result = await chat.ada.submit_modal(shown, {"style": ["named:Starry Night"]})
    assert "expired" in sentence(result)
    assert await chat.count_jobs() == 0
