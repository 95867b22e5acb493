"""A server that removed the bot: noted, forgotten some days later, or back again."""

from typing import Any

from sqlalchemy import Table, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.jobs import stats
from bot.domain.jobs.model import State
from bot.domain.servers import left, server_settings
from bot.domain.servers.server_settings import GuildSettings
from bot.tables.people import challenges, digests, exhibits, log_entries, server_blocks, stars
from bot.tables.people import guilds as guilds_table
from bot.tables.pictures import deliveries, server_presets
from tests.support.rows import BEN, BLOB, NOW, add, add_card, add_in, job_of

SERVER, OTHER = 10, 11
LATER = NOW + 1000


async def noted(connection: AsyncConnection) -> dict[int, float | None]:
    rows = await connection.execute(select(guilds_table.c.guild_id, guilds_table.c.left_at))
    return {row.guild_id: row.left_at for row in rows}


async def count(connection: AsyncConnection, table: Table) -> int:
    return int((await connection.execute(select(func.count()).select_from(table))).scalar_one())


async def furnish(connection: AsyncConnection, guild_id: int) -> int:
    """A server with something in every room; returns its finished job."""
    await server_settings.keep(connection, guild_id, GuildSettings(jobs_per_day=3))
    job = await add_in(connection, State.DELIVERED, guild_id=guild_id, challenge_id=1)
    await add_card(connection, job.id)
    common: dict[str, Any] = {"guild_id": guild_id, "created_at": NOW}
    rows: list[tuple[Table, dict[str, Any]]] = [
        (exhibits, {**common, "job_id": job.id, "channel_id": 20}),
        (stars, {"job_id": job.id, "user_id": BEN, "created_at": NOW}),
        (digests, {**common, "week": "2026-W48"}),
        (challenges, {**common, "channel_id": 20, "user_id": BEN, "theme": "sea", "state": "ended"}),
        (server_blocks, {**common, "blocked_id": BEN, "reason": ""}),
        (log_entries, {**common, "kind": "asked", "user_id": BEN, "subject": "x"}),
        (
            server_presets,
            {**common, "user_id": BEN, "name": "x", "name_key": "x", "look": {}, "style_blob": BLOB},
        ),
    ]
    for table, values in rows:
        await connection.execute(table.insert().values(**values))
    return job.id


async def forget(connection: AsyncConnection, guild_id: int = SERVER, *, before: float = LATER) -> None:
    while await left.forget_some(connection, guild_id, before=before):
        pass


async def test_a_departure_is_noted_and_a_return_takes_it_back(connection: AsyncConnection) -> None:
    await server_settings.keep(connection, SERVER, GuildSettings(jobs_per_day=3))
    await left.left(connection, SERVER, now=NOW)
    await left.left(connection, OTHER, now=NOW + 5)
    assert await noted(connection) == {SERVER: NOW, OTHER: NOW + 5}
    assert await left.gone_before(connection, NOW + 1) == [SERVER]
    await left.joined(connection, SERVER)
    assert await left.gone_before(connection, LATER) == [OTHER]
    assert (await server_settings.settings_of(connection, SERVER)).jobs_per_day == 3


async def test_what_was_missed_while_nobody_listened_is_caught_up_with(connection: AsyncConnection) -> None:
    for guild_id in (1, 2, 3, 900):
        await left.joined(connection, guild_id)
    await left.left(connection, 3, now=NOW)
    await left.catch_up(connection, {2, 3, 4}, now=LATER, of_shards=lambda guild_id: guild_id < 900)
    assert await noted(connection) == {1: LATER, 2: None, 3: None, 4: None, 900: None}


async def test_a_forgotten_server_leaves_nothing_and_its_members_keep_their_pictures(
    connection: AsyncConnection,
) -> None:
    gone, stays = await furnish(connection, SERVER), await furnish(connection, OTHER)
    await left.left(connection, SERVER, now=NOW)
    await forget(connection)
    job = await job_of(connection, gone)
    assert (job.guild_id, job.channel_id, job.challenge_id) == (None, 0, None)
    assert (job.state, job.result_blob) == (State.DELIVERED, BLOB)
    assert set(await noted(connection)) == {OTHER}
    of_server = (deliveries, exhibits, stars, digests, challenges, server_presets, server_blocks, log_entries)
    for table in of_server:
        assert await count(connection, table) == 1, table.name
    assert (await job_of(connection, stays)).guild_id == OTHER
    assert await stats.count_painted(connection) == 2
    assert await stats.count_painted(connection, guild_id=SERVER) == 0


async def test_nothing_goes_before_its_time_or_after_a_return(connection: AsyncConnection) -> None:
    job_id = await furnish(connection, SERVER)
    await left.left(connection, SERVER, now=NOW)
    await forget(connection, before=NOW)
    assert (await job_of(connection, job_id)).guild_id == SERVER
    await left.joined(connection, SERVER)
    await forget(connection)
    assert (await job_of(connection, job_id)).guild_id == SERVER
    assert await count(connection, server_presets) == 1


async def test_many_jobs_are_forgotten_in_small_steps(connection: AsyncConnection) -> None:
    job = await add_in(connection, State.CANCELLED, guild_id=SERVER)
    for _ in range(left.BATCH):
        await add_in(connection, State.CANCELLED, guild_id=SERVER)
    await left.left(connection, SERVER, now=NOW)
    assert await left.forget_some(connection, SERVER, before=LATER)
    assert SERVER in await noted(connection)
    assert not await left.forget_some(connection, SERVER, before=LATER)
    assert await noted(connection) == {}
    assert (await job_of(connection, job.id)).guild_id is None


async def test_who_brings_the_app_along_after_the_departure_loses_nothing(
    connection: AsyncConnection,
) -> None:
    await left.left(connection, SERVER, now=NOW)
    painted = await add_in(connection, State.DELIVERED, guild_id=SERVER, created_at=NOW + 1)
    job_id = await add(connection, guild_id=SERVER, created_at=NOW + 1)
    await forget(connection)
    assert (await job_of(connection, painted.id)).guild_id == SERVER
    assert (await job_of(connection, job_id)).guild_id == SERVER


async def test_what_still_waits_at_the_end_keeps_its_place_to_be_posted(connection: AsyncConnection) -> None:
    job_id = await add(connection, guild_id=SERVER, created_at=NOW - 1)
    await left.left(connection, SERVER, now=NOW)
    await forget(connection)
    assert (await job_of(connection, job_id)).guild_id == SERVER
