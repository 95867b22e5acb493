"""What a gallery shows, in which order, and what it never shows; and the weekly digest."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.gallery import digest, exhibits, listing
from bot.domain.gallery.listing import Choice
from bot.domain.outbox import schedule
from bot.domain.privacy import personal_data
from bot.domain.servers import server_settings, users
from bot.domain.servers.server_settings import GuildSettings
from bot.domain.servers.users import PersonSettings
from bot.tables.people import digests as digests_table
from bot.tables.people import exhibits as table
from bot.tables.people import guilds as guilds_table
from bot.tables.pictures import server_presets
from tests.bot.domain.gallery.test_exhibits import ART, SERVER, enter, hung
from tests.support.rows import ADA, BEN, BLOB, NOW

ALL = Choice(guild_id=SERVER, age_restricted=False)


async def shown(connection: AsyncConnection, choice: Choice = ALL) -> list[int]:
    found = await listing.hanging(connection, choice, limit=10)
    assert await listing.count(connection, choice) == len(found)
    return [exhibit.job.id for exhibit in found]


async def star(connection: AsyncConnection, job_id: int, *givers: int) -> None:
    for user_id in givers:
        await listing.toggle_star(connection, job_id, guild_id=SERVER, user_id=user_id, now=NOW)


async def test_the_most_starred_come_first_and_then_the_newest(connection: AsyncConnection) -> None:
    first, second, third = [(await hung(connection)).job.id for _ in range(3)]
    assert await shown(connection) == [third, second, first]
    await star(connection, first, BEN, 3)
    await star(connection, second, BEN)
    assert await shown(connection) == [first, second, third]
    page = await listing.hanging(connection, ALL, limit=1, offset=1)
    assert [exhibit.job.id for exhibit in page] == [second]


async def test_a_large_gallery_is_counted_no_further_than_it_is_shown(connection: AsyncConnection) -> None:
    for _ in range(3):
        await hung(connection)
    assert await listing.count(connection, ALL, limit=2) == 2
    assert await listing.count(connection, ALL) == 3


async def test_stars_that_are_taken_back_with_their_giver_count_no_more(connection: AsyncConnection) -> None:
    first, second = [(await hung(connection)).job.id for _ in range(2)]
    await star(connection, first, BEN, 3)
    await star(connection, second, BEN)
    await personal_data.delete_rows(connection, BEN)
    found = await listing.hanging(connection, ALL, limit=10)
    assert [(exhibit.job.id, exhibit.stars) for exhibit in found] == [(first, 1), (second, 0)]
    await star(connection, first, 3)
    assert [exhibit.stars for exhibit in await listing.hanging(connection, ALL, limit=10)] == [0, 0]


async def test_only_this_servers_and_only_what_hangs(connection: AsyncConnection) -> None:
    kept, removed, waiting, entered = [(await hung(connection)).job for _ in range(4)]
    await exhibits.take_down(connection, removed.id, guild_id=SERVER, user_id=ADA, moderator=False, now=NOW)
    await connection.execute(update(table).where(table.c.job_id == waiting.id).values(message_id=None))
    await enter(connection, entered)
    assert await shown(connection) == [kept.id]
    assert await shown(connection, replace(ALL, guild_id=SERVER + 1)) == []


async def test_age_restricted_pictures_show_only_where_they_may(connection: AsyncConnection) -> None:
    restricted = (await hung(connection, age_restricted=True)).job.id
    assert await shown(connection) == []
    assert await shown(connection, replace(ALL, age_restricted=True)) == [restricted]


async def test_whoever_opted_out_is_not_shown(connection: AsyncConnection) -> None:
    await hung(connection)
    await users.keep(connection, ADA, PersonSettings(show_in_gallery=False))
    assert await shown(connection) == []
    await users.keep(connection, ADA, PersonSettings())
    assert len(await shown(connection)) == 1


async def test_by_artist_style_and_time(connection: AsyncConnection) -> None:
    mine = (await hung(connection)).job.id
    bens = (await hung(connection, user_id=BEN, style_name="100% Waves")).job.id
    assert await shown(connection, replace(ALL, artist_id=BEN)) == [bens]
    assert await shown(connection, replace(ALL, style="Starry Night")) == [mine]
    assert await shown(connection, replace(ALL, since=NOW + 1)) == []
    assert await shown(connection, replace(ALL, until=NOW)) == []
    assert await shown(connection, replace(ALL, since=NOW, until=NOW + 1)) == [bens, mine]
    assert await listing.styles(connection, ALL, like="0% wav") == ["100% Waves"]
    assert await listing.styles(connection, ALL, like="") == ["100% Waves", "Starry Night"]


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("now", "week"),
    [
        ("2026-11-30 09:00", "2026-W48"),  # a Monday
        ("2026-11-30 08:59", "2026-W47"),
        ("2026-12-06 23:59", "2026-W48"),
        ("2027-01-04 09:00", "2026-W53"),
    ],
)
def test_a_weeks_digest_is_told_from_monday_nine_o_clock(now: str, week: str) -> None:
    told = digest.told_week(at(now))
    assert told.name == week
    assert told.end - told.start == 7 * 86400
    assert datetime.fromtimestamp(told.start, UTC).isocalendar().weekday == 1


WEEK = digest.told_week(at("2026-11-30 09:00"))


async def due(connection: AsyncConnection) -> list[int]:
    return [one.guild_id for one in await digest.due(connection, WEEK, now=NOW)]


async def test_a_digest_is_due_where_there_is_an_art_channel_and_one_is_wanted(
    connection: AsyncConnection,
) -> None:
    await server_settings.keep(connection, 1, GuildSettings(art_channel=2**62))
    await server_settings.keep(connection, 2, GuildSettings())
    await server_settings.keep(connection, 3, GuildSettings(art_channel=ART, art_digest=False))
    await server_settings.keep(connection, 4, GuildSettings(art_channel=ART))
    await connection.execute(update(guilds_table).where(guilds_table.c.guild_id == 4).values(left_at=NOW))
    assert await due(connection) == [1]


async def test_a_digest_is_claimed_once(connection: AsyncConnection) -> None:
    await server_settings.keep(connection, SERVER, GuildSettings(art_channel=ART))
    assert await digest.claim(connection, SERVER, WEEK, now=NOW)
    assert not await digest.claim(connection, SERVER, WEEK, now=NOW)
    assert await due(connection) == []
    await schedule.retry_later(connection, digests_table, (SERVER, WEEK.name), due_at=NOW, error="503")
    assert await due(connection) == [SERVER]
    assert await digest.claim(connection, SERVER, WEEK, now=NOW)
    await digest.posted(connection, SERVER, WEEK, message_id=5)
    await schedule.retry_later(connection, digests_table, (SERVER, WEEK.name), due_at=NOW, error="503")
    assert await due(connection) == [], "what is posted is not posted again"


async def test_a_digest_holds_the_weeks_starred_pictures(connection: AsyncConnection) -> None:
    unstarred, starred, older, restricted = [
        (await hung(connection, age_restricted=number == 3)).job.id for number in range(4)
    ]
    for job_id in (starred, older, restricted):
        await star(connection, job_id, BEN)
    await connection.execute(update(table).values(created_at=WEEK.start))
    await connection.execute(update(table).where(table.c.job_id == older).values(created_at=WEEK.start - 1))
    found = await digest.best(connection, SERVER, WEEK, age_restricted=False)
    assert [exhibit.job.id for exhibit in found] == [starred]
    assert unstarred not in [exhibit.job.id for exhibit in found]
    assert len(await digest.best(connection, SERVER, WEEK, age_restricted=True)) == 2


async def test_shared_styles_are_the_paintings_and_the_servers_own(connection: AsyncConnection) -> None:
    for guild_id, name in ((SERVER, "harbour"), (SERVER + 1, "foreign")):
        values = {"guild_id": guild_id, "user_id": ADA, "name": name, "name_key": name, "look": {}}
        await connection.execute(server_presets.insert().values(style_blob=BLOB, created_at=NOW, **values))
    names = await digest.shared_styles(connection, SERVER)
    assert names.paintings[0] == "Starry Night"
    assert list(names.presets) == ["harbour"]
    assert "harbour" in names
    assert "The Scream" in names
    assert "foreign" not in names


async def test_a_server_s_preset_goes_before_a_painting_of_its_name(connection: AsyncConnection) -> None:
    """It may be older than the painting here."""
    values = {"guild_id": SERVER, "user_id": ADA, "name": "irises", "name_key": "irises", "look": {}}
    await connection.execute(server_presets.insert().values(style_blob=BLOB, created_at=NOW, **values))
    names = await digest.shared_styles(connection, SERVER)
    assert list(names.presets) == ["irises"]
    assert "Irises" not in names
