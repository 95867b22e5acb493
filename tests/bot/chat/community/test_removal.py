"""`/challenge remove` through discord.py's real machinery."""

import discord
from simcord import Env, MemberActor
from sqlalchemy import update

from bot.chat.community.removal import RemoveEntryButton
from bot.chat.ui.components import layout
from bot.tables.pictures import jobs
from tests.bot.chat.community.test_challenge import enter, give, open_vote, options_of, public, start, vote
from tests.support.chat import sentence
from tests.support.gallery import GalleryHarness, shown, sure


async def take_out(gallery: GalleryHarness, who: MemberActor, **options: str) -> str:
    """What the bot says to somebody who takes a picture out of the challenge, and means it."""
    return await sure(who, await give(gallery, who, "remove", **options), "Take it out")


async def offered(gallery: GalleryHarness, who: MemberActor) -> list[dict[str, str]]:
    return await who.autocomplete(gallery.chat.channel, "challenge remove", "picture", "")


async def test_an_entrant_withdraws_their_own_and_may_enter_again(gallery: GalleryHarness) -> None:
    await start(gallery)
    await enter(gallery, gallery.chat.ada)
    said = await take_out(gallery, gallery.chat.ada)
    assert said == "Removed from the challenge, with the votes for it."
    assert "You have no picture in this challenge" in await take_out(gallery, gallery.chat.ada)
    assert "Entered" in sentence(await give(gallery, gallery.chat.ada, "enter"))


async def test_a_moderator_chooses_from_pictures_without_names(
    gallery: GalleryHarness, otto: MemberActor
) -> None:
    await start(gallery)
    for who in (gallery.chat.ada, gallery.chat.ben):
        await enter(gallery, who)
    (mine,) = await offered(gallery, gallery.chat.ada)
    assert mine["name"].endswith("Starry Night · yours")
    choices = await offered(gallery, otto)
    assert [one["name"] for one in choices] == ["Picture 1 · Starry Night", "Picture 2 · Starry Night"]
    assert (
        await offered(gallery, gallery.chat.env.guild.add_member(gallery.chat.env.create_user("zoe"))) == []
    )
    assert "Removed" in await take_out(gallery, otto, picture=mine["value"])
    assert "A moderator has taken your picture out" in sentence(
        await give(gallery, gallery.chat.ada, "enter")
    )
    assert len(await offered(gallery, otto)) == 1


async def test_a_question_that_is_not_answered_removes_nothing(gallery: GalleryHarness) -> None:
    await start(gallery)
    await enter(gallery, gallery.chat.ada)
    asked = await give(gallery, gallery.chat.ada, "remove")
    assert asked.ephemeral
    assert len(await offered(gallery, gallery.chat.ada)) == 1
    assert asked.response is not None
    (entry,) = await offered(gallery, gallery.chat.ada)
    view = layout(discord.ui.ActionRow(RemoveEntryButton(1, entry["value"])))
    forged = await gallery.chat.env.bot.get_partial_messageable(gallery.chat.channel.id).send(view=view)
    refused = await gallery.chat.ben.click(forged, label="Take it out")
    assert "Only moderators and whoever entered this picture" in sentence(refused)


async def test_nobody_removes_another_s(gallery: GalleryHarness) -> None:
    assert "No challenge is running" in await take_out(gallery, gallery.chat.ada)
    assert await offered(gallery, gallery.chat.ada) == []
    await start(gallery)
    await enter(gallery, gallery.chat.ada)
    (mine,) = await offered(gallery, gallery.chat.ada)
    refused = await give(gallery, gallery.chat.ben, "remove", picture=mine["value"])
    assert "Only moderators and whoever entered this picture" in sentence(refused)
    assert refused.ephemeral
    assert "no such picture" in await take_out(gallery, gallery.mia, picture="9")


async def test_a_picture_leaves_the_vote_s_message_and_its_select(
    gallery: GalleryHarness, otto: MemberActor
) -> None:
    message = await open_vote(gallery)
    first, second = options_of(message)
    await vote(gallery.mia, message, first)
    assert "Removed" in await take_out(gallery, otto, picture="1")
    (left,) = message.message.attachments
    assert left.filename == "picture-2.jpg"
    assert "Vote: Autumn" in shown(message.message)
    assert options_of(message) == [second]
    assert "Your vote is for picture 2" in sentence(await vote(gallery.mia, message, second))
    assert "Removed" in await take_out(gallery, otto, picture="2")
    assert message.message.attachments == []
    results = await public(await give(gallery, gallery.mia, "end"))
    assert "Nobody entered a picture." in shown(results.message)


async def test_one_of_many_leaves_the_message_that_shows_it(
    gallery: GalleryHarness, otto: MemberActor
) -> None:
    await start(gallery)
    guild = gallery.chat.env.guild
    for number in range(11):
        await enter(gallery, guild.add_member(gallery.chat.env.create_user(f"painter{number}")))
    first, second = (await give(gallery, gallery.mia, "vote")).followups
    await take_out(gallery, otto, picture="3")
    assert "picture-3.jpg" not in [one.filename for one in first.message.attachments]
    assert len(first.message.attachments) == 9
    assert [one.filename for one in second.message.attachments] == ["picture-11.jpg"]
    assert len(options_of(second)) == 10


async def test_a_spoiler_leaves_and_another_stays_one(gallery: GalleryHarness, otto: MemberActor) -> None:
    await start(gallery)
    for who in (gallery.chat.ada, gallery.chat.ben):
        await enter(gallery, who)
    async with gallery.chat.services.database.begin() as connection:
        await connection.execute(update(jobs).values(spoiler=True))
    message = await public(await give(gallery, gallery.mia, "vote"))
    await take_out(gallery, otto, picture="2")
    (left,) = message.message.attachments
    assert left.filename == "SPOILER_picture-1.jpg"
    (item,) = [item for part in message.components[0]["components"] for item in part.get("items", [])]
    assert item["spoiler"]
    assert item["description"] == "Picture 1, painted in the style of Starry Night"


async def test_a_vote_whose_message_is_gone_stops_nothing(gallery: GalleryHarness, otto: MemberActor) -> None:
    message = await open_vote(gallery)
    await message.message.delete()
    assert (await take_out(gallery, otto, picture="1")).endswith("with the votes for it.")


async def test_a_message_that_cannot_be_changed_is_said(
    gallery: GalleryHarness, env: Env, otto: MemberActor
) -> None:
    message = await open_vote(gallery)
    env.inject_error("PATCH", "/channels/*", status=403, code=50013)
    said = await take_out(gallery, otto, picture="1")
    assert "still shows it: delete that one" in said
    assert len(message.message.attachments) == 2
    assert len(await offered(gallery, otto)) == 1
