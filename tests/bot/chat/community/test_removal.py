"""`/challenge remove` through discord.py's real machinery."""

import discord
import pytest
from simcord import Env, MemberActor
from sqlalchemy import update

from bot.tables import jobs
from tests.bot.chat.community.test_challenge import enter, give, open_vote, options_of, public, start, vote
from tests.support.chat import ChatHarness, sentence
from tests.support.gallery import Hall, hall_of, shown


@pytest.fixture
def hall(chat: ChatHarness) -> Hall:
    return hall_of(chat)


@pytest.fixture
def otto(hall: Hall) -> MemberActor:
    """A moderator."""
    guild = hall.chat.env.guild
    role = guild.create_role("moderator", permissions=discord.Permissions(manage_messages=True))
    return guild.add_member(hall.chat.env.create_user("otto"), roles=[role])


async def offered(hall: Hall, who: MemberActor) -> list[dict[str, str]]:
    return await who.autocomplete(hall.chat.channel, "challenge remove", "picture", "")


async def test_an_entrant_withdraws_their_own_and_may_enter_again(hall: Hall) -> None:
    await start(hall)
    await enter(hall, hall.chat.ada)
    result = await give(hall, hall.chat.ada, "remove")
    assert result.ephemeral
    assert sentence(result) == "Removed from the challenge, with the votes for it."
    assert "You have no picture in this challenge" in sentence(await give(hall, hall.chat.ada, "remove"))
    assert "Entered" in sentence(await give(hall, hall.chat.ada, "enter"))


async def test_a_moderator_chooses_from_pictures_without_names(hall: Hall, otto: MemberActor) -> None:
    await start(hall)
    for who in (hall.chat.ada, hall.chat.ben):
        await enter(hall, who)
    (mine,) = await offered(hall, hall.chat.ada)
    assert mine["name"].endswith("Starry Night · yours")
    choices = await offered(hall, otto)
    assert [one["name"] for one in choices] == ["Picture 1 · Starry Night", "Picture 2 · Starry Night"]
    assert await offered(hall, hall.chat.env.guild.add_member(hall.chat.env.create_user("zoe"))) == []
    assert "Removed" in sentence(await give(hall, otto, "remove", picture=mine["value"]))
    assert "A moderator has taken your picture out" in sentence(await give(hall, hall.chat.ada, "enter"))
    assert len(await offered(hall, otto)) == 1


async def test_nobody_removes_another_s(hall: Hall) -> None:
    assert "No challenge is running" in sentence(await give(hall, hall.chat.ada, "remove"))
    assert await offered(hall, hall.chat.ada) == []
    await start(hall)
    await enter(hall, hall.chat.ada)
    (mine,) = await offered(hall, hall.chat.ada)
    refused = await give(hall, hall.chat.ben, "remove", picture=mine["value"])
    assert "Only moderators and whoever entered this picture" in sentence(refused)
    assert refused.ephemeral
    assert "no such picture" in sentence(await give(hall, hall.mia, "remove", picture="9"))


async def test_a_picture_leaves_the_vote_s_message_and_its_select(hall: Hall, otto: MemberActor) -> None:
    message = await open_vote(hall)
    first, second = options_of(message)
    await vote(hall.mia, message, first)
    assert "Removed" in sentence(await give(hall, otto, "remove", picture="1"))
    (left,) = message.message.attachments
    assert left.filename == "picture-2.jpg"
    assert "Vote: Autumn" in shown(message.message)
    assert options_of(message) == [second]
    assert "Your vote is for picture 2" in sentence(await vote(hall.mia, message, second))
    assert "Removed" in sentence(await give(hall, otto, "remove", picture="2"))
    assert message.message.attachments == []
    results = await public(await give(hall, hall.mia, "end"))
    assert "Nobody entered a picture." in shown(results.message)


async def test_one_of_many_leaves_the_message_that_shows_it(hall: Hall, otto: MemberActor) -> None:
    await start(hall)
    guild = hall.chat.env.guild
    for number in range(11):
        await enter(hall, guild.add_member(hall.chat.env.create_user(f"painter{number}")))
    first, second = (await give(hall, hall.mia, "vote")).followups
    await give(hall, otto, "remove", picture="3")
    assert "picture-3.jpg" not in [one.filename for one in first.message.attachments]
    assert len(first.message.attachments) == 9
    assert [one.filename for one in second.message.attachments] == ["picture-11.jpg"]
    assert len(options_of(second)) == 10


async def test_a_spoiler_leaves_and_another_stays_one(hall: Hall, otto: MemberActor) -> None:
    await start(hall)
    for who in (hall.chat.ada, hall.chat.ben):
        await enter(hall, who)
    async with hall.chat.services.database.begin() as connection:
        await connection.execute(update(jobs).values(spoiler=True))
    message = await public(await give(hall, hall.mia, "vote"))
    await give(hall, otto, "remove", picture="2")
    (left,) = message.message.attachments
    assert left.filename == "SPOILER_picture-1.jpg"
    (item,) = [item for part in message.components[0]["components"] for item in part.get("items", [])]
    assert item["spoiler"]
    assert item["description"] == "Picture 1, painted in the style of Starry Night"


async def test_a_vote_whose_message_is_gone_stops_nothing(hall: Hall, otto: MemberActor) -> None:
    message = await open_vote(hall)
    await message.message.delete()
    assert sentence(await give(hall, otto, "remove", picture="1")).endswith("with the votes for it.")


async def test_a_message_that_cannot_be_changed_is_said(hall: Hall, env: Env, otto: MemberActor) -> None:
    message = await open_vote(hall)
    env.inject_error("PATCH", "/channels/*", status=403, code=50013)
    said = sentence(await give(hall, otto, "remove", picture="1"))
    assert "still shows it: delete that one" in said
    assert len(message.message.attachments) == 2
    assert len(await offered(hall, otto)) == 1
