"""What writes before it answers is deferred while somebody else holds the database, and then answered."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import discord
import pytest
from simcord import InteractionResult, MemberActor

from bot.chat.client import EaselClient
from bot.domain.jobs.model import State
from bot.domain.servers import users
from tests.bot.chat.community.test_challenge import enter, open_vote, options_of, start, vote
from tests.support.card_buttons import forge
from tests.support.chat import ChatHarness, words
from tests.support.gallery import GalleryHarness, custom_id, gallery_harness, labels

THINKING, UPDATE = 5, 6
"""How a first answer is deferred: by "thinking …", or by nothing to be seen.

Source: Discord's documentation, "Interaction Callback Type".
"""
AT_ONCE_S: Final = 0.0
"""SimCord runs no timer while something waits for the world outside."""
LOOK_S: Final = 0.01
TIMEOUT_S: Final = 30.0
Act = Coroutine[Any, Any, InteractionResult]
Prepare = Callable[["Gallery"], Awaitable[Act]]


@dataclass(kw_only=True)
class Gallery(GalleryHarness):
    """With a moderator."""

    otto: MemberActor


@pytest.fixture
async def gallery(chat: ChatHarness) -> Gallery:
    """A bot that waits for no database, an art channel, a manager, a moderator, and nobody to be welcomed."""
    it = gallery_harness(chat)
    role = it.chat.env.guild.create_role("moderator", permissions=discord.Permissions(manage_messages=True))
    otto = it.chat.env.guild.add_member(it.chat.env.create_user("otto"), roles=[role])
    async with chat.services.database.begin() as connection:
        for one in (chat.ada, chat.ben, it.mia, otto):
            await users.claim_welcome(connection, one.id, now=1.0)
    chat.services = replace(chat.services, defer_after_s=AT_ONCE_S)
    await chat.env.restart_bot(EaselClient(chat.services, shard_count=1))
    await it.open()
    return Gallery(chat=chat, art=it.art, mia=it.mia, otto=otto)


def first_answers(gallery: Gallery) -> list[int]:
    """The kind of each first answer that the bot has given."""
    requests = gallery.chat.env.http_requests
    return [one.json["type"] for one in requests if one.json and "/callback" in one.path]


async def held_up(gallery: Gallery, act: Act) -> tuple[int, str]:
    """How the first answer came while somebody else was writing; and what the person read in the end."""
    before = len(first_answers(gallery))
    async with gallery.chat.services.database.begin(), asyncio.timeout(TIMEOUT_S):
        acting = asyncio.create_task(act)
        while len(first_answers(gallery)) == before:
            assert not acting.done(), "it has not waited for the database"
            await asyncio.sleep(LOOK_S)
    result = await acting
    answers = first_answers(gallery)
    assert len(answers) == before + 1
    return answers[before], read(result)


def read(result: InteractionResult) -> str:
    """All that the person was told, in new messages and in the one that was pressed."""
    shown = [one for one in (result.response, *result.followups) if one is not None]
    return "\n".join(filter(None, (one.content or words(one.message) for one in shown)))


# What writes ---------------------------------------------------------------------------------------------


async def the_vote(gallery: Gallery) -> Act:
    message = await open_vote(gallery)
    return vote(gallery.mia, message, options_of(message)[0])


async def an_entry(gallery: Gallery) -> Act:
    await gallery.deliver()
    (message,) = (await start(gallery)).followups
    await enter(gallery, gallery.chat.ada)
    offered = await gallery.chat.ada.click(message, label="Enter")
    assert offered.response is not None
    job = await gallery.chat.job()
    menu = custom_id(offered.response, "easel:entry:")
    return gallery.chat.ada.select(offered.response, [str(job.id)], custom_id=menu)


async def a_star(gallery: Gallery) -> Act:
    return gallery.chat.ben.click(await gallery.hang(), label="★ 0")


async def a_star_on_a_card(gallery: Gallery) -> Act:
    await gallery.set_up(art_hangs="starred", art_stars=3)
    await gallery.deliver()
    return gallery.chat.ben.click(gallery.chat.channel.history()[-1], label="★ 0")


async def a_takedown(gallery: Gallery) -> Act:
    asked = await gallery.chat.ada.click(await gallery.hang(), label="Take down")
    assert asked.response is not None
    return gallery.chat.ada.click(asked.response, label="Take down")


async def a_picture_to_be_hung(gallery: Gallery) -> Act:
    await gallery.set_up(art_hangs="asked")
    await gallery.deliver()
    return gallery.chat.ada.click(gallery.chat.channel.history()[-1], label="Hang it")


async def pictures_kept_out(gallery: Gallery) -> Act:
    asked = await gallery.chat.ada.slash(gallery.chat.channel, "mydata gallery", show=False)
    assert asked.response is not None
    return gallery.chat.ada.click(asked.response, custom_id="easel:hangmine:no")


async def pictures_let_in(gallery: Gallery) -> Act:
    await gallery.chat.ada.click(await _forged(gallery, "easel:hangmine:no"), custom_id="easel:hangmine:no")
    return gallery.chat.ada.click(
        await _forged(gallery, "easel:hangmine:yes"), custom_id="easel:hangmine:yes"
    )


async def mentions_off(gallery: Gallery) -> Act:
    return gallery.chat.ada.click(await _forged(gallery, "easel:mention:1"), custom_id="easel:mention:1")


async def _forged(gallery: Gallery, custom_id: str) -> discord.Message:
    """The newest message, with this button."""
    if not gallery.chat.channel.history():
        await gallery.deliver()
    forge(gallery.chat, custom_id)
    return gallery.chat.channel.history(viewer=gallery.chat.ada)[-1]


async def a_role_s_number(gallery: Gallery) -> Act:
    form = await gallery.mia.click(await _settings(gallery, "limits"), custom_id="easel:settings:rolequota")
    assert form.modal is not None
    roles, number = (one["component"]["custom_id"] for one in form.modal["components"])
    role = gallery.chat.ada.guild.create_role("painters")
    return gallery.mia.submit_modal(form, {roles: [role], number: "5"})


async def all_unset(gallery: Gallery) -> Act:
    asked = await gallery.mia.click(await _settings(gallery), custom_id="easel:settings:reset")
    assert asked.response is not None
    return gallery.mia.click(asked.response, custom_id="easel:settings:resetsure")


async def _settings(gallery: Gallery, group: str | None = None) -> discord.Message:
    result = await gallery.mia.slash(gallery.chat.channel, "settings")
    assert result.response is not None
    if group:
        await gallery.mia.click(result.response, custom_id=f"easel:settings:group:{group}")
    return gallery.chat.channel.history(viewer=gallery.mia)[-1]


def a_setting(name: str, value: str, *, group: str) -> Prepare:
    async def prepare(gallery: Gallery) -> Act:
        panel = await _settings(gallery, group)
        return gallery.mia.select(panel, [value], custom_id=f"easel:settings:{name}")

    return prepare


async def a_setting_s_channels(gallery: Gallery) -> Act:
    panel = await _settings(gallery)
    return gallery.mia.select(panel, [gallery.art], custom_id="easel:settings:allowed_channels")


def on_the_art_panel(choose: Callable[[Gallery, discord.Message], Act]) -> Prepare:
    async def prepare(gallery: Gallery) -> Act:
        panel = await gallery.mia.slash(gallery.chat.channel, "artchannel settings")
        assert panel.response is not None
        return choose(gallery, panel.response.message)

    return prepare


def a_command(who: str, name: str, **options: Any) -> Prepare:
    async def prepare(gallery: Gallery) -> Act:
        people = {"ada": gallery.chat.ada, "otto": gallery.otto}
        given = {key: gallery.chat.ben if value == "ben" else value for key, value in options.items()}
        return people[who].slash(gallery.chat.channel, name, **given)

    return prepare


async def an_unblocking(gallery: Gallery) -> Act:
    await gallery.otto.slash(gallery.chat.channel, "moderate block", member=gallery.chat.ben)
    return gallery.otto.slash(gallery.chat.channel, "moderate unblock", member=gallery.chat.ben)


WRITES: Final[Mapping[str, tuple[Prepare, int, str]]] = {
    "vote": (the_vote, THINKING, "Your vote is for picture 1."),
    "enter": (an_entry, UPDATE, "Entered: your picture in the style of Starry Night."),
    "star": (a_star, UPDATE, "You gave this picture a star"),
    "star on a card": (a_star_on_a_card, UPDATE, "You gave this picture a star"),
    "take down": (a_takedown, UPDATE, "Taken down"),
    "hang": (a_picture_to_be_hung, THINKING, "It will hang in"),
    "keep out": (pictures_kept_out, UPDATE, "stay out of art channels"),
    "let in": (pictures_let_in, THINKING, "From now on your public pictures hang"),
    "mention": (mentions_off, THINKING, "You will not be mentioned any more"),
    "mydata gallery": (a_command("ada", "mydata gallery", show=True), THINKING, "Your pictures may hang"),
    "mydata mentions": (a_command("ada", "mydata mentions", on=False), THINKING, "You will not be mentioned"),
    "block": (
        a_command("otto", "moderate block", member="ben"),
        THINKING,
        "can ask for no more pictures here",
    ),
    "unblock": (an_unblocking, THINKING, "can ask for pictures here again"),
    "spoilers": (
        a_command("otto", "moderate spoilers", policy="artist"),
        THINKING,
        "From now on in this server",
    ),
    "a setting": (a_setting("max_quality", "draft", group="limits"), UPDATE, "Settings of this server"),
    "a setting's channels": (a_setting_s_channels, UPDATE, "Settings of this server"),
    "a role's number": (a_role_s_number, UPDATE, "Pictures in 24 hours by role"),
    "unset all": (all_unset, UPDATE, "Settings of this server"),
    "art channel": (
        on_the_art_panel(
            lambda it, panel: it.mia.select(panel, [it.chat.channel], custom_id="easel:art:channel")
        ),
        UPDATE,
        "Pictures hang in",
    ),
    "what hangs": (
        on_the_art_panel(lambda it, panel: it.mia.select(panel, ["5"], custom_id="easel:art:hangs")),
        UPDATE,
        "Pictures hang in",
    ),
    "threads": (
        on_the_art_panel(lambda it, panel: it.mia.click(panel, custom_id="easel:art:threads")),
        UPDATE,
        "Pictures hang in",
    ),
    "style of the week": (
        on_the_art_panel(
            lambda it, panel: it.mia.select(panel, ["=The Scream"], custom_id="easel:art:style")
        ),
        UPDATE,
        "Style of the week: **The Scream**",
    ),
}


@pytest.mark.parametrize("name", WRITES)
async def test_what_writes_first_is_deferred_while_somebody_else_writes(gallery: Gallery, name: str) -> None:
    prepare, deferred, told = WRITES[name]
    kind, text = await held_up(gallery, await prepare(gallery))
    assert kind == deferred
    assert told in text


async def test_a_cancel_is_answered_while_somebody_else_writes(gallery: Gallery) -> None:
    await gallery.chat.stylize()
    act = gallery.chat.ada.click(gallery.chat.channel.history()[-1], label="Cancel")
    kind, _text = await held_up(gallery, act)
    assert kind == UPDATE
    assert (await gallery.chat.job()).state is State.CANCELLED


async def test_a_refusal_comes_after_the_deferral_to_the_person_alone(gallery: Gallery) -> None:
    act = gallery.otto.slash(gallery.chat.channel, "moderate unblock", member=gallery.chat.ben)
    assert await held_up(gallery, act) == (THINKING, "That person is not blocked in this server.")


async def test_a_refused_star_leaves_the_picture_as_it_was(gallery: Gallery) -> None:
    message = await gallery.hang()
    act = gallery.chat.ada.click(message, label="★ 0")
    kind, text = await held_up(gallery, act)
    assert kind == UPDATE
    assert "you cannot star a picture of your own" in text
    assert labels(message)[0] == "★ 0"


async def test_a_question_that_only_reads_waits_for_nobody(gallery: Gallery) -> None:
    await start(gallery)
    await enter(gallery, gallery.chat.ada)
    async with gallery.chat.services.database.begin():
        asked = await gallery.chat.ada.slash(gallery.chat.channel, "challenge remove")
    assert "Take picture 1 out of the challenge" in read(asked)
