"""The outbox's SQL: who may take a row, how long it is theirs, and what a try leaves behind."""

from typing import Any

import pytest
from sqlalchemy import Table, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.db import Database
from bot.domain.outbox import schedule, takedowns
from bot.domain.outbox.schedule import LEASE_S, Key, is_due
from bot.tables.people import ALL, digests, exhibits
from bot.tables.people import takedowns as table_of_takedowns
from bot.tables.pictures import deliveries
from tests.support.rows import NOW

WEEKS = ("2026-W47", "2026-W48")


@pytest.fixture
async def rows(connection: AsyncConnection) -> AsyncConnection:
    """Two messages to be taken down, 1 and 2, and one server's digests of two weeks."""
    await takedowns.add(connection, {1: 20, 2: 20})
    for week in WEEKS:
        await connection.execute(digests.insert().values(guild_id=10, week=week, created_at=NOW))
    return connection


async def claim(
    connection: AsyncConnection,
    table: Table = table_of_takedowns,
    *,
    now: float = NOW,
    holder: str = "one",
    own: bool = False,
    **values: object,
) -> list[Key]:
    keys = list(table.primary_key.columns)
    due = select(*keys).where(is_due(table, now, holder=holder if own else None))
    found = await schedule.claim(connection, table, due, now=now, holder=holder, **values)
    return sorted(tuple(row[key.name] for key in keys) for row in found)


async def row(connection: AsyncConnection, message_id: int = 1) -> dict[str, Any]:
    query = select(table_of_takedowns).where(table_of_takedowns.c.message_id == message_id)
    return dict((await connection.execute(query)).mappings().one())


def test_the_four_tables_have_the_same_columns() -> None:
    columns = {"due_at", "lease_until", "leased_by", "tries", "last_error"}
    for table in (deliveries, exhibits, digests, table_of_takedowns):
        assert columns <= set(table.c.keys())


async def test_a_leased_row_is_nobody_elses_until_the_lease_ends(rows: AsyncConnection) -> None:
    assert await claim(rows) == [(1,), (2,)]
    assert (await row(rows))["leased_by"] == "one"
    assert await claim(rows, now=NOW + LEASE_S - 1, holder="two") == []
    assert await claim(rows, now=NOW + LEASE_S, holder="two") == [(1,), (2,)]


async def test_who_holds_a_row_may_take_it_again_and_nobody_else(rows: AsyncConnection) -> None:
    await claim(rows)
    assert await claim(rows, own=True) == [(1,), (2,)]
    assert await claim(rows, own=True, holder="two") == []
    await takedowns.add(rows, {3: 20})
    assert await claim(rows, own=True) == [(1,), (2,), (3,)], "and what nobody holds"


async def test_rows_are_found_by_keys_of_two_columns(rows: AsyncConnection) -> None:
    assert await claim(rows, digests) == [(10, week) for week in WEEKS]
    await schedule.settle(rows, digests, (10, WEEKS[0]), due_at=None, message_id=5)
    await schedule.retry_later(rows, digests, (10, WEEKS[1]), due_at=NOW, error="503")
    assert await claim(rows, digests) == [(10, WEEKS[1])]


async def test_what_changes_with_a_claim_is_told_with_it(rows: AsyncConnection) -> None:
    assert len(await claim(rows, digests, due_at=None)) == 2
    assert await claim(rows, digests, now=NOW + 1e6) == [], "due_at of None: never"


async def test_a_failed_try_is_counted_noted_and_made_again_when_it_is_due(rows: AsyncConnection) -> None:
    for tries in (1, 2):
        assert (1,) in await claim(rows, now=NOW + 5 * (tries - 1))
        await schedule.retry_later(
            rows, table_of_takedowns, (1,), due_at=NOW + 5 * tries, error="HTTPException 503"
        )
        assert await claim(rows, now=NOW + 5 * tries - 1, holder="two") == []
        failed = await row(rows)
        assert (failed["tries"], failed["last_error"]) == (tries, "HTTPException 503")
        assert (failed["lease_until"], failed["leased_by"]) == (0.0, None)


async def test_a_lease_that_ran_out_counts_as_a_failed_try(rows: AsyncConnection) -> None:
    for number in range(3):
        await claim(rows, now=NOW + number * LEASE_S)
        assert (await row(rows))["tries"] == number
        begun = (await rows.execute(select(schedule.begun(table_of_takedowns)))).scalars()
        assert list(begun) == [number + 1] * 2


async def test_success_forgets_what_failed_before(rows: AsyncConnection) -> None:
    await claim(rows)
    await schedule.retry_later(rows, table_of_takedowns, (1,), due_at=NOW, error="503")
    await claim(rows)
    await schedule.settle(rows, table_of_takedowns, (1,), due_at=NOW + 3)
    settled = await row(rows)
    assert (settled["tries"], settled["last_error"], settled["lease_until"]) == (0, None, 0.0)
    assert await claim(rows, now=NOW + 2) == []
    assert await claim(rows, now=NOW + 3) == [(1,)]


async def test_only_the_holder_renews_a_lease(rows: AsyncConnection) -> None:
    await claim(rows)
    for holder, key in (("one", (1,)), ("two", (2,))):
        await schedule.renew(rows, table_of_takedowns, {key}, holder=holder, now=NOW + 5)
    assert await claim(rows, now=NOW + LEASE_S, holder="three") == [(2,)]


async def test_what_another_is_just_taking_is_passed_over_and_not_waited_for(postgres_url: str) -> None:
    """On PostgreSQL; SQLite's writers come one after the other."""
    database = Database(postgres_url)
    async with database.begin() as connection:
        await takedowns.add(connection, {1: 20, 2: 20, 3: 20})
    async with database.begin() as first, database.begin() as second:
        one = await takedowns.claim_due(first, now=NOW, limit=2)
        two = await takedowns.claim_due(second, now=NOW, limit=2)
        assert [{taken.message_id for taken in each} for each in (one, two)] == [{2, 3}, {1}]
    await database.dispose()


async def test_no_more_rows_are_leased_than_are_chosen_however_it_is_planned(rows: AsyncConnection) -> None:
    """PostgreSQL may evaluate a subquery anew for each row, which passes over what is leased already."""
    await takedowns.add(rows, {3: 20, 4: 20})
    for way in (
        () if rows.dialect.name == "sqlite" else ("hashjoin", "mergejoin", "hashagg", "material", "sort")
    ):
        await rows.execute(text(f"SET LOCAL enable_{way} = off"))
    assert len(await takedowns.claim_due(rows, now=NOW, limit=1)) == 1
    keys = digests.primary_key.columns
    one_week = select(*keys).where(is_due(digests, NOW)).order_by(*keys).limit(1)
    found = await schedule.claim(rows, digests, one_week, now=NOW)
    assert [row["week"] for row in found] == [WEEKS[0]]


async def test_after_an_outage_all_that_has_failed_is_due_at_once(rows: AsyncConnection) -> None:
    await schedule.retry_later(rows, table_of_takedowns, (1,), due_at=NOW + 300, error="503")
    await schedule.settle(rows, table_of_takedowns, (2,), due_at=NOW + 300)
    await schedule.retry_later(rows, digests, (10, WEEKS[0]), due_at=NOW + 300, error="503")
    await schedule.settle(rows, digests, (10, WEEKS[1]), due_at=None)
    assert await schedule.retry_all_now(rows, now=NOW) == 2
    assert await claim(rows) == [(1,)], "what was just shown keeps its time"
    assert await claim(rows, digests) == [(10, WEEKS[0])], "and what is done stays done"
    assert (await row(rows))["tries"] == 1, "the pause goes on where it was"


async def test_a_row_that_was_deleted_meanwhile_is_not_settled(rows: AsyncConnection) -> None:
    assert await schedule.settle(rows, table_of_takedowns, (1,))
    await takedowns.forget(rows, 1)
    assert not await schedule.settle(rows, table_of_takedowns, (1,))


def test_all_tables_with_the_outboxs_columns_are_due_at_once_when_discord_is_back() -> None:
    columns = {"due_at", "lease_until", "leased_by", "tries", "last_error"}
    assert set(schedule.OUTBOX) == {one for one in ALL.tables.values() if columns <= set(one.c.keys())}
