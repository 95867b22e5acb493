"""The fair tag: nobody's twelve jobs keep the others waiting."""

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.jobs import queue
from tests.support.rows import NOW, add, claim_one, job_of

NAMES = {1: "A", 2: "B", 3: "C"}


async def submit(connection: AsyncConnection, names: str) -> None:
    for name in names:
        await add(connection, "?ABC".index(name))


async def served(connection: AsyncConnection, count: int) -> str:
    """The users of the next jobs, each claimed and rendered."""
    order = ""
    for _ in range(count):
        claim = await claim_one(connection)
        await queue.render(connection, claim, result_blob="0" * 64, figures={}, now=NOW)
        order += NAMES[claim.job.user_id]
    return order


async def test_users_take_turns_whoever_came_first(connection: AsyncConnection) -> None:
    await submit(connection, "AAAAAAAAAAAABBBCCC")
    assert await served(connection, 18) == "ABCABCABCAAAAAAAAA"


async def test_who_comes_late_waits_for_no_backlog_and_gets_no_credit(connection: AsyncConnection) -> None:
    await submit(connection, "AAAAAAAA")
    assert await served(connection, 4) == "AAAA"
    await submit(connection, "BBB")
    assert await served(connection, 7) == "BABABAA"


async def test_after_a_quiet_time_all_start_alike(connection: AsyncConnection) -> None:
    await submit(connection, "AAAAAA")
    await served(connection, 6)
    await submit(connection, "ABAB")
    assert await served(connection, 4) == "BABA"


async def test_one_user_s_jobs_keep_their_order(connection: AsyncConnection) -> None:
    ids = [await add(connection, 1) for _ in range(5)]
    assert [(await claim_one(connection)).job.id for _ in ids] == ids


@pytest.mark.parametrize("cancelled", [1, 5])
async def test_a_job_that_was_cancelled_while_queued_costs_no_turn(
    connection: AsyncConnection, cancelled: int
) -> None:
    for _ in range(cancelled):
        await queue.cancel(connection, await add(connection, 1), user_id=1, now=NOW)
    await submit(connection, "BAB")
    assert await served(connection, 3) == "BAB"


async def test_a_job_that_was_cancelled_while_running_does(connection: AsyncConnection) -> None:
    first = await add(connection, 1)
    await claim_one(connection)
    await queue.cancel(connection, first, user_id=1, now=NOW)
    second = await add(connection, 1)
    assert (await job_of(connection, second)).fair_tag > (await job_of(connection, first)).fair_tag


async def claimed(connection: AsyncConnection, count: int, *, running_per_user: int = 2) -> str:
    """The users of the next jobs, all of which go on running."""
    found = [await claim_one(connection, running_per_user=running_per_user) for _ in range(count)]
    return "".join(NAMES[claim.job.user_id] for claim in found)


async def test_a_third_job_does_not_run_while_others_wait(connection: AsyncConnection) -> None:
    await submit(connection, "AAAA")
    assert await claimed(connection, 2) == "AA"
    await submit(connection, "BBBC")
    assert await claimed(connection, 3) == "BCB"


async def test_no_worker_stays_idle_for_the_cap(connection: AsyncConnection) -> None:
    await submit(connection, "AAAAB")
    assert await claimed(connection, 5) == "ABAAA"
    assert await queue.claim_next(connection, worker="w", now=NOW, lease_s=20, running_per_user=2) is None
