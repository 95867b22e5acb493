"""`/challenge` through discord.py's real machinery: announcement, entries, vote, results, all refusals."""

from io import BytesIO
from typing import Any

import discord
from PIL import Image
from simcord import Env, InteractionResult, MemberActor
from simcord.results import ResponseMessage
from sqlalchemy import select, update

from bot.chat.client import EaselClient
from bot.chat.community.pictures import EDGE_PX
from bot.chat.community.vote import VoteSelect
from bot.chat.ui.components import layout
from bot.media.pixels import thumbnail
from bot.tables.people import challenges, votes
from bot.tables.pictures import jobs as jobs_table
from bot.tables.pictures import server_presets
from tests.support.chat import sentence
from tests.support.gallery import GalleryHarness, custom_id, shown
from tests.support.picture_files import png


async def give(gallery: GalleryHarness, who: MemberActor, command: str, **options: Any) -> InteractionResult:
    return await who.slash(gallery.chat.channel, f"challenge {command}", **options)


async def start(gallery: GalleryHarness, **options: Any) -> InteractionResult:
    return await give(gallery, gallery.mia, "start", **{"theme": "Autumn", **options})


async def enter(gallery: GalleryHarness, who: MemberActor, **options: Any) -> InteractionResult:
    """Paints a picture in private, and enters it."""
    await gallery.chat.stylize(
        who, private=True, content=("c.png", png(colour=f"#{who.id % 0x1000000:06x}")), **options
    )
    await gallery.chat.paint()
    await gallery.chat.card_updater.poll()
    return await give(gallery, who, "enter")


async def public(result: InteractionResult) -> ResponseMessage:
    (message,) = result.followups
    assert not message.ephemeral
    return message


async def is_clean(gallery: GalleryHarness, picture: discord.Attachment) -> bool:
    """Whether this is a small picture of a result without a number on it."""
    data = gallery.chat.env.backend.cdn.get(picture.url)
    blobs = gallery.chat.services.picture_store.blobs
    async with gallery.chat.services.database.read() as connection:
        results = (await connection.execute(select(jobs_table.c.result_blob))).scalars().all()
    return data in [thumbnail(await blobs.get(result), EDGE_PX) for result in results]


async def open_vote(gallery: GalleryHarness) -> ResponseMessage:
    """A challenge with the entries of Ada and Ben, at its vote."""
    await start(gallery)
    for who in (gallery.chat.ada, gallery.chat.ben):
        assert "Entered" in sentence(await enter(gallery, who))
    return await public(await give(gallery, gallery.mia, "vote"))


def options_of(message: ResponseMessage) -> list[str]:
    (select_menu,) = [
        part
        for container in message.components
        for row in container.get("components", [])
        for part in row.get("components", [])
        if part["type"] == 3
    ]
    return [option["value"] for option in select_menu["options"]]


async def vote(who: MemberActor, message: ResponseMessage, value: str) -> InteractionResult:
    return await who.select(message, [value], custom_id=custom_id(message, "easel:vote:"))


async def own_option(gallery: GalleryHarness, who: MemberActor, message: ResponseMessage) -> str:
    """The option that is `who`'s own picture: the one that they are refused."""
    for value in options_of(message):
        if "cannot vote for your own" in sentence(await vote(who, message, value)):
            return value
    raise AssertionError("none is their own")


# Start -----------------------------------------------------------------------------------------------


async def test_a_start_is_announced_to_everybody(gallery: GalleryHarness) -> None:
    result = await start(gallery, theme="**Autumn** <@1>")
    assert result.ephemeral
    assert "Started" in sentence(result)
    message = await public(result)
    assert "Challenge: \\*\\*Autumn\\*\\* \\<@1>" in shown(message.message)
    assert "Press **Enter**" in shown(message.message)
    assert "Pictures can be entered until <t:" in shown(message.message)
    assert message.attachments == []


async def test_a_style_is_shown(gallery: GalleryHarness) -> None:
    result = await give(gallery, gallery.mia, "start", style="the great wave")
    message = await public(result)
    assert "Challenge: The Great Wave" in shown(message.message)
    assert "Every entry is painted in **The Great Wave**" in shown(message.message)
    (attachment,) = message.attachments
    assert attachment.description == "The style of this challenge: The Great Wave"


async def test_a_server_preset_may_be_the_style(gallery: GalleryHarness) -> None:
    services = gallery.chat.services
    blob = await services.picture_store.blobs.put(png(colour="navy"))
    row = {"user_id": gallery.mia.id, "name": "Harbour", "name_key": "harbour", "look": {}, "created_at": 0.0}
    async with services.database.begin() as connection:
        await connection.execute(
            server_presets.insert().values(guild_id=gallery.chat.env.guild.id, style_blob=blob, **row)
        )
    choices = await gallery.mia.autocomplete(gallery.chat.channel, "challenge start", "style", "harb")
    assert [choice["value"] for choice in choices] == ["Harbour"]
    message = await public(await give(gallery, gallery.mia, "start", style="HARBOUR"))
    assert "Every entry is painted in **Harbour**" in shown(message.message)


async def test_who_may_start_one(gallery: GalleryHarness) -> None:
    refused = await give(gallery, gallery.chat.ada, "start", theme="x")
    assert "Only those who may manage this server or its events" in sentence(refused)
    guild = gallery.chat.env.guild
    role = guild.create_role("events", permissions=discord.Permissions(manage_events=True))
    eva = guild.add_member(gallery.chat.env.create_user("eva"), roles=[role])
    assert "Started" in sentence(await give(gallery, eva, "start", theme="x"))
    assert "already running" in sentence(await start(gallery))


async def test_a_start_is_refused_where_the_bot_may_not_post_later(gallery: GalleryHarness) -> None:
    """The first message would be shown all the same, as an answer; the vote a week later would not."""
    guild = gallery.chat.env.guild
    assert guild.me is not None
    closed = guild.create_text_channel(
        "closed",
        overwrites={guild.me: discord.PermissionOverwrite(attach_files=False, send_messages=False)},
    )
    refused = await gallery.mia.slash(closed, "challenge start", theme="Autumn")
    assert sentence(refused) == (
        "I lack permissions in #closed: give me Attach Files, Send Messages there and try again."
    )
    assert refused.followups == []
    assert (await start(gallery)).followups, "elsewhere it is announced"


async def test_a_start_needs_a_theme_or_a_style_that_there_is(gallery: GalleryHarness) -> None:
    assert "Give the challenge a theme" in sentence(await give(gallery, gallery.mia, "start"))
    refused = await give(gallery, gallery.mia, "start", style="no such style")
    assert "no painting or server preset called “no such style”" in sentence(refused)
    assert "No challenge is running" in sentence(await give(gallery, gallery.chat.ada, "enter"))


# Enter -----------------------------------------------------------------------------------------------


async def test_an_entry_is_ones_own_finished_picture_since_the_start(gallery: GalleryHarness) -> None:
    await gallery.deliver()
    await start(gallery)
    assert "no finished picture made here" in sentence(await give(gallery, gallery.chat.ada, "enter"))
    await gallery.deliver()
    choices = await gallery.chat.ada.autocomplete(
        gallery.chat.channel, "challenge enter", "picture", "starry"
    )
    assert [choice["value"] for choice in choices] == [2]
    result = await give(gallery, gallery.chat.ada, "enter", picture=2)
    assert result.ephemeral
    assert "Entered: your picture in the style of Starry Night" in sentence(result)
    assert "no finished picture" in sentence(await give(gallery, gallery.chat.ben, "enter", picture=2))
    assert "no finished picture" in sentence(await give(gallery, gallery.chat.ada, "enter", picture=1))


async def test_nothing_is_offered_where_nothing_runs(gallery: GalleryHarness) -> None:
    await gallery.deliver()
    assert await gallery.chat.ada.autocomplete(gallery.chat.channel, "challenge enter", "picture", "") == []


async def test_with_a_style_only_pictures_in_it_enter(gallery: GalleryHarness) -> None:
    await start(gallery, style="The Scream")
    assert "in the style “The Scream”" in sentence(await enter(gallery, gallery.chat.ada))
    assert "Entered" in sentence(await enter(gallery, gallery.chat.ada, preset="The Scream"))


async def test_age_restricted_pictures_enter_only_in_such_a_channel(gallery: GalleryHarness) -> None:
    await start(gallery)
    await gallery.deliver()
    async with gallery.chat.services.database.begin() as connection:
        await connection.execute(update(jobs_table).values(age_restricted=True))
    assert "no finished picture" in sentence(await give(gallery, gallery.chat.ada, "enter"))
    gallery.restrict(gallery.chat.channel)
    assert "Entered" in sentence(await give(gallery, gallery.chat.ada, "enter"))


async def test_a_picture_in_a_challenge_hangs_only_after_its_end(gallery: GalleryHarness) -> None:
    await gallery.open()
    await start(gallery)
    await gallery.hang()
    await give(gallery, gallery.chat.ada, "enter")
    await gallery.gallery_updater(later_s=5).poll()
    assert gallery.art.history() == []
    await give(gallery, gallery.mia, "end")
    await gallery.gallery_updater(later_s=10).poll()
    assert len(gallery.art.history()) == 1


# Vote ------------------------------------------------------------------------------------------------


async def test_the_vote_shows_numbered_pictures_and_no_names(gallery: GalleryHarness) -> None:
    message = await open_vote(gallery)
    text = str(message.components) + str([one.filename for one in message.attachments])
    for who in (gallery.chat.ada, gallery.chat.ben):
        assert str(who.id) not in text
    assert "easel-" not in text, "a job's number would lead to its card"
    assert [one.filename for one in message.attachments] == ["picture-1.jpg", "picture-2.jpg"]
    assert message.attachments[0].description == "Picture 1, painted in the style of Starry Night"
    data = gallery.chat.env.backend.cdn.get(message.attachments[0].url)
    assert data is not None
    assert Image.open(BytesIO(data)).format == "JPEG"
    assert len(options_of(message)) == 2


async def test_a_vote_is_cast_and_changed_also_after_a_restart(gallery: GalleryHarness, env: Env) -> None:
    message = await open_vote(gallery)
    await env.restart_bot(EaselClient(gallery.chat.services, shard_count=1))
    for number, value in enumerate(options_of(message), start=1):
        result = await vote(gallery.mia, message, value)
        assert result.ephemeral
        assert f"Your vote is for picture {number}." in sentence(result)
    async with gallery.chat.services.database.read() as connection:
        assert len((await connection.execute(select(votes))).all()) == 1


async def test_who_may_open_the_vote_and_where_and_when(gallery: GalleryHarness) -> None:
    assert "No challenge is running" in sentence(await give(gallery, gallery.mia, "vote"))
    await start(gallery)
    assert "Only its starter" in sentence(await give(gallery, gallery.chat.ada, "vote"))
    assert "There are 0 entries so far" in sentence(await give(gallery, gallery.mia, "vote"))
    elsewhere = await gallery.mia.slash(gallery.art, "challenge vote")
    assert "This challenge runs in #art" in sentence(elsewhere)
    await enter(gallery, gallery.chat.ada)
    assert "There is 1 entry so far" in sentence(await give(gallery, gallery.mia, "vote"))
    await enter(gallery, gallery.chat.ben)
    await public(await give(gallery, gallery.mia, "vote"))
    again = await public(await give(gallery, gallery.mia, "vote"))
    assert len(options_of(again)) == 2, "shown again"
    assert "vote has begun" in sentence(await give(gallery, gallery.chat.ada, "enter"))


async def test_more_than_ten_entries_fill_several_messages(gallery: GalleryHarness) -> None:
    await start(gallery)
    guild = gallery.chat.env.guild
    for number in range(11):
        await enter(gallery, guild.add_member(gallery.chat.env.create_user(f"painter{number}")))
    first, second = (await give(gallery, gallery.mia, "vote")).followups
    assert (len(first.attachments), len(second.attachments)) == (10, 1)
    assert second.attachments[0].filename == "picture-11.jpg"
    assert len(options_of(second)) == 11


async def test_a_missing_blob_is_left_out_of_the_vote(gallery: GalleryHarness) -> None:
    await start(gallery)
    for who in (gallery.chat.ada, gallery.chat.ben):
        await enter(gallery, who)
    job = await gallery.chat.job()
    await gallery.chat.services.picture_store.blobs.delete(job.result_blob or "")
    message = await public(await give(gallery, gallery.mia, "vote"))
    assert len(message.attachments) == 1
    assert len(options_of(message)) == 1


async def test_a_vote_of_another_server_or_time_counts_for_nothing(gallery: GalleryHarness) -> None:
    message = await open_vote(gallery)
    value = options_of(message)[0]
    env = gallery.chat.env
    guild = env.create_guild("elsewhere")
    channel = guild.create_text_channel("general")
    eve = guild.add_member(env.create_user("eve"))
    number, _dot, key = value.partition(".")
    view = layout(discord.ui.ActionRow(VoteSelect(1, {key: int(number), "0" * 16: 2})))
    replayed = await env.bot.get_partial_messageable(channel.id).send(view=view)
    assert "This vote is over" in sentence(await eve.select(replayed, [value], custom_id="easel:vote:1"))
    here = await env.bot.get_partial_messageable(gallery.chat.channel.id).send(view=view)
    made_up = await gallery.mia.select(here, [f"2.{'0' * 16}"], custom_id="easel:vote:1")
    assert "no longer in the challenge" in sentence(made_up)
    await give(gallery, gallery.mia, "end")
    assert "This vote is over" in sentence(await vote(gallery.mia, message, value))
    async with gallery.chat.services.database.read() as connection:
        assert (await connection.execute(select(votes))).all() == []


# End -------------------------------------------------------------------------------------------------


async def test_the_results_name_everybody_with_their_votes(gallery: GalleryHarness) -> None:
    message = await open_vote(gallery)
    own = await own_option(gallery, gallery.chat.ada, message)
    for voter in (gallery.chat.ben, gallery.mia):
        await vote(voter, message, own)
    (other,) = set(options_of(message)) - {own}
    await vote(gallery.chat.ada, message, other)
    results = await public(await give(gallery, gallery.mia, "end"))
    text = shown(results.message)
    assert "Results: Autumn" in text
    number, other_number = own.partition(".")[0], other.partition(".")[0]
    assert f"**1.** <@{gallery.chat.ada.id}> with picture {number} — 2 votes\n" in text
    assert text.endswith(f"**2.** <@{gallery.chat.ben.id}> with picture {other_number} — 1 vote")
    (picture,) = results.attachments
    assert await is_clean(gallery, picture), "the winner's, as it was painted"
    assert not any([await is_clean(gallery, one) for one in message.attachments]), "numbers are voted for"
    assert "No challenge is running" in sentence(await give(gallery, gallery.mia, "end"))


async def test_a_tie_shares_the_first_place(gallery: GalleryHarness) -> None:
    message = await open_vote(gallery)
    first, second = options_of(message)
    own = await own_option(gallery, gallery.chat.ada, message)
    other = second if own == first else first
    await vote(gallery.chat.ada, message, other)
    await vote(gallery.chat.ben, message, own)
    results = await public(await give(gallery, gallery.mia, "end"))
    line = shown(results.message).splitlines()[-1]
    assert line.startswith("**1.** <@")
    assert " · <@" in line
    assert line.endswith("1 vote each")
    assert len(results.attachments) == 2
    assert not any([await is_clean(gallery, one) for one in results.attachments]), "the line names numbers"


async def test_who_may_end_it_and_when(gallery: GalleryHarness) -> None:
    assert "No challenge is running" in sentence(await give(gallery, gallery.mia, "end"))
    await start(gallery)
    for who in (gallery.chat.ada, gallery.chat.ben):
        await enter(gallery, who)
    assert "Only its starter" in sentence(await give(gallery, gallery.chat.ada, "end"))
    assert "vote has not been opened yet" in sentence(await give(gallery, gallery.mia, "end"))
    guild = gallery.chat.env.guild
    role = guild.create_role("moderator", permissions=discord.Permissions(manage_messages=True))
    otto = guild.add_member(gallery.chat.env.create_user("otto"), roles=[role])
    await give(gallery, otto, "vote")
    results = await public(await give(gallery, otto, "end"))
    text = shown(results.message)
    assert "Nobody voted, so nobody has won." in text
    assert "**1.**" not in text
    assert str(gallery.chat.ben.id) in text
    assert len(results.attachments) == 2, "all pictures, for nobody has won"


async def test_who_has_no_vote_has_no_rank(gallery: GalleryHarness) -> None:
    message = await open_vote(gallery)
    await vote(gallery.mia, message, options_of(message)[0])
    text = shown((await public(await give(gallery, gallery.mia, "end"))).message)
    assert "**1.** <@" in text
    assert "**2.**" not in text
    assert text.endswith("with picture 2: no votes")


async def test_one_without_entries_ends_without_a_vote(gallery: GalleryHarness) -> None:
    await start(gallery)
    results = await public(await give(gallery, gallery.mia, "end"))
    assert "Nobody entered a picture." in shown(results.message)
    assert "Started" in sentence(await start(gallery, theme="Winter"))


async def test_results_that_could_not_be_posted_are_posted_at_the_next_try(
    gallery: GalleryHarness, env: Env
) -> None:
    await open_vote(gallery)
    env.inject_error("POST", "/webhooks/*", status=400, code=0)
    assert (await give(gallery, gallery.mia, "end")).followups == []
    async with gallery.chat.services.database.read() as connection:
        row = (await connection.execute(select(challenges))).one()
    assert (row.state, row.message_id) == ("ended", None)
    assert "Results: Autumn" in shown((await public(await give(gallery, gallery.mia, "end"))).message)


async def test_an_age_restricted_entry_is_not_shown_elsewhere(gallery: GalleryHarness) -> None:
    """Its channel was age-restricted when it was entered, and is not any more."""
    await start(gallery)
    for who in (gallery.chat.ada, gallery.chat.ben):
        await enter(gallery, who)
    job = await gallery.chat.job()
    async with gallery.chat.services.database.begin() as connection:
        await connection.execute(
            update(jobs_table).where(jobs_table.c.id == job.id).values(age_restricted=True)
        )
    message = await public(await give(gallery, gallery.mia, "vote"))
    assert len(message.attachments) == 1
