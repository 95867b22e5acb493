"""Requests are written down before they are accepted: what a crash, an erasure or a busy database leaves."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import delete, func, select, text

from bot.db import Database, one_at_a_time
from bot.domain.privacy import personal_data
from bot.domain.requests import pending
from bot.domain.requests.submitter import Submitter
from bot.errors import Refusal
from bot.tables.pictures import requests
from tests.support.away import Away
from tests.support.databases import BOTH, migrate
from tests.support.rows import ADA, BEN, NOW
from tests.support.submit import GONE, HOLDER, LIMITS, STYLE, SubmitHarness

both = pytest.mark.parametrize("url", BOTH, indirect=True)


async def written(database: Database) -> int:
    async with database.read() as connection:
        query = select(func.count()).select_from(requests)
        return int((await connection.execute(query)).scalar_one())


@both
async def test_a_request_is_a_row_until_it_is_a_job(harness: SubmitHarness) -> None:
    request = harness.request(style_url=STYLE)
    assert await harness.submitter.write_down(request)
    assert (await written(harness.database), harness.attachments.fetched) == (1, [])
    assert await harness.submitter.accept(request) is not None
    assert await written(harness.database) == 0
    assert not await harness.submitter.write_down(request), "it has its job"
    assert await harness.submitter.accept(request) is None
    assert await harness.counts() == (1, 1, 1)


async def test_what_is_refused_without_a_picture_is_not_written(harness: SubmitHarness) -> None:
    with pytest.raises(Refusal, match="Give me a style"):
        await harness.submitter.write_down(harness.request())
    assert await written(harness.database) == 0


async def test_a_request_that_is_refused_later_stays_until_the_person_knows(harness: SubmitHarness) -> None:
    request = harness.request(content_url=GONE, preset="The Scream")
    assert await harness.submitter.write_down(request)
    with pytest.raises(Refusal, match="expired"):
        await harness.submitter.accept(request)
    assert await written(harness.database) == 1


@both
async def test_a_request_whose_lease_went_to_another_process_is_not_accepted(harness: SubmitHarness) -> None:
    request = harness.request(preset="The Scream")
    await harness.submitter.write_down(request)
    async with harness.database.begin() as connection:
        await pending.release(connection, holder=HOLDER)
        assert len(await pending.claim_due(connection, now=NOW, limit=1, holder="another")) == 1
    assert await harness.submitter.accept(request) is None
    assert await harness.counts() == (0, 0, 0)


@both
async def test_who_has_their_data_deleted_has_no_job_afterwards(harness: SubmitHarness) -> None:
    theirs, other = harness.request(preset="The Scream"), harness.request(preset="The Scream", user_id=BEN)
    for request in (theirs, other):
        await harness.submitter.write_down(request)
    async with harness.database.read() as connection:
        [kept] = (await personal_data.records_of(connection, ADA))["requests"]
    assert kept["asked"]["styles"] == [{"name": "The Scream"}]
    assert "interaction_token" not in kept
    forgotten = await personal_data.forget(harness.database, harness.blobs, ADA)
    assert forgotten.rows == 1
    assert await harness.submitter.accept(theirs) is None
    assert await harness.submitter.accept(other) is not None


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
async def test_accepting_and_deleting_at_once_do_not_lock_each_other_out(harness: SubmitHarness) -> None:
    request = harness.request(preset="The Scream")
    await harness.submitter.write_down(request)
    waiting = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
    async with asyncio.TaskGroup() as group, harness.database.begin() as connection:
        await one_at_a_time(connection, ADA)
        accepting = group.create_task(harness.submitter.accept(request))
        while not (await connection.execute(waiting)).scalar_one():  # noqa: ASYNC110 - a lock tells nobody
            await asyncio.sleep(0.02)
        await connection.execute(delete(requests).where(requests.c.user_id == ADA))
    assert accepting.result() is None


@both
async def test_requests_count_before_they_are_jobs(open_harness: Callable[..., SubmitHarness]) -> None:
    harness = open_harness(limits=replace(LIMITS, jobs_per_user=2))
    asked = [harness.request(preset="The Scream") for _ in range(3)]
    assert [await harness.submitter.write_down(one) for one in asked[:2]] == [True, True]
    with pytest.raises(Refusal, match="already have 2 pictures in the line"):
        await harness.submitter.write_down(asked[2])
    jobs = [await harness.submitter.accept(one) for one in reversed(asked[:2])]
    assert None not in jobs
    with pytest.raises(Refusal, match="already have 2 pictures in the line"):
        await harness.submitter.write_down(asked[2])


async def test_the_whole_line_counts_them_too(open_harness: Callable[..., SubmitHarness]) -> None:
    harness = open_harness(limits=replace(LIMITS, jobs_queued=1))
    await harness.submitter.write_down(harness.request(preset="The Scream"))
    with pytest.raises(Refusal, match="The line is full right now"):
        await harness.submitter.write_down(harness.request(preset="The Scream", user_id=BEN))


async def test_a_database_that_is_away_is_waited_for(
    harness: SubmitHarness, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("later") / "not yet"
    away = Away(f"sqlite+aiosqlite:///{folder / 'easel.db'}")
    submitter = Submitter(
        database=away,
        enqueue=harness.enqueue,
        picture_store=harness.picture_store,
        limits=LIMITS,
        holder=HOLDER,
        clock=lambda: NOW,
    )
    async with asyncio.TaskGroup() as group:
        writing = group.create_task(submitter.write_down(harness.request(preset="The Scream")))
        await away.refuses(times=2)
        folder.mkdir()
        await migrate(away.url)
    assert writing.result()
    assert await written(away) == 1
    await away.dispose()
