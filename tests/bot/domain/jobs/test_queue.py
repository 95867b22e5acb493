"""What is claimed by name, as PostgreSQL's engine does it, and which jobs wait for whom."""

import asyncio
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.db import Database
from bot.domain.jobs import queue
from bot.domain.jobs.model import Claim, State
from bot.domain.jobs.queue import CANDIDATES
from nst_core.params import VERSION
from tests.support.rows import (
    ADA,
    BEN,
    BLOB,
    LEASE_S,
    NOW,
    add,
    add_card,
    add_in,
    claim_one,
    column,
    job_of,
    progress,
    set_columns,
)

NEWER = VERSION + 1


async def claim(connection: AsyncConnection, job_id: int, *, params_version: int = VERSION) -> Claim | None:
    return await queue.claim(
        connection, job_id, worker="w", now=NOW, lease_s=LEASE_S, params_version=params_version
    )


async def claim_all(connection: AsyncConnection, *job_ids: int, params_version: int = VERSION) -> list[Claim]:
    return await queue.claim_all(
        connection, job_ids, worker="w", now=NOW, lease_s=LEASE_S, params_version=params_version
    )


async def queued_below_limit(
    connection: AsyncConnection, *, params_version: int = VERSION, running_per_user: int = 2
) -> list[int]:
    return await queue.queued_below_limit(
        connection, params_version=params_version, running_per_user=running_per_user
    )


async def test_a_job_is_claimed_by_name_whoever_stands_before_it(connection: AsyncConnection) -> None:
    first, second = await add(connection), await add(connection)
    claimed = await claim(connection, second)
    assert claimed is not None
    assert (claimed.job.id, claimed.worker, claimed.lease_s) == (second, "w", LEASE_S)
    assert (claimed.job.state, claimed.job.attempt, claimed.job.started_at) == (State.RUNNING, 1, NOW)
    assert await column(connection, second, "worker") == "w"
    assert await column(connection, second, "lease_until") == NOW + LEASE_S
    assert await column(connection, second, "batch_size") == 1
    assert (await job_of(connection, first)).state is State.QUEUED
    assert await claim(connection, second) is None, "it is no longer queued"
    assert await claim(connection, second + 1) is None, "there is no such job"


async def test_a_newer_job_is_claimed_by_a_newer_worker(connection: AsyncConnection) -> None:
    newer = await add(connection, params_version=NEWER)
    assert await claim(connection, newer) is None
    assert await claim_all(connection, newer) == []
    assert await queued_below_limit(connection) == []
    assert not await queue.anything_to_claim(connection, now=NOW, lease_s=LEASE_S)
    assert await queue.anything_to_claim(connection, now=NOW, lease_s=LEASE_S, params_version=NEWER)
    assert await queued_below_limit(connection, params_version=NEWER) == [newer]
    claimed = await claim(connection, newer, params_version=NEWER)
    assert claimed is not None
    assert claimed.job.id == newer


async def test_the_first_in_the_line_may_be_newer_than_its_worker(connection: AsyncConnection) -> None:
    newer, known = await add(connection, params_version=NEWER), await add(connection)
    assert (await claim_one(connection)).job.id == known
    given: Any = {"worker": "w", "now": NOW, "lease_s": LEASE_S, "running_per_user": 1}
    assert await queue.claim_next(connection, **given) is None
    claimed = await queue.claim_next(connection, **given, params_version=NEWER)
    assert claimed is not None
    assert claimed.job.id == newer


async def test_several_are_claimed_in_the_order_they_were_named(connection: AsyncConnection) -> None:
    first, second, third, newer = [
        await add(connection, params_version=version) for version in (VERSION, VERSION, VERSION, NEWER)
    ]
    await claim(connection, second)
    claims = await claim_all(connection, third, newer, second, first)
    assert [one.job.id for one in claims] == [third, first]
    assert {one.worker for one in claims} == {"w"}


async def test_what_is_painted_in_one_pass_is_noted_of_those_that_are_still_held(
    connection: AsyncConnection,
) -> None:
    ids = [await add(connection) for _ in range(4)]
    claims = await claim_all(connection, *ids[:3])
    await queue.cancel(connection, ids[1], user_id=ADA, now=NOW)
    await queue.release(connection, claims[2])
    await claim(connection, ids[2])
    await queue.note_batch(connection, claims)
    assert [await column(connection, each, "batch_size") for each in ids] == [3, 1, 1, 1]


async def test_a_user_with_enough_running_is_put_off_and_others_are_not(connection: AsyncConnection) -> None:
    ids = [await add(connection) for _ in range(4)]
    others = [await add(connection, BEN) for _ in range(2)]
    for running, put_off in ((ids[0], False), (others[0], False), (ids[1], True), (ids[2], True)):
        await claim(connection, running)
        assert await queue.is_put_off(connection, ADA, running_per_user=2) is put_off
    assert not await queue.is_put_off(connection, BEN, running_per_user=2)
    assert await queued_below_limit(connection) == [others[1]]
    assert await queued_below_limit(connection, running_per_user=4) == [others[1], ids[3]]


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
async def test_whoever_asks_next_counts_what_is_just_being_claimed(database: Database) -> None:
    async with database.begin() as connection:
        job_id = await add(connection)
    async with database.begin() as second:
        async with database.begin() as first:
            assert not await queue.is_put_off(first, ADA, running_per_user=1)
            asking = asyncio.create_task(queue.is_put_off(second, ADA, running_per_user=1))
            await asyncio.wait({asking}, timeout=0.3)  # for an answer too early
            await claim(first, job_id)
        assert await asking


async def test_so_many_candidates_are_offered_in_fair_order(connection: AsyncConnection) -> None:
    theirs = [await add(connection, number) for number in range(1, CANDIDATES + 2)]
    await set_columns(connection, theirs[-1], fair_tag=-1.0)
    await set_columns(connection, theirs[0], fair_tag=99.0)
    assert await queued_below_limit(connection) == [theirs[-1], *theirs[1:-1]][:CANDIDATES]


async def test_only_a_queued_job_has_a_user_who_waits(connection: AsyncConnection) -> None:
    job_id, other_id = await add(connection, BEN), await add(connection)
    assert await queue.user_of_queued(connection, job_id) == BEN
    assert await queue.user_of_queued(connection, other_id) == ADA
    await claim(connection, job_id)
    assert await queue.user_of_queued(connection, job_id) is None
    assert await queue.user_of_queued(connection, other_id + 1) is None


async def test_a_queued_job_that_stays_too_new_fails_and_no_other_does(connection: AsyncConnection) -> None:
    old, young, known, running = [
        await add(connection, params_version=version, created_at=created_at)
        for version, created_at in ((NEWER, NOW - 1), (NEWER, NOW), (VERSION, NOW - 1), (NEWER, NOW - 1))
    ]
    await claim(connection, running, params_version=NEWER)
    before = await job_of(connection, old)
    given_up = await queue.give_up_too_new(
        connection, params_version=VERSION, before=NOW, reference="r", now=NOW + 5
    )
    assert given_up == [old]
    after = await job_of(connection, old)
    assert (after.state, after.reference, after.ended_at) == (State.FAILED, "r", NOW + 5)
    assert after.error == "No worker here knows yet how to paint this: please try again later."
    assert after.revision == before.revision + 1
    states = [(await job_of(connection, each)).state for each in (young, known, running)]
    assert states == [State.QUEUED, State.QUEUED, State.RUNNING]


async def held(connection: AsyncConnection) -> Claim:
    """A running job that shows a preview."""
    await add(connection)
    claimed = await claim_one(connection)
    shown = progress(1, preview_blob=BLOB)
    assert await queue.renew(connection, claimed, shown, now=NOW, lease_s=LEASE_S)
    return claimed


async def lease_and_preview(connection: AsyncConnection, job_id: int) -> tuple[object, object]:
    return await column(connection, job_id, "lease_until"), await column(connection, job_id, "preview_blob")


async def test_an_ended_job_has_neither_lease_nor_preview(connection: AsyncConnection) -> None:
    rendered, failed, cancelled, poisonous = [await held(connection) for _ in range(4)]
    assert await queue.render(connection, rendered, result_blob=BLOB, figures={}, now=NOW)
    assert await queue.fail(connection, failed, error="No.", reference="r", now=NOW + 1)
    assert await queue.cancel(connection, cancelled.job.id, user_id=ADA, now=NOW + 2)
    taken = await queue.requeue_stalled(
        connection, now=NOW + 3, lease_s=LEASE_S, max_attempts=1, reference="r", dead_worker="w"
    )
    assert taken == [poisonous.job.id]
    for number, claimed in enumerate((rendered, failed, cancelled, poisonous)):
        assert await lease_and_preview(connection, claimed.job.id) == (None, None)
        assert (await job_of(connection, claimed.job.id)).ended_at == NOW + number


async def test_a_job_that_goes_back_to_the_line_is_nobody_s_and_keeps_its_preview(
    connection: AsyncConnection,
) -> None:
    released, stalled = await held(connection), await held(connection)
    assert await queue.release(connection, released)
    assert await queue.requeue_stalled(
        connection, now=NOW, lease_s=LEASE_S, max_attempts=2, reference="r", dead_worker="w"
    ) == [stalled.job.id]
    for claimed in (released, stalled):
        assert await column(connection, claimed.job.id, "worker") is None
        assert await lease_and_preview(connection, claimed.job.id) == (None, BLOB)


async def test_delivering_closes_no_other_card(connection: AsyncConnection) -> None:
    delivered, other = [(await add_in(connection, State.RENDERED)).id for _ in range(2)]
    for each in (delivered, other):
        await add_card(connection, each)
    assert await queue.deliver(connection, delivered)
    assert (await job_of(connection, other)).state is State.RENDERED
    assert await queue.deliver(connection, other)


async def test_news_of_a_picture_keep_its_lease_alive(connection: AsyncConnection) -> None:
    claimed = await held(connection)
    assert await queue.renew(connection, claimed, progress(2), now=NOW + 9, lease_s=LEASE_S)
    assert await column(connection, claimed.job.id, "lease_until") == NOW + 9 + LEASE_S


async def test_a_lease_that_ends_impossibly_late_was_given_by_a_clock_that_was_set_back(
    connection: AsyncConnection,
) -> None:
    job_id = (await held(connection)).job.id
    given: Any = {"lease_s": LEASE_S, "max_attempts": 3, "reference": "r"}
    assert await queue.requeue_stalled(connection, now=NOW - LEASE_S, **given) == [], "clocks may differ"
    assert not await queue.anything_to_claim(connection, now=NOW - LEASE_S, lease_s=LEASE_S)
    assert await queue.anything_to_claim(connection, now=NOW - LEASE_S - 1, lease_s=LEASE_S)
    assert await queue.requeue_stalled(connection, now=NOW - LEASE_S - 1, **given) == [job_id]
