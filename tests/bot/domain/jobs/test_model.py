"""A job's transitions: those allowed, those that must not happen, and what each leaves behind."""

from collections.abc import Awaitable, Callable, Mapping

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.jobs import model, queue, stats
from bot.domain.jobs.model import WAITING, Claim, Job, State
from bot.domain.outbox import deliveries
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

Transition = Callable[[AsyncConnection, Job], Awaitable[bool]]


def as_worker(job: Job) -> Claim:
    return Claim(job=job, worker="w", lease_s=LEASE_S)


async def claim(connection: AsyncConnection, _job: Job) -> bool:
    return (
        await queue.claim_next(connection, worker="w", now=NOW, lease_s=LEASE_S, running_per_user=2)
        is not None
    )


async def renew(connection: AsyncConnection, job: Job) -> bool:
    return await queue.renew(connection, as_worker(job), progress(1), now=NOW, lease_s=LEASE_S)


async def render(connection: AsyncConnection, job: Job) -> bool:
    return await queue.render(connection, as_worker(job), result_blob=BLOB, figures={}, now=NOW)


async def fail(connection: AsyncConnection, job: Job) -> bool:
    return await queue.fail(connection, as_worker(job), error="No.", reference="r", now=NOW)


async def release(connection: AsyncConnection, job: Job) -> bool:
    return await queue.release(connection, as_worker(job))


async def sweep(connection: AsyncConnection, job: Job) -> bool:
    late = NOW + LEASE_S + 1
    return job.id in await queue.requeue_stalled(
        connection, now=late, lease_s=LEASE_S, max_attempts=3, reference="r"
    )


async def cancel(connection: AsyncConnection, job: Job) -> bool:
    return await queue.cancel(connection, job.id, user_id=job.user_id, now=NOW)


async def keep_painted(connection: AsyncConnection, job: Job) -> bool:
    return await queue.keep_painted(
        connection, job.id, user_id=job.user_id, now=NOW, frames=3, result_blob=BLOB
    )


async def deliver(connection: AsyncConnection, job: Job) -> bool:
    return await queue.deliver(connection, job.id)


ALLOWED: Mapping[tuple[State, Transition], State] = {
    (State.QUEUED, claim): State.RUNNING,
    (State.QUEUED, cancel): State.CANCELLED,
    (State.QUEUED, keep_painted): State.RENDERED,
    (State.RUNNING, renew): State.RUNNING,
    (State.RUNNING, render): State.RENDERED,
    (State.RUNNING, fail): State.FAILED,
    (State.RUNNING, release): State.QUEUED,
    (State.RUNNING, sweep): State.QUEUED,
    (State.RUNNING, cancel): State.CANCELLED,
    (State.RUNNING, keep_painted): State.RENDERED,
    (State.RENDERED, deliver): State.DELIVERED,
}
TRANSITIONS: tuple[Transition, ...] = (
    *(claim, renew, render, fail, release),
    *(sweep, cancel, keep_painted, deliver),
)
ENDED = {State.RENDERED, State.DELIVERED, State.FAILED, State.CANCELLED}


@pytest.mark.parametrize("transition", TRANSITIONS, ids=lambda transition: transition.__name__)
@pytest.mark.parametrize("state", State)
async def test_each_transition_happens_in_its_states_and_in_no_other(
    connection: AsyncConnection, state: State, transition: Transition
) -> None:
    before = await add_in(connection, state)
    expected = ALLOWED.get((state, transition))
    assert await transition(connection, before) is (expected is not None)
    after = await job_of(connection, before.id)
    if expected is None:
        assert after == before
        return
    assert after.state is expected
    visible = transition is not deliver  # a delivered card looks as a rendered one
    assert after.revision == before.revision + visible
    assert (after.ended_at is not None) is (expected in ENDED)


@pytest.mark.parametrize("transition", [renew, render, fail, release], ids=lambda one: one.__name__)
async def test_an_old_attempt_changes_nothing(connection: AsyncConnection, transition: Transition) -> None:
    old = await add_in(connection, State.RUNNING)
    await sweep(connection, old)
    new = (await claim_one(connection, "another")).job
    assert new.attempt == old.attempt + 1
    assert not await transition(connection, old)
    assert await job_of(connection, old.id) == new


async def test_a_claim_gives_the_worker_a_fresh_start(connection: AsyncConnection) -> None:
    job = await add_in(connection, State.RUNNING)
    await queue.renew(connection, as_worker(job), progress(4, preview_blob=BLOB), now=NOW, lease_s=LEASE_S)
    await release(connection, job)
    again = await claim_one(connection, "another", now=NOW + 5)
    assert again.worker == "another"
    assert again.lease_s == LEASE_S
    assert again.job.started_at == NOW + 5
    assert (again.job.scale, again.job.step, again.job.steps, again.job.loss) == (None, None, None, None)
    assert again.job.preview_blob == BLOB  # stays on the card until there is a newer one
    assert await column(connection, job.id, "lease_until") == NOW + 5 + LEASE_S


async def test_a_renewal_without_news_keeps_the_lease_and_shows_nothing_new(
    connection: AsyncConnection,
) -> None:
    job = await add_in(connection, State.RUNNING)
    assert await queue.renew(connection, as_worker(job), None, now=NOW + 9, lease_s=LEASE_S)
    assert await job_of(connection, job.id) == job
    assert await column(connection, job.id, "lease_until") == NOW + 9 + LEASE_S


async def test_a_renewal_writes_progress(connection: AsyncConnection) -> None:
    job = await add_in(connection, State.RUNNING)
    await queue.renew(connection, as_worker(job), progress(4, preview_blob=BLOB), now=NOW, lease_s=LEASE_S)
    after = await job_of(connection, job.id)
    assert (after.scale, after.scales, after.step, after.steps) == (1, 2, 4, 10)
    assert (after.loss, after.preview_blob) == (0.5, BLOB)


async def test_a_rendered_job_has_its_result_and_figures_and_no_preview(connection: AsyncConnection) -> None:
    job = await add_in(connection, State.RUNNING)
    await queue.renew(
        connection, as_worker(job), progress(4, preview_blob="1" * 64), now=NOW, lease_s=LEASE_S
    )
    claim = as_worker(job)
    await queue.render(
        connection,
        claim,
        result_blob=BLOB,
        timelapse_blob="2" * 64,
        figures={"total": 1.5, "notes": ()},
        now=NOW + 3,
    )
    after = await job_of(connection, job.id)
    assert (after.result_blob, after.timelapse_blob, after.preview_blob) == (BLOB, "2" * 64, None)
    assert after.figures == {"total": 1.5, "notes": []}
    assert after.ended_at == NOW + 3


async def test_a_failed_job_has_its_sentence_and_reference(connection: AsyncConnection) -> None:
    job = await add_in(connection, State.FAILED)
    assert (job.error, job.reference) == ("No.", "r")


async def test_only_its_owner_cancels_a_job(connection: AsyncConnection) -> None:
    job = await add_in(connection, State.QUEUED, ADA)
    assert not await queue.cancel(connection, job.id, user_id=BEN, now=NOW)
    assert await job_of(connection, job.id) == job
    assert not await queue.cancel(connection, job.id + 1, user_id=ADA, now=NOW)


async def test_only_its_owner_keeps_what_is_painted_and_nothing_brief_stays(
    connection: AsyncConnection,
) -> None:
    job = await add_in(connection, State.RUNNING, ADA, frames=5)
    await set_columns(connection, job.id, preview_blob="1" * 64, checkpoint_blob="2" * 64)
    assert not await queue.keep_painted(connection, job.id, user_id=BEN, now=NOW, frames=3)
    assert (await job_of(connection, job.id)).state is State.RUNNING
    assert await keep_painted(connection, job)
    kept = await job_of(connection, job.id)
    assert (kept.frames, kept.result_blob, kept.preview_blob, kept.checkpoint_blob) == (3, BLOB, None, None)
    assert not await render(connection, job), "its worker comes too late"
    assert await stats.count_painted(connection) == 1


async def test_a_job_is_released_to_its_old_place(connection: AsyncConnection) -> None:
    first, second = await add(connection), await add(connection)
    claim = await claim_one(connection)
    assert claim.job.id == first
    await queue.release(connection, claim)
    assert [job.id for job in await model.all_waiting(connection)] == [first, second]


async def test_a_sweep_takes_back_what_ran_out_and_leaves_the_rest(connection: AsyncConnection) -> None:
    stalled = await add_in(connection, State.RUNNING)
    await add(connection)
    healthy = (await claim_one(connection, now=NOW + LEASE_S)).job
    assert await queue.requeue_stalled(
        connection, now=NOW + LEASE_S + 1, lease_s=LEASE_S, max_attempts=3, reference="r"
    ) == [stalled.id]
    assert await job_of(connection, healthy.id) == healthy


async def test_a_lease_holds_to_its_last_instant(connection: AsyncConnection) -> None:
    await add_in(connection, State.RUNNING)
    assert (
        await queue.requeue_stalled(
            connection, now=NOW + LEASE_S, lease_s=LEASE_S, max_attempts=3, reference="r"
        )
        == []
    )


async def test_a_dead_worker_s_job_is_taken_back_at_once(connection: AsyncConnection) -> None:
    await add(connection)
    await add(connection)
    dead, alive = await claim_one(connection, "dead"), await claim_one(connection, "alive")
    changed = await queue.requeue_stalled(
        connection, now=NOW, lease_s=LEASE_S, max_attempts=3, reference="r", dead_worker="dead"
    )
    assert changed == [dead.job.id]
    assert (await job_of(connection, alive.job.id)).state is State.RUNNING


async def test_a_job_that_lost_three_workers_fails(connection: AsyncConnection) -> None:
    job = await add_in(connection, State.QUEUED)
    for _ in range(3):
        claimed = (await claim_one(connection)).job
        await sweep(connection, claimed)
    after = await job_of(connection, job.id)
    assert after.state is State.FAILED
    assert (after.attempt, after.reference) == (3, "r")
    assert after.error == "Painting this picture failed several times: try another picture or a smaller size."
    assert after.ended_at is not None


async def test_hand_backs_do_not_count_as_lost_workers(connection: AsyncConnection) -> None:
    job = await add_in(connection, State.QUEUED)
    for _ in range(5):
        await queue.release(connection, await claim_one(connection))
    for _ in range(2):
        await sweep(connection, (await claim_one(connection)).job)
    assert (await job_of(connection, job.id)).state is State.QUEUED
    await sweep(connection, (await claim_one(connection)).job)
    assert (await job_of(connection, job.id)).state is State.FAILED


async def test_a_claim_finds_nothing_in_an_empty_queue(connection: AsyncConnection) -> None:
    assert (
        await queue.claim_next(connection, worker="w", now=NOW, lease_s=LEASE_S, running_per_user=2) is None
    )


async def test_there_is_something_to_claim_while_a_job_waits_or_stalls(connection: AsyncConnection) -> None:
    assert not await queue.anything_to_claim(connection, now=NOW, lease_s=LEASE_S)
    job_id = await add(connection)
    assert await queue.anything_to_claim(connection, now=NOW, lease_s=LEASE_S)
    await claim_one(connection)
    assert not await queue.anything_to_claim(connection, now=NOW, lease_s=LEASE_S)
    assert await queue.anything_to_claim(connection, now=NOW + LEASE_S + 1, lease_s=LEASE_S)
    await queue.cancel(connection, job_id, user_id=ADA, now=NOW)
    assert not await queue.anything_to_claim(connection, now=NOW + LEASE_S + 1, lease_s=LEASE_S)


async def test_a_job_is_found_by_its_interaction(connection: AsyncConnection) -> None:
    job_id = await add(connection, interaction_id=77_000)
    found = await model.of_interaction(connection, 77_000)
    assert found is not None
    assert found.id == job_id
    assert await model.of_interaction(connection, 77_001) is None


async def test_the_line_shows_the_running_first(connection: AsyncConnection) -> None:
    first, second, third = [await add(connection, user) for user in (ADA, ADA, BEN)]
    await claim_one(connection)
    assert [job.id for job in await model.all_waiting(connection)] == [first, third, second]
    assert await model.count_waiting(connection) == 3
    assert await model.count_waiting(connection, BEN) == 1


@pytest.mark.parametrize("state", State)
async def test_only_waiting_jobs_stand_in_the_queue(connection: AsyncConnection, state: State) -> None:
    await add_in(connection, state)
    assert await model.count_waiting(connection) == (state in WAITING)
    assert len(await model.all_waiting(connection)) == (state in WAITING)


async def test_delivering_closes_the_card_and_nothing_else_does(connection: AsyncConnection) -> None:
    job = await add_in(connection, State.RUNNING)
    await add_card(connection, job.id)
    assert not await queue.deliver(connection, job.id)
    assert len(await deliveries.due(connection, now=NOW)) == 1
    await render(connection, job)
    assert await queue.deliver(connection, job.id)
    assert await deliveries.due(connection, now=NOW) == []
    assert not await queue.deliver(connection, job.id)


async def test_finished_are_ones_own_pictures_that_are_still_there_newest_first(
    connection: AsyncConnection,
) -> None:
    rendered, delivered, deleted, bens, _failed = [
        (await add_in(connection, state, user)).id
        for state, user in (
            (State.RENDERED, ADA),
            (State.DELIVERED, ADA),
            (State.DELIVERED, ADA),
            (State.DELIVERED, BEN),
            (State.FAILED, ADA),
        )
    ]
    await set_columns(connection, deleted, result_blob=None)

    async def found(**more: int) -> list[int]:
        return [job.id for job in await model.finished_of(connection, ADA, **{"limit": 9, **more})]

    assert await found() == [delivered, rendered]
    assert await found(limit=1) == [delivered]
    assert await found(job_id=rendered) == [rendered]
    assert await found(job_id=bens) == []
