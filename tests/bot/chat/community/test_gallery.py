"""`/gallery` and the weekly digest through discord.py's real machinery."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from PIL import Image
from simcord import Env, InteractionResult, MemberActor
from sqlalchemy import select, update

from bot.chat.client import EaselClient
from bot.chat.community.digest import DigestTeller
from bot.domain.gallery import digest
from bot.domain.gallery.digest import told_week
from bot.domain.servers import server_settings
from bot.domain.servers.server_settings import GuildSettings
from bot.tables.people import digests as digests_table
from bot.tables.people import exhibits as table
from bot.tables.pictures import jobs as jobs_table
from tests.support.chat import card, sentence
from tests.support.gallery import GalleryHarness, custom_id, labels, shown, sure, take_down
from tests.support.picture_files import png


@pytest.fixture
async def gallery(gallery: GalleryHarness) -> GalleryHarness:
    """The art channel is set up."""
    await gallery.open()
    return gallery


async def show_gallery(
    gallery: GalleryHarness, who: MemberActor | None = None, **options: object
) -> InteractionResult:
    return await (who or gallery.chat.ben).slash(gallery.chat.channel, "gallery", **options)


async def fill(gallery: GalleryHarness, count: int) -> None:
    for number in range(count):
        who = gallery.chat.ada if number % 2 else gallery.chat.ben
        await gallery.hang(who, content=("c.png", png(60 + number, 60)))


async def test_an_empty_gallery_says_how_to_fill_it(gallery: GalleryHarness) -> None:
    result = await show_gallery(gallery)
    assert result.ephemeral
    assert "Nothing hangs here yet" in card(result)


async def test_a_gallery_shows_thumbnails_with_artist_style_stars_and_a_link(gallery: GalleryHarness) -> None:
    message = await gallery.hang()
    await gallery.chat.ben.click(message, label="★ 0")
    result = await show_gallery(gallery)
    assert result.response is not None
    assert f"**1.** Starry Night · <@{gallery.chat.ada.id}> · ★ 1 star · [see it](" in card(result)
    assert f"/{gallery.art.id}/{message.id})" in card(result)
    assert "1 picture · page 1 of 1" in card(result)
    (attachment,) = result.response.attachments
    assert attachment.description == "Picture 1, painted in the style of Starry Night"
    data = gallery.chat.env.backend.cdn.get(attachment.url)
    assert data is not None
    assert Image.open(BytesIO(data)).format == "JPEG"


async def test_pages_are_turned_also_after_a_restart(gallery: GalleryHarness, env: Env) -> None:
    await fill(gallery, 7)
    first = (await show_gallery(gallery)).response
    assert first is not None
    assert len(first.attachments) == 6
    await env.restart_bot(EaselClient(gallery.chat.services, shard_count=1))
    await gallery.chat.ben.click(first, label="Next")
    assert "page 2 of 2" in shown(first.message)
    assert len(first.message.attachments) == 1
    await gallery.chat.ben.click(first, label="Back")
    assert "page 1 of 2" in shown(first.message)


async def test_by_artist_style_and_week(gallery: GalleryHarness) -> None:
    await gallery.hang()
    await gallery.hang(gallery.chat.ben, preset="The Scream")
    assert "1 picture ·" in card(await show_gallery(gallery, artist=gallery.chat.ben))
    assert "The Scream" in card(await show_gallery(gallery, style="The Scream"))
    assert "Starry Night" not in card(await show_gallery(gallery, style="The Scream"))
    async with gallery.chat.services.database.begin() as connection:
        await connection.execute(update(table).where(table.c.job_id == 1).values(created_at=0))
    assert "Starry Night" not in card(await show_gallery(gallery, time="week"))
    assert "Starry Night" in card(await show_gallery(gallery, time="all"))
    refused = await show_gallery(gallery, style="no such style")
    assert "No picture in the style “no such style” hangs here" in sentence(refused)
    choices = await gallery.chat.ben.autocomplete(gallery.chat.channel, "gallery", "style", "scr")
    assert [choice["value"] for choice in choices] == ["The Scream"]


async def test_age_restricted_pictures_show_only_in_an_age_restricted_channel(
    gallery: GalleryHarness,
) -> None:
    await gallery.hang()
    async with gallery.chat.services.database.begin() as connection:
        await connection.execute(update(jobs_table).values(age_restricted=True))
    assert "Nothing hangs here yet" in card(await show_gallery(gallery))
    gallery.restrict(gallery.chat.channel)
    assert "Starry Night" in card(await show_gallery(gallery))


async def test_a_spoiler_stays_one_in_the_gallery(gallery: GalleryHarness) -> None:
    await gallery.hang()
    async with gallery.chat.services.database.begin() as connection:
        await connection.execute(update(jobs_table).values(spoiler=True))
    response = (await show_gallery(gallery)).response
    assert response is not None
    assert [one.filename for one in response.attachments] == ["SPOILER_picture-1.jpg"]
    assert "'spoiler': True" in str(response.components)


async def test_another_servers_gallery_is_its_own(gallery: GalleryHarness) -> None:
    await fill(gallery, 7)
    env = gallery.chat.env
    elsewhere = env.create_guild("elsewhere")
    channel = elsewhere.create_text_channel("general")
    eve = elsewhere.add_member(env.create_user("eve"))
    assert "Nothing hangs here yet" in card(await eve.slash(channel, "gallery"))
    assert "gallery" not in env.create_user("dan").available_commands(), "servers only"


async def test_what_was_taken_down_is_shown_no_more(gallery: GalleryHarness) -> None:
    message = await gallery.hang()
    await take_down(gallery.chat.ada, message)
    assert "Nothing hangs here yet" in card(await show_gallery(gallery))


async def test_a_missing_blob_is_left_out(gallery: GalleryHarness) -> None:
    await fill(gallery, 2)
    job = await gallery.chat.job()
    await gallery.chat.services.picture_store.blobs.delete(job.result_blob or "")
    response = (await show_gallery(gallery)).response
    assert response is not None
    assert len(response.attachments) == 1


async def test_a_person_keeps_their_pictures_out_and_lets_them_in_again(gallery: GalleryHarness) -> None:
    await gallery.hang()
    shown_to_ada = (await show_gallery(gallery, gallery.chat.ada)).response
    assert shown_to_ada is not None
    asked = await gallery.chat.ada.click(shown_to_ada, label="Keep my pictures out")
    assert "1 is being taken down" in await sure(gallery.chat.ada, asked, "Keep my pictures out")
    await gallery.gallery_updater(later_s=5).poll()
    assert gallery.art.history() == []
    await gallery.deliver()
    await gallery.gallery_updater(later_s=5).poll()
    assert gallery.art.history() == []
    again = (await show_gallery(gallery, gallery.chat.ada)).response
    assert again is not None
    assert "From now on" in sentence(await gallery.chat.ada.click(again, label="Let my pictures hang"))
    await gallery.deliver()
    await gallery.gallery_updater(later_s=5).poll()
    assert len(gallery.art.history()) == 1, "the old one does not come back"


async def test_the_style_of_a_page_is_named_by_a_picture_of_this_server(
    gallery: GalleryHarness, env: Env
) -> None:
    await fill(gallery, 7)
    page = (await show_gallery(gallery, style="Starry Night")).response
    assert page is not None
    assert custom_id(page, "easel:gallery:").startswith("easel:gallery:1:all:0:")
    async with gallery.chat.services.database.begin() as connection:
        await connection.execute(update(table).values(removed=True))
    result = await gallery.chat.ben.click(page, label="Next")
    assert [one.content for one in result.followups] == ["That picture no longer hangs here."]


# The weekly digest -----------------------------------------------------------------------------------

NOW = datetime.now(UTC)
MONDAY = (NOW - timedelta(days=NOW.weekday() - 7)).replace(hour=9, minute=0, second=0).timestamp()
"""Of next week: what the running gallery updater tells by the real clock is an older week's."""
WEEK = told_week(MONDAY).name


def teller(gallery: GalleryHarness, now: float = MONDAY) -> DigestTeller:
    services = replace(gallery.chat.services, clock=lambda: now)
    return DigestTeller(client=gallery.chat.env.bot, services=services)


async def star_last_week(gallery: GalleryHarness) -> None:
    """Two pictures of the week before `MONDAY`, one of them with a star; nothing else hangs."""
    message = await gallery.hang()
    await gallery.hang(gallery.chat.ben, preset="The Scream")
    await gallery.chat.ben.click(message, label="★ 0")
    async with gallery.chat.services.database.begin() as connection:
        await connection.execute(update(table).values(created_at=told_week(MONDAY).start))
    await gallery.mia.slash(gallery.chat.channel, "artchannel settings")


async def rows(gallery: GalleryHarness) -> list[tuple[str, int | None]]:
    async with gallery.chat.services.database.read() as connection:
        found = await connection.execute(select(digests_table.c.week, digests_table.c.message_id))
        return [(row.week, row.message_id) for row in found]


async def test_the_weeks_starred_pictures_are_posted_once_on_monday(gallery: GalleryHarness) -> None:
    await star_last_week(gallery)
    panel = (await gallery.mia.slash(gallery.chat.channel, "artchannel settings")).response
    assert panel is not None
    await gallery.mia.select(panel, ["=The Scream"], custom_id="easel:art:style")
    before = len(gallery.art.history())
    await teller(gallery, MONDAY - 1).poll()
    assert len(gallery.art.history()) == before
    await teller(gallery).poll()
    *_, message = gallery.art.history()
    assert "The most starred pictures of the week" in shown(message)
    assert f"**1.** Starry Night · <@{gallery.chat.ada.id}> · ★ 1 star" in shown(message)
    assert "The style of the week: **The Scream**" in shown(message)
    assert "**2.**" not in shown(message)
    assert len(message.attachments) == 1
    assert (WEEK, message.id) in await rows(gallery)
    await teller(gallery).poll()
    await teller(gallery, MONDAY + 86400).poll()
    assert len(gallery.art.history()) == before + 1


async def test_a_crash_between_claim_and_post_does_not_post_twice(gallery: GalleryHarness) -> None:
    await star_last_week(gallery)
    before = len(gallery.art.history())
    async with gallery.chat.services.database.begin() as connection:
        await digest.claim(connection, gallery.chat.env.guild.id, told_week(MONDAY), now=MONDAY)
    await teller(gallery).poll()
    assert len(gallery.art.history()) == before


async def test_a_week_without_stars_has_no_digest(gallery: GalleryHarness) -> None:
    await gallery.hang()
    await teller(gallery).poll()
    assert len(gallery.art.history()) == 1
    assert (WEEK, None) in await rows(gallery)


async def test_where_no_digest_is_wanted_there_is_none(gallery: GalleryHarness) -> None:
    await star_last_week(gallery)
    panel = (await gallery.mia.slash(gallery.chat.channel, "artchannel settings")).response
    assert panel is not None
    await gallery.mia.click(panel, label="Weekly digest: yes")
    await teller(gallery).poll()
    assert [week for week, _message in await rows(gallery) if week == WEEK] == []


@pytest.mark.parametrize(("status", "again"), [(400, True), (403, False)])
async def test_a_digest_that_discord_refuses(
    gallery: GalleryHarness, env: Env, status: int, *, again: bool
) -> None:
    """A passing fault is tried again a minute later; a lost permission is not."""
    await star_last_week(gallery)
    before = len(gallery.art.history())
    env.inject_error(
        "POST", f"/channels/{gallery.art.id}/messages", status=status, code=50013 * (status == 403)
    )
    await teller(gallery).poll()
    assert len(gallery.art.history()) == before
    await teller(gallery, MONDAY + 60).poll()
    assert len(gallery.art.history()) == before + again


async def test_the_gallery_updater_tells_the_digest_and_looks_at_the_clock_once_a_minute(
    gallery: GalleryHarness,
) -> None:
    await star_last_week(gallery)
    before = len(gallery.art.history())
    await gallery.gallery_updater(later_s=MONDAY - gallery.chat.services.clock() + 5).poll()
    assert len(gallery.art.history()) == before + 1
    assert labels(gallery.art.history()[-1]) == []


async def test_more_servers_than_are_told_at_once_need_not_wait_for_the_next_look(
    gallery: GalleryHarness, env: Env
) -> None:
    guild_ids = [env.create_guild(f"server {number}").id for number in range(DigestTeller.limit + 2)]
    async with gallery.chat.services.database.begin() as connection:
        for guild_id in guild_ids:
            await server_settings.keep(connection, guild_id, GuildSettings(art_channel=1))
    telling = asyncio.create_task(teller(gallery).run())
    async with asyncio.timeout(DigestTeller.poll_s / 2):
        while len(await rows(gallery)) < len(guild_ids) + 1:  # noqa: ASYNC110 - a row tells nobody
            await asyncio.sleep(0.05)
    telling.cancel()
    await asyncio.wait({telling})
