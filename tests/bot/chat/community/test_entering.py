"""The Enter button of a challenge: a form in its style, the choice among one's own pictures, and refusals."""

import discord
from simcord import Env, InteractionResult, MemberActor
from sqlalchemy import select

from bot.chat.client import EaselClient
from bot.chat.community.entering import EnterButton, EntrySelect
from bot.chat.ui.components import layout
from bot.tables.people import entries
from bot.tables.pictures import server_presets
from tests.bot.chat.community.test_challenge import give, public, start
from tests.support.chat import card, sentence
from tests.support.gallery import GalleryHarness, labels
from tests.support.picture_files import png

SIZE_PX = 64


async def announced(gallery: GalleryHarness, **options: object) -> discord.Message:
    return (await public(await start(gallery, **options))).message


async def press(who: MemberActor, message: discord.Message) -> InteractionResult:
    return await who.click(message, label="Enter")


async def entrants(gallery: GalleryHarness) -> dict[int, int]:
    async with gallery.chat.services.database.read() as connection:
        rows = await connection.execute(select(entries.c.user_id, entries.c.job_id))
        return {row.user_id: row.job_id for row in rows}


async def paint_in_form(
    gallery: GalleryHarness, who: MemberActor, form: InteractionResult, **given: object
) -> InteractionResult:
    assert form.modal is not None
    filled = {"upload": ("mine.png", png(colour="teal")), "strength": "", "whom": ["alone"], **given}
    result = await who.submit_modal(form, filled)
    await gallery.chat.paint()
    await gallery.chat.card_updater.poll()
    return result


async def test_enter_paints_in_the_challenges_style_and_then_enters(
    gallery: GalleryHarness, env: Env
) -> None:
    message = await announced(gallery, style="The Scream")
    assert labels(message) == ["Enter"]
    await env.restart_bot(EaselClient(gallery.chat.services, shard_count=1))
    ada = gallery.chat.ada
    painted = await paint_in_form(gallery, ada, await press(ada, message), strength="30")
    assert painted.ephemeral, "the form offers to keep it secret first"
    job = await gallery.chat.job()
    assert (job.style_name, job.private, job.look["strength"]) == ("The Scream", True, 30.0)
    offered = await press(ada, message)
    assert offered.ephemeral
    assert offered.response is not None
    assert "Which of your pictures" in card(offered)
    assert [one.filename for one in offered.response.attachments] == ["picture-1.jpg"]
    entered = await ada.select(offered.response, [str(job.id)], custom_id="easel:entry:1")
    assert "Entered: your picture in the style of The Scream" in card(entered)
    assert await entrants(gallery) == {ada.id: job.id}


async def test_who_has_a_picture_may_paint_another_one(gallery: GalleryHarness) -> None:
    message = await announced(gallery, style="The Scream")
    ada = gallery.chat.ada
    await paint_in_form(gallery, ada, await press(ada, message))
    offered = await press(ada, message)
    assert offered.response is not None
    form = await ada.click(offered.response, label="Paint another one")
    await paint_in_form(gallery, ada, form, whom=["everybody"])
    assert not (await gallery.chat.job()).private


async def test_a_server_presets_settings_come_with_it(gallery: GalleryHarness) -> None:
    services = gallery.chat.services
    blob = await services.picture_store.blobs.put(png(colour="navy"))
    look = {"strength": 70.0, "quality": "draft", "style_scale": 2.0, "size_px": 64}
    row = {"user_id": gallery.mia.id, "name": "Harbour", "name_key": "harbour", "created_at": 0.0}
    async with services.database.begin() as connection:
        place = {"guild_id": gallery.chat.env.guild.id, "style_blob": blob, "look": look}
        await connection.execute(server_presets.insert().values(**place, **row))
    message = await announced(gallery, style="Harbour")
    await paint_in_form(gallery, gallery.chat.ben, await press(gallery.chat.ben, message))
    job = await gallery.chat.job()
    assert (job.style_blob, job.look["strength"], job.look["style_scale"]) == (blob, 70.0, 2.0)
    assert job.look["quality"] == "standard", "as everywhere in this server"
    assert "Entered" in sentence(await give(gallery, gallery.chat.ben, "enter"))


async def test_without_a_style_enter_says_how_to_paint(gallery: GalleryHarness) -> None:
    result = await press(gallery.chat.ada, await announced(gallery))
    assert result.ephemeral
    assert "give /stylize in this server" in sentence(result)


async def test_a_strength_that_is_none_is_refused(gallery: GalleryHarness) -> None:
    ada, message = gallery.chat.ada, await announced(gallery, style="The Scream")
    form = await press(ada, message)
    refused = await ada.submit_modal(form, {"upload": ("a.png", png()), "strength": "101", "whom": ["alone"]})
    assert "whole number from 0 to 100" in sentence(refused)
    assert await gallery.chat.count_jobs() == 0


async def test_nobody_enters_anothers_picture(gallery: GalleryHarness) -> None:
    """Its number in a forged choice changes nothing."""
    message = await announced(gallery, style="The Scream")
    await paint_in_form(gallery, gallery.chat.ada, await press(gallery.chat.ada, message))
    job = await gallery.chat.job()
    view = layout(discord.ui.ActionRow(EntrySelect(1, [job])))
    forged = await gallery.chat.env.bot.get_partial_messageable(gallery.chat.channel.id).send(view=view)
    refused = await gallery.chat.ben.select(forged, [str(job.id)], custom_id="easel:entry:1")
    assert "no finished picture" in sentence(refused)
    assert await entrants(gallery) == {}


async def test_a_stranger_and_a_latecomer_are_refused(gallery: GalleryHarness) -> None:
    message = await announced(gallery, style="The Scream")
    env = gallery.chat.env
    elsewhere = env.create_guild("elsewhere")
    channel = elsewhere.create_text_channel("general")
    zoe = elsewhere.add_member(env.create_user("zoe"))
    view = layout(discord.ui.ActionRow(EnterButton(1)))
    there = await env.bot.get_partial_messageable(channel.id).send(view=view)
    assert "not known here" in sentence(await press(zoe, there))
    await give(gallery, gallery.mia, "end")
    assert "This challenge is over" in sentence(await press(gallery.chat.ada, message))
