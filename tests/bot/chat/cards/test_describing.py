"""An artist's own words for a picture, and a spoiler over it: on the card as it is, without a new upload."""

from typing import Any

import discord
import pytest
from simcord import Env, InteractionResult, MemberActor

from bot.chat.client import EaselClient
from tests.support.card_buttons import delivered_job, forge, press, private_text
from tests.support.chat import ChatHarness, card, sentence, words
from tests.support.gallery import GalleryHarness, gallery_harness

WORDS = "A harbour at dawn, three boats, everything in swirls"


async def form_of(chat: ChatHarness, who: MemberActor | None = None) -> InteractionResult:
    who = who or chat.ada
    chosen = await press(chat, "use", who, at=0)
    assert chosen.response is not None
    return await who.click(chosen.response, custom_id="easel:describe:1")


async def describe(chat: ChatHarness, **values: Any) -> str:
    """What Ada reads once she has sent the form."""
    return sentence(await chat.ada.submit_modal(await form_of(chat), {"words": WORDS, **values}))


def item_of(message: discord.Message) -> discord.MediaGalleryItem:
    """The picture as the card shows it."""
    [gallery] = [
        part
        for container in message.components
        for part in getattr(container, "children", ())
        if isinstance(part, discord.MediaGalleryComponent)
    ]
    [item] = gallery.items
    return item


def card_of(chat: ChatHarness) -> discord.Message:
    return chat.channel.history()[-1]


async def test_the_words_are_on_the_card_without_a_new_upload(chat: ChatHarness) -> None:
    await delivered_job(chat)
    [before] = card_of(chat).attachments
    texts = words(card_of(chat))
    assert item_of(card_of(chat)).description == "A picture painted in the style of Starry Night"
    assert await describe(chat) == "Saved, and changed on its card."
    assert item_of(card_of(chat)).description == WORDS
    assert not item_of(card_of(chat)).spoiler
    [after] = card_of(chat).attachments
    assert (after.id, after.url) == (before.id, before.url)
    assert words(card_of(chat)) == texts


async def test_a_picture_is_hidden_and_stays_so(chat: ChatHarness) -> None:
    await delivered_job(chat)
    await describe(chat, spoiler="hidden")
    assert item_of(card_of(chat)).spoiler
    assert (await chat.job()).spoiler
    again = await form_of(chat)
    assert again.modal is not None
    assert [one["component"]["custom_id"] for one in again.modal["components"]] == ["words"]
    await chat.ada.submit_modal(again, {"words": ""})
    assert item_of(card_of(chat)).spoiler
    assert item_of(card_of(chat)).description == "A picture painted in the style of Starry Night"


async def test_the_words_come_with_the_picture_wherever_it_is_shown(chat: ChatHarness) -> None:
    await delivered_job(chat)
    await describe(chat)
    queue = await chat.ada.slash(chat.channel, "queue")
    assert queue.response is not None
    shown = await chat.ada.select(queue.response, ["1"], custom_id="easel:result")
    assert shown.response is not None
    assert WORDS in str(shown.response.components)


async def test_the_art_channel_follows(chat: ChatHarness) -> None:
    gallery: GalleryHarness = gallery_harness(chat)
    await gallery.open()
    await gallery.hang()
    await describe(chat, spoiler="hidden")
    await gallery.gallery_updater(later_s=10).poll()
    [hangs] = gallery.art.history()
    assert (item_of(hangs).description, item_of(hangs).spoiler) == (WORDS, True)


async def test_nobody_else_is_offered_it_nor_may_do_it(chat: ChatHarness) -> None:
    await delivered_job(chat)
    chosen = await press(chat, "use", chat.ben)
    assert "describe" not in str(chosen.response and chosen.response.components)
    forge(chat, "easel:describe:1")
    told = private_text(await press(chat, "describe", chat.ben))
    assert told == "Only the person who asked for this picture can describe or hide it."


async def test_the_button_works_after_a_restart(chat: ChatHarness, env: Env) -> None:
    await delivered_job(chat)
    chosen = await press(chat, "use")
    assert chosen.response is not None
    await env.restart_bot(EaselClient(chat.services, shard_count=1))
    form = await chat.ada.click(chosen.response, custom_id="easel:describe:1")
    await chat.ada.submit_modal(form, {"words": WORDS})
    assert item_of(card_of(chat)).description == WORDS


@pytest.mark.parametrize("private", [False, True])
async def test_a_card_out_of_reach_is_admitted_and_the_words_are_kept(
    chat: ChatHarness, *, private: bool
) -> None:
    await delivered_job(chat, private=private)
    form = await form_of(chat)
    path = "/webhooks/*/messages/*" if private else "/channels/*/messages/*"
    chat.env.inject_error("GET", path, status=404, code=10008, times=1)
    told = sentence(await chat.ada.submit_modal(form, {"words": WORDS}))
    assert "could not be changed any more" in told
    assert (await chat.job()).alt_text == WORDS


async def test_a_private_card_is_changed_by_its_token(chat: ChatHarness) -> None:
    result = await chat.stylize(private=True)
    await chat.paint()
    await chat.card_updater.poll()
    assert await describe(chat) == "Saved, and changed on its card."
    assert result.response is not None
    assert WORDS in str(result.response.components)
    assert "Starry Night" in card(result)
