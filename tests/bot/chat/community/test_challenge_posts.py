"""Challenges that close by themselves on Discord: reminders, the vote, the results, the menu that goes."""

from dataclasses import replace
from typing import Any

import discord
from simcord import Env

from bot.chat.community.challenge_posts import ChallengeTeller
from bot.domain.challenges import challenges
from bot.domain.challenges.challenges import Challenge
from bot.domain.servers import server_settings
from tests.bot.chat.community.test_challenge import (
    enter,
    give,
    open_vote,
    options_of,
    public,
    start,
    vote,
)
from tests.support.chat import sentence
from tests.support.gallery import GalleryHarness, custom_id, labels, shown

HOUR_S, DAY_S = 3600, 86400


async def teller_at(gallery: GalleryHarness, later_s: float) -> int:
    """Lets what is due then be done."""
    now = gallery.chat.services.clock
    services = replace(gallery.chat.services, clock=lambda: now() + later_s)
    return await ChallengeTeller(client=gallery.chat.env.bot, services=services).poll()


async def challenge(gallery: GalleryHarness) -> Challenge:
    async with gallery.chat.services.database.read() as connection:
        found = await challenges.get(connection, 1)
    assert found is not None
    return found


def newest(gallery: GalleryHarness) -> discord.Message:
    message = gallery.chat.channel.last_message
    assert message is not None
    return message


async def test_a_challenge_runs_from_start_to_results_by_itself(gallery: GalleryHarness) -> None:
    await start(gallery, entries=DAY_S, voting=6 * HOUR_S)
    for who in (gallery.chat.ada, gallery.chat.ben):
        await enter(gallery, who)
    assert await teller_at(gallery, 17 * HOUR_S) == 0
    assert await teller_at(gallery, 19 * HOUR_S) == 1
    assert "**Autumn**: pictures can be entered until <t:" in shown(newest(gallery))
    assert "2 pictures are entered so far." in shown(newest(gallery))
    assert labels(newest(gallery)) == ["Enter"]
    assert await teller_at(gallery, 20 * HOUR_S) == 0, "once"
    await teller_at(gallery, DAY_S + 60)
    the_vote = newest(gallery)
    assert "Vote: Autumn" in shown(the_vote)
    assert "You can vote until <t:" in shown(the_vote)
    value = "1." + options_values(the_vote)[0].partition(".")[2]
    await gallery.mia.select(the_vote, [value], custom_id=custom_id(the_vote, "easel:vote:"))
    await teller_at(gallery, DAY_S + 5 * HOUR_S)
    assert "you can vote until" in shown(newest(gallery))
    assert the_vote.jump_url in shown(newest(gallery))
    await teller_at(gallery, DAY_S + 7 * HOUR_S)
    results = newest(gallery)
    assert "Results: Autumn" in shown(results)
    assert len(results.attachments) == 1, "the winner"
    await teller_at(gallery, DAY_S + 8 * HOUR_S)
    over = await refetched(gallery, the_vote)
    assert "This vote is over." in shown(over)
    assert "easel:vote:" not in str([part.to_dict() for part in over.components])
    assert len(over.attachments) == 2
    assert await teller_at(gallery, 100 * DAY_S) == 0, "nothing is left to do"


def options_values(message: discord.Message) -> list[str]:
    rows: list[dict[str, Any]] = [dict(part.to_dict()) for part in message.components]
    found = [one for part in rows for row in part["components"] for one in row.get("components", [])]
    return [option["value"] for one in found for option in one.get("options", [])]


async def refetched(gallery: GalleryHarness, message: discord.Message) -> discord.Message:
    channel = gallery.chat.env.bot.get_partial_messageable(gallery.chat.channel.id)
    return await channel.fetch_message(message.id)


async def test_with_one_picture_there_is_no_vote_and_no_rank(gallery: GalleryHarness) -> None:
    await start(gallery, entries=HOUR_S)
    await enter(gallery, gallery.chat.ada)
    await teller_at(gallery, HOUR_S + 1)
    text = shown(newest(gallery))
    assert "Nobody voted, so nobody has won." in text
    assert "**1.**" not in text
    assert len(newest(gallery).attachments) == 1


async def test_the_menu_goes_after_an_end_by_hand_too(gallery: GalleryHarness) -> None:
    message = await open_vote(gallery)
    value = options_of(message)[0]
    await public(await give(gallery, gallery.mia, "end"))
    assert "This vote is over" in sentence(await vote(gallery.mia, message, value))
    assert await teller_at(gallery, 0) == 1
    assert "This vote is over." in shown(message.message)
    assert "easel:vote:" not in str(message.components)
    assert len(message.message.attachments) == 2


async def test_a_vote_whose_message_was_deleted_stops_nothing(gallery: GalleryHarness) -> None:
    message = await open_vote(gallery)
    await message.message.delete()
    await give(gallery, gallery.mia, "end")
    assert await teller_at(gallery, 0) == 1
    assert await teller_at(gallery, DAY_S) == 0


async def test_a_vote_that_could_not_be_posted_is_posted_later(gallery: GalleryHarness, env: Env) -> None:
    await start(gallery)
    for who in (gallery.chat.ada, gallery.chat.ben):
        await enter(gallery, who)
    env.inject_error("POST", "/webhooks/*", status=400, code=0)
    assert (await give(gallery, gallery.mia, "vote")).followups == []
    assert await teller_at(gallery, 200) == 1
    assert "Vote: Autumn" in shown(newest(gallery))
    assert (await challenge(gallery)).message_id == newest(gallery).id


async def test_a_closed_channel_does_not_keep_a_challenge_open(gallery: GalleryHarness, env: Env) -> None:
    await start(gallery, entries=HOUR_S, voting=HOUR_S)
    for who in (gallery.chat.ada, gallery.chat.ben):
        await enter(gallery, who)
    env.inject_error("POST", "/channels/*", status=403, code=50013, times=9)
    await teller_at(gallery, HOUR_S + 1)
    await teller_at(gallery, 2 * HOUR_S + 2)
    await teller_at(gallery, 2 * HOUR_S + 3)
    assert (await challenge(gallery)).state == "ended"
    assert await teller_at(gallery, 99 * DAY_S) == 0


async def test_it_speaks_the_servers_language(gallery: GalleryHarness) -> None:
    await start(gallery, entries=HOUR_S)
    async with gallery.chat.services.database.begin() as connection:
        await server_settings.change(connection, gallery.chat.env.guild.id, language="de")
    await teller_at(gallery, HOUR_S + 1)
    assert "Niemand hat ein Bild eingereicht" in shown(newest(gallery))


async def test_an_announcement_that_was_lost_is_made_again(gallery: GalleryHarness, env: Env) -> None:
    env.inject_error("POST", "/webhooks/*", status=400, code=0)
    await start(gallery, style="The Scream")
    assert await teller_at(gallery, 200) == 1
    assert "Challenge: Autumn" in shown(newest(gallery))
    assert labels(newest(gallery)) == ["Enter"]
