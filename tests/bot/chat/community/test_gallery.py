"""`/gallery` and the weekly digest through discord.py's real machinery."""

from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO

import pytest
from PIL import Image
from simcord import Env, InteractionResult, MemberActor
from sqlalchemy import select, update

from bot.chat.client import EaselClient
from bot.chat.community.digest import DigestTeller
from bot.domain.gallery import digest
from bot.domain.gallery.digest import told_week
from bot.tables import digests as digests_table
from bot.tables import exhibits as table
from bot.tables import jobs as jobs_table
from tests.support.chat import ChatHarness, card, sentence
from tests.support.gallery import Hall, custom_id, hall_of, labels, shown
from tests.support.picture_files import png


@pytest.fixture
async def hall(chat: ChatHarness) -> Hall:
    opened = hall_of(chat)
    await opened.open()
    return opened


async def gallery(hall: Hall, who: MemberActor | None = None, **options: object) -> InteractionResult:
    return await (who or hall.chat.ben).slash(hall.chat.channel, "gallery", **options)


async def fill(hall: Hall, count: int) -> None:
    for number in range(count):
        who = hall.chat.ada if number % 2 else hall.chat.ben
        await hall.hang(who, content=("c.png", png(60 + number, 60)))


async def test_an_empty_gallery_says_how_to_fill_it(hall: Hall) -> None:
    result = await gallery(hall)
    assert result.ephemeral
    assert "Nothing hangs here yet" in card(result)


async def test_a_gallery_shows_thumbnails_with_artist_style_stars_and_a_link(hall: Hall) -> None:
    message = await hall.hang()
    await hall.chat.ben.click(message, label="★ 0")
    result = await gallery(hall)
    assert result.response is not None
    assert f"**1.** Starry Night · <@{hall.chat.ada.id}> · ★ 1 star · [see it](" in card(result)
    assert f"/{hall.art.id}/{message.id})" in card(result)
    assert "1 picture · page 1 of 1" in card(result)
    (attachment,) = result.response.attachments
    assert attachment.description == "Picture 1, painted in the style of Starry Night"
    data = hall.chat.env.backend.cdn.get(attachment.url)
    assert data is not None
    assert Image.open(BytesIO(data)).format == "JPEG"


async def test_pages_are_turned_also_after_a_restart(hall: Hall, env: Env) -> None:
    await fill(hall, 7)
    first = (await gallery(hall)).response
    assert first is not None
    assert len(first.attachments) == 6
    await env.restart_bot(EaselClient(hall.chat.services, shard_count=1))
    await hall.chat.ben.click(first, label="Next")
    assert "page 2 of 2" in shown(first.message)
    assert len(first.message.attachments) == 1
    await hall.chat.ben.click(first, label="Back")
    assert "page 1 of 2" in shown(first.message)


async def test_by_artist_style_and_week(hall: Hall) -> None:
    await hall.hang()
    await hall.hang(hall.chat.ben, preset="The Scream")
    assert "1 picture ·" in card(await gallery(hall, artist=hall.chat.ben))
    assert "The Scream" in card(await gallery(hall, style="The Scream"))
    assert "Starry Night" not in card(await gallery(hall, style="The Scream"))
    async with hall.chat.services.database.begin() as connection:
        await connection.execute(update(table).where(table.c.job_id == 1).values(created_at=0))
    assert "Starry Night" not in card(await gallery(hall, time="week"))
    assert "Starry Night" in card(await gallery(hall, time="all"))
    refused = await gallery(hall, style="no such style")
    assert "No picture in the style “no such style” hangs here" in sentence(refused)
    choices = await hall.chat.ben.autocomplete(hall.chat.channel, "gallery", "style", "scr")
    assert [choice["value"] for choice in choices] == ["The Scream"]


async def test_age_restricted_pictures_show_only_in_an_age_restricted_channel(hall: Hall) -> None:
    await hall.hang()
    async with hall.chat.services.database.begin() as connection:
        await connection.execute(update(jobs_table).values(age_restricted=True))
    assert "Nothing hangs here yet" in card(await gallery(hall))
    hall.restrict(hall.chat.channel)
    assert "Starry Night" in card(await gallery(hall))


async def test_a_spoiler_stays_one_in_the_gallery(hall: Hall) -> None:
    await hall.hang()
    async with hall.chat.services.database.begin() as connection:
        await connection.execute(update(jobs_table).values(spoiler=True))
    response = (await gallery(hall)).response
    assert response is not None
    assert [one.filename for one in response.attachments] == ["SPOILER_picture-1.jpg"]
    assert "'spoiler': True" in str(response.components)


async def test_another_servers_gallery_is_its_own(hall: Hall) -> None:
    await fill(hall, 7)
    env = hall.chat.env
    elsewhere = env.create_guild("elsewhere")
    channel = elsewhere.create_text_channel("general")
    eve = elsewhere.add_member(env.create_user("eve"))
    assert "Nothing hangs here yet" in card(await eve.slash(channel, "gallery"))
    assert "gallery" not in env.create_user("dan").available_commands(), "servers only"


async def test_what_was_taken_down_is_shown_no_more(hall: Hall) -> None:
    message = await hall.hang()
    await hall.chat.ada.click(message, label="Take down")
    assert "Nothing hangs here yet" in card(await gallery(hall))


async def test_a_missing_blob_is_left_out(hall: Hall) -> None:
    await fill(hall, 2)
    job = await hall.chat.job()
    await hall.chat.services.picture_store.blobs.delete(job.result_blob or "")
    response = (await gallery(hall)).response
    assert response is not None
    assert len(response.attachments) == 1


async def test_a_person_keeps_their_pictures_out_and_lets_them_in_again(hall: Hall) -> None:
    await hall.hang()
    shown_to_ada = (await gallery(hall, hall.chat.ada)).response
    assert shown_to_ada is not None
    said = await hall.chat.ada.click(shown_to_ada, label="Keep my pictures out")
    assert "1 is being taken down" in sentence(said)
    await hall.curator(later_s=5).round()
    assert hall.art.history() == []
    await hall.deliver()
    await hall.curator(later_s=5).round()
    assert hall.art.history() == []
    again = (await gallery(hall, hall.chat.ada)).response
    assert again is not None
    assert "From now on" in sentence(await hall.chat.ada.click(again, label="Let my pictures hang"))
    await hall.deliver()
    await hall.curator(later_s=5).round()
    assert len(hall.art.history()) == 1, "the old one does not come back"


async def test_the_style_of_a_page_is_named_by_a_picture_of_this_server(hall: Hall, env: Env) -> None:
    await fill(hall, 7)
    page = (await gallery(hall, style="Starry Night")).response
    assert page is not None
    assert custom_id(page, "easel:gallery:").startswith("easel:gallery:1:all:0:")
    async with hall.chat.services.database.begin() as connection:
        await connection.execute(update(table).values(removed=True))
    result = await hall.chat.ben.click(page, label="Next")
    assert [one.content for one in result.followups] == ["That picture no longer hangs here."]


# The weekly digest -----------------------------------------------------------------------------------

MONDAY = datetime(2026, 11, 30, 9, tzinfo=UTC).timestamp()


def teller(hall: Hall, now: float = MONDAY) -> DigestTeller:
    services = replace(hall.chat.services, clock=lambda: now)
    return DigestTeller(client=hall.chat.env.bot, services=services)


async def star_last_week(hall: Hall) -> None:
    """Two pictures of the week before `MONDAY`, one of them with a star; nothing else hangs."""
    message = await hall.hang()
    await hall.hang(hall.chat.ben, preset="The Scream")
    await hall.chat.ben.click(message, label="★ 0")
    async with hall.chat.services.database.begin() as connection:
        await connection.execute(update(table).values(created_at=told_week(MONDAY).start))
    await hall.mia.slash(hall.chat.channel, "artchannel settings")


async def rows(hall: Hall) -> list[tuple[str, int | None]]:
    async with hall.chat.services.database.read() as connection:
        found = await connection.execute(select(digests_table.c.week, digests_table.c.message_id))
        return [(row.week, row.message_id) for row in found]


async def test_the_weeks_starred_pictures_are_posted_once_on_monday(hall: Hall) -> None:
    await star_last_week(hall)
    panel = (await hall.mia.slash(hall.chat.channel, "artchannel settings")).response
    assert panel is not None
    await hall.mia.select(panel, ["=The Scream"], custom_id="easel:art:style")
    before = len(hall.art.history())
    await teller(hall, MONDAY - 1).tell()
    assert len(hall.art.history()) == before
    await teller(hall).tell()
    *_, message = hall.art.history()
    assert "The most starred pictures of the week" in shown(message)
    assert f"**1.** Starry Night · <@{hall.chat.ada.id}> · ★ 1 star" in shown(message)
    assert "The style of the week: **The Scream**" in shown(message)
    assert "**2.**" not in shown(message)
    assert len(message.attachments) == 1
    assert ("2026-W48", message.id) in await rows(hall)
    await teller(hall).tell()
    await teller(hall, MONDAY + 86400).tell()
    assert len(hall.art.history()) == before + 1


async def test_a_crash_between_claim_and_post_does_not_post_twice(hall: Hall) -> None:
    await star_last_week(hall)
    before = len(hall.art.history())
    async with hall.chat.services.database.begin() as connection:
        await digest.claim(connection, hall.chat.env.guild.id, told_week(MONDAY), now=MONDAY)
    await teller(hall).tell()
    assert len(hall.art.history()) == before


async def test_a_week_without_stars_has_no_digest(hall: Hall) -> None:
    await hall.hang()
    await teller(hall).tell()
    assert len(hall.art.history()) == 1
    assert ("2026-W48", None) in await rows(hall)


async def test_where_no_digest_is_wanted_there_is_none(hall: Hall) -> None:
    await star_last_week(hall)
    panel = (await hall.mia.slash(hall.chat.channel, "artchannel settings")).response
    assert panel is not None
    await hall.mia.click(panel, label="Weekly digest: yes")
    await teller(hall).tell()
    assert [week for week, _message in await rows(hall) if week == "2026-W48"] == []


@pytest.mark.parametrize(("status", "again"), [(400, True), (403, False)])
async def test_a_digest_that_discord_refuses(hall: Hall, env: Env, status: int, *, again: bool) -> None:
    """A passing fault is tried again a minute later; a lost permission is not."""
    await star_last_week(hall)
    before = len(hall.art.history())
    env.inject_error("POST", f"/channels/{hall.art.id}/messages", status=status, code=50013 * (status == 403))
    await teller(hall).tell()
    assert len(hall.art.history()) == before
    await teller(hall, MONDAY + 60).tell()
    assert len(hall.art.history()) == before + again


async def test_the_curator_tells_the_digest_and_looks_at_the_clock_once_a_minute(hall: Hall) -> None:
    await star_last_week(hall)
    before = len(hall.art.history())
    await hall.curator(later_s=MONDAY - hall.chat.services.clock() + 5).round()
    assert len(hall.art.history()) == before + 1
    assert labels(hall.art.history()[-1]) == []
