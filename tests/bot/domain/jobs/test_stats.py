"""How much was painted is counted where a picture is finished."""

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.jobs import queue, stats
from bot.domain.jobs.model import State
from bot.tables.pictures import jobs
from tests.support.rows import ADA, BEN, BLOB, NOW, add, add_in, claim_one

SERVER, OTHER = 10, 11


async def test_finished_pictures_count_for_their_server_and_in_all(connection: AsyncConnection) -> None:
    assert await stats.count_painted(connection) == 0
    for guild_id in (SERVER, SERVER, OTHER, None):
        await add_in(connection, State.DELIVERED, guild_id=guild_id)
    await add_in(connection, State.FAILED, guild_id=SERVER)
    await add_in(connection, State.RENDERED, BEN, guild_id=SERVER)
    assert await stats.count_painted(connection) == 5
    assert await stats.count_painted(connection, guild_id=SERVER) == 3
    assert await stats.count_painted(connection, guild_id=99) == 0
    assert await stats.count_painted_of(connection, ADA) == 4


async def test_a_worker_that_has_lost_its_lease_counts_nothing(connection: AsyncConnection) -> None:
    job_id = await add(connection)
    claim = await claim_one(connection)
    await queue.cancel(connection, job_id, user_id=ADA, now=NOW)
    assert not await queue.render(connection, claim, result_blob=BLOB, figures={}, now=NOW)
    assert await stats.count_painted(connection) == 0


async def test_a_picture_that_was_deleted_was_painted_all_the_same(connection: AsyncConnection) -> None:
    await add_in(connection, State.DELIVERED)
    await connection.execute(delete(jobs))
    assert await stats.count_painted(connection) == 1
    assert await stats.count_painted_of(connection, ADA) == 0


async def test_what_was_painted_in_a_forgotten_server_counts_in_all_alone(
    connection: AsyncConnection,
) -> None:
    for guild_id in (SERVER, OTHER):
        await add_in(connection, State.DELIVERED, guild_id=guild_id)
    await stats.forget_server(connection, SERVER)
    await stats.forget_server(connection, 99)
    assert await stats.count_painted(connection) == 2
    assert await stats.count_painted(connection, guild_id=SERVER) == 0
