"""The gallery updater: what it hangs, what it never hangs, and what Discord may do to it."""

import asyncio
from dataclasses import replace
from io import BytesIO

import discord
import pytest
from discord import ui
from PIL import Image
from simcord import Env
from sqlalchemy import update

from bot.chat.client import EaselClient
from bot.chat.community.exhibit import StarButton, TakeDownButton, TakeDownSureButton
from bot.chat.community.gallery_updater import GalleryUpdater
from bot.chat.ui.components import layout
from bot.domain.gallery import digest
from bot.domain.jobs.model import State
from bot.domain.outbox.schedule import LEASE_S
from bot.domain.servers import server_settings, users
from bot.domain.servers.users import PersonSettings
from bot.tables.people import exhibits as table
from bot.tables.pictures import jobs as jobs_table
from tests.support.away import Away
from tests.support.chat import card, sentence
from tests.support.gallery import GalleryHarness, labels, shown, take_down
from tests.support.picture_files import noise_png, png
from tests.support.rows import set_columns


@pytest.fixture
async def gallery(gallery: GalleryHarness) -> GalleryHarness:
    """The art channel is set up."""
    await gallery.open()
    return gallery


async def mark(gallery: GalleryHarness, **values: object) -> None:
    """Changes the newest job as `/stylize` options of others would have it."""
    job_id = (await gallery.chat.job()).id
    async with gallery.chat.services.database.begin() as connection:
        await connection.execute(update(jobs_table).where(jobs_table.c.id == job_id).values(**values))


async def test_a_delivered_picture_hangs_once_with_its_artist_and_its_buttons(
    gallery: GalleryHarness,
) -> None:
    message = await gallery.hang()
    (card,) = gallery.chat.channel.history()
    assert shown(message) == (
        f"**Starry Night** · by <@{gallery.chat.ada.id}>\n"
        f"-# strength 50, standard quality · [see its card]({card.jump_url})"
    )
    assert labels(message) == ["★ 0", "Paint mine like this", "Take down"]
    (attachment,) = message.attachments
    assert attachment.filename == "easel-1.png"
    assert attachment.description == "A picture painted in the style of Starry Night"
    data = gallery.chat.env.backend.cdn.get(attachment.url)
    assert data is not None
    assert Image.open(BytesIO(data)).size == (64, 43)
    await gallery.gallery_updater(later_s=100).poll()
    assert len(gallery.art.history()) == 1
    sent = [
        one for one in gallery.chat.env.http_requests if one.path == f"/channels/{gallery.art.id}/messages"
    ]
    assert len(sent) == 1
    assert "allowed_mentions" in str(sent[0].json)


async def test_private_pictures_never_hang(gallery: GalleryHarness) -> None:
    await gallery.deliver(private=True)
    await gallery.gallery_updater().poll()
    assert gallery.art.history() == []


async def test_whoever_opted_out_is_left_out(gallery: GalleryHarness) -> None:
    async with gallery.chat.services.database.begin() as connection:
        await users.keep(connection, gallery.chat.ada.id, PersonSettings(show_in_gallery=False))
    await gallery.deliver()
    await gallery.gallery_updater().poll()
    assert gallery.art.history() == []


async def test_whoever_opts_out_before_it_hangs_is_left_out_too(gallery: GalleryHarness) -> None:
    await gallery.deliver()
    async with gallery.chat.services.database.begin() as connection:
        await users.keep(connection, gallery.chat.ada.id, PersonSettings(show_in_gallery=False))
    await gallery.gallery_updater().poll()
    assert gallery.art.history() == []


async def test_age_restricted_pictures_hang_only_in_an_age_restricted_channel(
    gallery: GalleryHarness,
) -> None:
    await gallery.chat.stylize()
    await mark(gallery, age_restricted=True)
    await gallery.chat.paint()
    await gallery.chat.card_updater.poll()
    await gallery.gallery_updater().poll()
    assert gallery.art.history() == []
    assert await gallery.exhibit() is None
    gallery.restrict(gallery.art)
    await gallery.chat.stylize()
    await mark(gallery, age_restricted=True)
    await gallery.chat.paint()
    await gallery.chat.card_updater.poll()
    await gallery.gallery_updater().poll()
    assert len(gallery.art.history()) == 1


async def test_a_spoiler_stays_one_also_when_its_stars_are_counted(gallery: GalleryHarness) -> None:
    await gallery.chat.stylize()
    await mark(gallery, spoiler=True)
    await gallery.chat.paint()
    await gallery.chat.card_updater.poll()
    await gallery.gallery_updater().poll()
    (message,) = gallery.art.history()
    check_spoiler(message)
    await gallery.chat.ben.click(message, label="★ 0")
    await gallery.gallery_updater(later_s=10).poll()
    (message,) = gallery.art.history()
    assert labels(message)[0] == "★ 1"
    check_spoiler(message)


def check_spoiler(message: discord.Message) -> None:
    assert [one.filename for one in message.attachments] == ["SPOILER_easel-1.png"]
    assert "'spoiler': True" in str([part.to_dict() for part in message.components])


async def test_a_picture_that_discord_finds_too_large_hangs_all_the_same(
    gallery: GalleryHarness, env: Env
) -> None:
    await gallery.deliver()
    large = await gallery.chat.services.picture_store.blobs.put(noise_png(400))
    async with gallery.chat.services.database.begin() as connection:
        await set_columns(connection, 1, result_blob=large)
    env.inject_error("POST", f"/channels/{gallery.art.id}/messages", status=413, code=40005, times=1)
    await gallery.gallery_updater().poll()
    (message,) = gallery.art.history()
    assert [one.filename for one in message.attachments] == ["easel-1.jpg"]


async def test_the_style_of_the_week_is_named(gallery: GalleryHarness) -> None:
    await gallery.set_up(weekly_style="Starry Night")
    assert "in the style of the week" in shown(await gallery.hang())
    assert "in the style of the week" not in shown(await gallery.hang(preset="The Scream"))


async def test_a_picture_keeps_the_style_of_the_week_it_was_painted_in(gallery: GalleryHarness) -> None:
    await gallery.set_up(weekly_changes=True)
    async with gallery.chat.services.database.read() as connection:
        guild_id = gallery.chat.env.guild.id
        settings = await server_settings.settings_of(connection, guild_id)
        now = gallery.chat.services.clock()
        weekly = await digest.style_of_week(connection, guild_id, settings, now=now)
    assert weekly is not None
    assert "in the style of the week" in shown(await gallery.hang(preset=weekly))


async def test_a_thread_is_opened_where_one_is_wanted(gallery: GalleryHarness) -> None:
    await gallery.set_up(art_threads=True)
    await gallery.hang()
    assert [thread.name for thread in gallery.art.threads] == ["Starry Night · 1"]


async def test_a_thread_that_cannot_be_opened_is_no_loss(gallery: GalleryHarness, env: Env) -> None:
    await gallery.set_up(art_threads=True)
    env.inject_error("POST", "/channels/*/messages/*/threads", status=403, code=50013)
    await gallery.hang()
    await gallery.gallery_updater(later_s=100).poll()
    assert len(gallery.art.history()) == 1


# Only there ------------------------------------------------------------------------------------------


async def test_where_pictures_hang_only_there_the_card_says_so_and_then_links_it(
    gallery: GalleryHarness,
) -> None:
    await gallery.set_up(art_only=True)
    result = await gallery.deliver()
    assert f"This picture hangs in <#{gallery.art.id}>." in card(result)
    assert result.response is not None
    assert result.response.attachments == []
    await gallery.gallery_updater().poll()
    await gallery.chat.card_updater.poll()
    (message,) = gallery.art.history()
    assert f"/{gallery.art.id}/{message.id}" in card(result)
    assert len(gallery.chat.channel.history()) == 1
    assert await gallery.chat.card_updater.poll() == 0


async def test_a_picture_that_cannot_hang_comes_back_to_its_card(gallery: GalleryHarness, env: Env) -> None:
    await gallery.set_up(art_only=True)
    result = await gallery.deliver()
    env.inject_error("POST", f"/channels/{gallery.art.id}/messages", status=403, code=50013)
    await gallery.gallery_updater().poll()
    await gallery.chat.card_updater.poll()
    assert result.response is not None
    assert len(result.response.attachments) == 1
    assert "hangs in" not in card(result)
    assert (await gallery.chat.job()).state is State.DELIVERED


# When Discord does not do as it is asked -------------------------------------------------------------


async def test_a_fault_of_discord_is_tried_again_later(gallery: GalleryHarness, env: Env) -> None:
    await gallery.deliver()
    env.inject_error("POST", f"/channels/{gallery.art.id}/messages", status=400, code=0)
    await gallery.gallery_updater().poll()
    assert gallery.art.history() == []
    assert await gallery.gallery_updater().poll() == 0, "it waits"
    await gallery.gallery_updater(later_s=10).poll()
    assert len(gallery.art.history()) == 1


async def test_a_lost_permission_ends_the_tries(gallery: GalleryHarness, env: Env) -> None:
    await gallery.deliver()
    env.inject_error("POST", f"/channels/{gallery.art.id}/messages", status=403, code=50013)
    await gallery.gallery_updater().poll()
    assert await gallery.gallery_updater(later_s=1e6).poll() == 0
    assert gallery.art.history() == []


async def test_a_deleted_channel_ends_the_tries(gallery: GalleryHarness) -> None:
    await gallery.deliver()
    channel = gallery.chat.env.bot.get_channel(gallery.art.id)
    assert isinstance(channel, discord.TextChannel)
    await channel.delete()
    await gallery.gallery_updater().poll()
    assert await gallery.exhibit() is None


async def test_a_crash_between_posting_and_recording_posts_nothing_twice(gallery: GalleryHarness) -> None:
    await gallery.hang()
    async with gallery.chat.services.database.begin() as connection:
        await connection.execute(table.update().values(message_id=None, pending=1, tries=1, due_at=0))
    await gallery.gallery_updater(later_s=LEASE_S).poll()
    (message,) = gallery.art.history()
    exhibit = await gallery.exhibit()
    assert exhibit is not None
    assert exhibit.message_id == message.id


async def test_each_post_carries_a_nonce_that_discord_enforces(gallery: GalleryHarness) -> None:
    await gallery.hang()
    (sent,) = [
        one for one in gallery.chat.env.http_requests if one.path == f"/channels/{gallery.art.id}/messages"
    ]
    assert "'nonce': 'hang-1'" in str(sent.json)
    assert "'enforce_nonce': True" in str(sent.json)


async def test_a_missing_blob_stops_no_other_picture(gallery: GalleryHarness) -> None:
    await gallery.deliver()
    job = await gallery.chat.job()
    await gallery.chat.stylize(gallery.chat.ben, content=("other.png", png(80, 80, "orange")))
    await gallery.chat.paint()
    await gallery.chat.card_updater.poll()
    await gallery.chat.services.picture_store.blobs.delete(job.result_blob or "")
    await gallery.gallery_updater().poll()
    (message,) = gallery.art.history()
    assert f"<@{gallery.chat.ben.id}>" in shown(message)
    assert await gallery.exhibit(job.id) is None


async def test_a_locked_database_is_no_end(gallery: GalleryHarness) -> None:
    away = Away()
    broken = GalleryUpdater(
        client=gallery.chat.env.bot,
        services=replace(gallery.chat.services, database=away),
    )
    running = asyncio.create_task(broken.run())
    await away.refuses(times=2)
    assert not running.done()
    running.cancel()
    await asyncio.wait({running})


# Stars and taking down -------------------------------------------------------------------------------


async def test_stars_are_counted_on_the_button_in_one_edit(gallery: GalleryHarness, env: Env) -> None:
    message = await gallery.hang()
    for who in (gallery.chat.ben, gallery.mia):
        result = await who.click(message, label="★ 0")
        assert result.ephemeral
        assert "You gave this picture a star" in sentence(result)
    before = len(env.http_requests)
    assert await gallery.gallery_updater().poll() == 0, "less than 3 s after it was hung"
    assert await gallery.gallery_updater(later_s=5).poll() == 1
    edits = [one for one in env.http_requests[before:] if one.method == "PATCH"]
    assert len(edits) == 1
    (message,) = gallery.art.history()
    assert labels(message)[0] == "★ 2"
    assert len(message.attachments) == 1
    assert "took your star back" in sentence(await gallery.mia.click(message, label="★ 2"))
    await gallery.gallery_updater(later_s=20).poll()
    assert labels(gallery.art.history()[0])[0] == "★ 1"


async def test_nobody_stars_their_own_picture(gallery: GalleryHarness) -> None:
    message = await gallery.hang()
    result = await gallery.chat.ada.click(message, label="★ 0")
    assert result.ephemeral
    assert "you cannot star a picture of your own" in sentence(result)


async def test_the_buttons_work_after_a_restart(gallery: GalleryHarness, env: Env) -> None:
    message = await gallery.hang()
    await env.restart_bot(EaselClient(gallery.chat.services, shard_count=1))
    assert "gave this picture" in sentence(await gallery.chat.ben.click(message, label="★ 0"))
    assert "Taken down" in await take_down(gallery.chat.ada, message)


async def test_the_artist_takes_a_picture_down_and_its_message_goes(gallery: GalleryHarness) -> None:
    message = await gallery.hang()
    result = await gallery.chat.ben.click(message, label="Take down")
    assert "Only the artist and moderators" in sentence(result)
    await gallery.chat.ada.click(message, label="Take down")
    await gallery.gallery_updater(later_s=5).poll()
    assert len(gallery.art.history()) == 1, "asked, and not answered"
    await take_down(gallery.chat.ada, message)
    await gallery.gallery_updater(later_s=5).poll()
    assert gallery.art.history() == []
    assert await gallery.gallery_updater(later_s=1e6).poll() == 0


async def test_a_moderator_takes_a_picture_down(gallery: GalleryHarness) -> None:
    guild = gallery.chat.env.guild
    role = guild.create_role("moderator", permissions=discord.Permissions(manage_messages=True))
    moderator = guild.add_member(gallery.chat.env.create_user("otto"), roles=[role])
    message = await gallery.hang()
    await take_down(moderator, message)
    await gallery.gallery_updater(later_s=5).poll()
    assert gallery.art.history() == []


async def test_a_message_that_somebody_deleted_is_taken_down(gallery: GalleryHarness) -> None:
    message = await gallery.hang()
    await gallery.chat.ben.click(message, label="★ 0")
    await message.delete()
    await gallery.gallery_updater(later_s=5).poll()
    exhibit = await gallery.exhibit()
    assert exhibit is not None
    assert exhibit.removed
    assert await gallery.gallery_updater(later_s=1e6).poll() == 0


async def test_ids_replayed_in_another_server_do_nothing(gallery: GalleryHarness) -> None:
    await gallery.hang()
    env = gallery.chat.env
    elsewhere = env.create_guild("elsewhere")
    channel = elsewhere.create_text_channel("general")
    eve = elsewhere.add_member(env.create_user("eve"))
    view = layout(ui.ActionRow(StarButton(1), TakeDownButton(1), TakeDownSureButton(1)))
    posted = await env.bot.get_partial_messageable(channel.id).send(view=view)
    for verb in ("star", "takedown", "takedownsure"):
        result = await eve.click(posted, custom_id=f"easel:{verb}:1")
        assert "no longer hangs here" in sentence(result)
    exhibit = await gallery.exhibit()
    assert exhibit is not None
    assert (exhibit.stars, exhibit.removed) == (0, False)


async def test_without_a_look_into_the_history_the_nonce_has_to_do(gallery: GalleryHarness, env: Env) -> None:
    await gallery.deliver()
    env.inject_error("POST", f"/channels/{gallery.art.id}/messages", status=400, code=0)
    await gallery.gallery_updater().poll()
    env.inject_error("GET", f"/channels/{gallery.art.id}/messages", status=403, code=50001)
    await gallery.gallery_updater(later_s=10).poll()
    assert len(gallery.art.history()) == 1
