"""Which workers live."""

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.jobs import heartbeats
from tests.support.rows import NOW


async def test_a_worker_lives_while_it_says_so(connection: AsyncConnection) -> None:
    assert await heartbeats.count_living(connection, now=NOW) == 0
    await heartbeats.record(connection, "w", device="cpu", now=NOW)
    assert await heartbeats.count_living(connection, now=NOW + heartbeats.SILENT_S) == 1
    assert await heartbeats.count_living(connection, now=NOW + heartbeats.SILENT_S + 1) == 0
    await heartbeats.record(connection, "w", device="cpu", now=NOW + 100)
    assert await heartbeats.count_living(connection, now=NOW + 100) == 1


async def test_a_worker_that_left_lives_again_once_it_says_so(connection: AsyncConnection) -> None:
    await heartbeats.record(connection, "w", device="cpu", now=NOW)
    await heartbeats.remove(connection, "w")
    await heartbeats.remove(connection, "nobody")
    assert await heartbeats.count_living(connection, now=NOW) == 0
    await heartbeats.record(connection, "w", device="cuda:0", now=NOW)
    assert await heartbeats.count_living(connection, now=NOW) == 1


async def test_a_clock_that_was_set_back_leaves_no_ghosts(connection: AsyncConnection) -> None:
    await heartbeats.record(connection, "w", device="cpu", now=NOW + 3600)
    assert await heartbeats.count_living(connection, now=NOW) == 0
    await heartbeats.forget(connection, now=NOW)
    assert await heartbeats.count_living(connection, now=NOW + 3600) == 0


@pytest.mark.parametrize(("here", "expected"), [(1, 2), (2, 2), (5, 5)])
async def test_this_machine_s_workers_count_also_while_they_start(
    connection: AsyncConnection, here: int, expected: int
) -> None:
    for name in ("a", "b"):
        await heartbeats.record(connection, name, device="cpu", now=NOW)
    assert await heartbeats.at_once(connection, now=NOW, here=here) == expected
