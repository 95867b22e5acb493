"""Which style is the style of the week."""

from datetime import UTC, datetime

import pytest

from bot.db import Database
from bot.domain.gallery import digest
from bot.domain.servers.server_settings import GuildSettings
from bot.domain.styles.builtin import BUILT_IN

WEEK_S = 7 * 24 * 3600.0
MONDAY = datetime(2026, 11, 30, tzinfo=UTC).timestamp()


async def styles(database: Database, guild_id: int, *times: float) -> list[str | None]:
    settings = GuildSettings(weekly_changes=True)
    async with database.read() as connection:
        return [await digest.style_of_week(connection, guild_id, settings, now=now) for now in times]


async def test_every_style_comes_up_before_one_does_again(database: Database) -> None:
    turns = await styles(database, 7, *(MONDAY + week * WEEK_S for week in range(2 * len(BUILT_IN))))
    first, second = turns[: len(BUILT_IN)], turns[len(BUILT_IN) :]
    assert set(first) == {one.name for one in BUILT_IN}
    assert first == second


async def test_it_is_the_same_from_monday_to_sunday(database: Database) -> None:
    before, start, end = await styles(database, 7, MONDAY - 1, MONDAY, MONDAY + WEEK_S - 1)
    assert start == end != before


async def test_servers_have_an_order_of_their_own(database: Database) -> None:
    weeks = [MONDAY + week * WEEK_S for week in range(len(BUILT_IN))]
    assert await styles(database, 7, *weeks) != await styles(database, 8, *weeks)


@pytest.mark.parametrize("name", ["The Scream", None])
async def test_a_style_that_a_server_has_named_stays(database: Database, name: str | None) -> None:
    async with database.read() as connection:
        settings = GuildSettings(weekly_style=name)
        assert await digest.style_of_week(connection, 7, settings, now=MONDAY) == name
