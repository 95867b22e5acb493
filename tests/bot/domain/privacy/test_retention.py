"""What is forgotten by itself, on a real database and a real folder of blobs."""

import asyncio
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from bot.db import Database
from bot.domain.jobs.model import State
from bot.domain.privacy import blob_refs
from bot.domain.privacy.retention import DAY_S, GRACE_S, Keeping, Sweeper, Swept
from bot.domain.servers import left, users
from bot.domain.servers.users import CurrentStyle
from bot.media.blobs.folder import FolderBlobs
from bot.media.blobs.protocol import BlobMissing
from bot.settings import Settings
from bot.tables.people import challenges, entries
from bot.tables.pictures import deliveries, jobs, presets, server_presets
from tests.support.away import Away
from tests.support.databases import BOTH
from tests.support.rows import ADA, add, add_card, add_in, read_job, set_columns

NOW = 1_800_000_000.0
KEEPING = Keeping(inputs_days=30, results_days=180, left_servers_days=7)


class SubmitHarness:
    """A sweeper with its database and its blobs; time stands still."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.folder = folder
        self.blobs = FolderBlobs(folder)

    async def sweep(self, keeping: Keeping = KEEPING, *, now: float = NOW) -> Swept:
        sweeper = Sweeper(database=self.database, blobs=self.blobs, keeping=keeping, clock=lambda: now)
        return await sweeper.sweep()

    async def put(self, text: str, *, age_s: float = GRACE_S + 1) -> str:
        key = await self.blobs.put(text.encode())
        os.utime(self.folder / key[:2] / key, (NOW - age_s, NOW - age_s))
        return key

    async def has(self, key: str) -> bool:
        try:
            return bool(await self.blobs.get(key))
        except BlobMissing:
            return False

    async def painted(self, *, days_ago: float, **given: Any) -> int:
        async with self.database.begin() as connection:
            job = await add_in(connection, State.DELIVERED, **given)
            ended_at = NOW - days_ago * DAY_S
            await set_columns(connection, job.id, ended_at=ended_at, result_blob=given.get("result_blob"))
        return job.id


@pytest.fixture
def harness(database: Database, tmp_path: Path) -> SubmitHarness:
    return SubmitHarness(database, tmp_path / "blobs")


async def test_inputs_go_first_and_results_later(harness: SubmitHarness) -> None:
    content, style, more, result = [
        await harness.put(name) for name in ("content", "style", "more", "result")
    ]
    job_id = await harness.painted(
        days_ago=31,
        content_blob=content,
        style_blob=style,
        mask_blob=content,
        start_blob=style,
        more_styles=[{"blob": more, "name": "waves", "weight": 0.5}],
        result_blob=result,
    )
    assert await harness.sweep() == Swept(inputs=1, results=0, servers=0, blobs=3)
    job = await read_job(harness.database, job_id)
    assert (job.content_blob, job.style_blob, job.mask_blob, job.start_blob) == ("", "", None, None)
    assert job.more_styles == [{"blob": "", "name": "waves", "weight": 0.5}]
    assert (job.result_blob, await harness.has(result)) == (result, True)
    assert await harness.sweep() == Swept(inputs=0, results=0, servers=0, blobs=0)
    assert await harness.sweep(now=NOW + 150 * DAY_S) == Swept(inputs=0, results=1, servers=0, blobs=1)
    assert (await read_job(harness.database, job_id)).result_blob is None


async def test_what_is_young_or_not_ended_stays(harness: SubmitHarness) -> None:
    content = await harness.put("content")
    job_id = await harness.painted(days_ago=29, content_blob=content, style_blob=content)
    async with harness.database.begin() as connection:
        waiting = await add(connection, content_blob=content, created_at=0)
    assert await harness.sweep() == Swept(inputs=0, results=0, servers=0, blobs=0)
    for one in (job_id, waiting):
        assert (await read_job(harness.database, one)).content_blob == content


async def test_zero_days_keep_for_ever(harness: SubmitHarness) -> None:
    content = await harness.put("content")
    await harness.painted(days_ago=9999, content_blob=content, style_blob=content, result_blob=content)
    for_ever = Keeping(inputs_days=0, results_days=0, left_servers_days=7)
    assert await harness.sweep(for_ever) == Swept(inputs=0, results=0, servers=0, blobs=0)


async def test_many_old_jobs_are_forgotten_in_one_sweep(harness: SubmitHarness) -> None:
    ids = [await harness.painted(days_ago=200, result_blob="a" * 64) for _ in range(3)]
    async with harness.database.begin() as connection:
        found = await _row(connection, ids[0])
        row = {column.key: found[column.name] for column in jobs.c if column.key != "id"}
        many = [{**row, "interaction_id": 5_000_000 + number} for number in range(250)]
        await connection.execute(jobs.insert(), many)
    swept = await harness.sweep()
    assert (swept.inputs, swept.results) == (253, 253)


async def _row(connection: Any, job_id: int) -> dict[str, Any]:
    return dict((await connection.execute(jobs.select().where(jobs.c.id == job_id))).mappings().one())


async def test_a_blob_that_was_just_put_waits_for_its_row(harness: SubmitHarness) -> None:
    young, old = await harness.put("young", age_s=GRACE_S - 60), await harness.put("old")
    assert (await harness.sweep()).blobs == 1
    assert [await harness.has(young), await harness.has(old)] == [True, False]


async def test_every_row_that_names_a_blob_keeps_it(harness: SubmitHarness) -> None:
    keys = [await harness.put(name) for name in "abcdefgh"]
    named = {"name": "x", "name_key": "x", "look": {}, "user_id": ADA, "created_at": NOW}
    async with harness.database.begin() as connection:
        await add(
            connection,
            content_blob=keys[0],
            style_blob=keys[1],
            start_blob=keys[2],
            preview_blob=keys[3],
            more_styles=[{"blob": keys[4], "name": "", "weight": 1}],
        )
        await connection.execute(presets.insert().values(**named, style_blob=keys[5]))
        await connection.execute(server_presets.insert().values(**named, guild_id=1, style_blob=keys[6]))
        await users.use_style(connection, ADA, CurrentStyle(name="x", blob=keys[7]))
        assert await blob_refs.unused(connection, [*keys, "b" * 64]) == {"b" * 64}
    assert (await harness.sweep()).blobs == 0
    assert all([await harness.has(key) for key in keys])


async def test_more_blobs_than_one_batch_are_deleted(harness: SubmitHarness) -> None:
    for number in range(230):
        await harness.put(str(number))
    assert (await harness.sweep()).blobs == 230


async def test_two_sweepers_at_once_do_no_harm(harness: SubmitHarness) -> None:
    kept = await harness.put("kept")
    async with harness.database.begin() as connection:
        await add(connection, content_blob=kept, style_blob=kept)
    for number in range(20):
        await harness.put(str(number))
    first, second = await asyncio.gather(harness.sweep(), harness.sweep())
    assert first.blobs + second.blobs >= 20
    assert await harness.has(kept)


@pytest.mark.parametrize(("days", "kept"), [(400, 1), (0, 2)])
async def test_all_of_an_old_job_goes_where_the_operator_wants_it(
    harness: SubmitHarness, days: int, kept: int
) -> None:
    old, young = [await harness.painted(days_ago=ago, result_blob="a" * 64) for ago in (401, 399)]
    async with harness.database.begin() as connection:
        for job_id in (old, young):
            await add_card(connection, job_id)
        waiting = await add(connection, created_at=0)
    swept = await harness.sweep(Keeping(inputs_days=0, results_days=0, left_servers_days=7, jobs_days=days))
    assert swept.jobs == 2 - kept
    async with harness.database.read() as connection:
        ids = list((await connection.execute(select(jobs.c.id).order_by(jobs.c.id))).scalars())
        cards = list((await connection.execute(select(deliveries.c.job_id))).scalars())
    assert ids == [old, young, waiting][2 - kept :]
    assert sorted(cards) == [old, young][2 - kept :]


async def test_an_entry_stays_for_as_long_as_its_challenge_runs(harness: SubmitHarness) -> None:
    job_id = await harness.painted(days_ago=401)
    keeping = replace(KEEPING, jobs_days=400)
    async with harness.database.begin() as connection:
        where = {"guild_id": 10, "channel_id": 20, "user_id": ADA, "theme": "sea", "created_at": 0}
        await connection.execute(challenges.insert().values(id=1, state="voting", **where))
        entry = {"challenge_id": 1, "user_id": ADA, "job_id": job_id, "created_at": 0}
        await connection.execute(entries.insert().values(**entry))
    assert (await harness.sweep(keeping)).jobs == 0
    async with harness.database.begin() as connection:
        await connection.execute(challenges.update().values(state="ended"))
    assert (await harness.sweep(keeping)).jobs == 1
    async with harness.database.read() as connection:
        assert (await connection.execute(select(entries.c.job_id))).first() is None


@pytest.mark.parametrize("url", BOTH, indirect=True)
async def test_a_token_goes_soon_after_it_has_expired(harness: SubmitHarness) -> None:
    async with harness.database.begin() as connection:
        for expires_at in (NOW - 3700, NOW - 3500, NOW + 100):
            job_id = await add(connection)
            await add_card(connection, job_id, token_until=expires_at)
    await harness.sweep()
    async with harness.database.read() as connection:
        rows = select(deliveries.c.interaction_token, deliveries.c.token_until).order_by(deliveries.c.job_id)
        tokens = [tuple(row) for row in await connection.execute(rows)]
    assert tokens == [("", NOW - 3700), ("token", NOW - 3500), ("token", NOW + 100)]


async def test_a_server_is_forgotten_after_its_days(harness: SubmitHarness) -> None:
    async with harness.database.begin() as connection:
        await left.left(connection, 10, now=NOW - 6 * DAY_S)
    assert (await harness.sweep()).servers == 0
    with capture_logs() as logs:
        assert (await harness.sweep(now=NOW + DAY_S + 1)).servers == 1
    assert logs == [{"event": "server forgotten", "guild": 10, "log_level": "info"}]
    assert (await harness.sweep(now=NOW + DAY_S + 1)).servers == 0


async def test_a_sweeper_sweeps_at_once_and_says_what_has_gone(harness: SubmitHarness) -> None:
    await harness.painted(days_ago=200, result_blob="a" * 64)
    await harness.painted(days_ago=31)
    await harness.put("unused")
    sweeper = Sweeper(database=harness.database, blobs=harness.blobs, keeping=KEEPING, clock=lambda: NOW)
    with capture_logs() as logs:
        running = asyncio.create_task(sweeper.run())
        async with asyncio.timeout(20):
            while not logs:  # noqa: ASYNC110 - a log wakes nobody
                await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.wait({running})
    assert logs == [{"event": "swept", "inputs": 2, "results": 1, "blobs": 1, "log_level": "info"}]


async def test_a_sweeper_outlives_a_database_that_is_away(tmp_path: Path) -> None:
    database = Away(f"sqlite+aiosqlite:///{tmp_path / 'missing' / 'easel.db'}")
    sweeper = Sweeper(database=database, blobs=FolderBlobs(tmp_path), keeping=KEEPING)
    with capture_logs() as logs:
        running = asyncio.create_task(sweeper.run())
        await database.refuses()
        await asyncio.wait({running}, timeout=0.2)  # for the error to end it, where it does
    said = {"event": "the sweep was cut short", "error": "OperationalError", "log_level": "warning"}
    assert logs == [said]
    assert not running.done()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await database.dispose()


def test_the_privacy_page_tells_of_the_defaults() -> None:
    page = (Path(__file__).parents[4] / "docs" / "PRIVACY.md").read_text()
    defaults = {name: Settings.model_fields[name].default for name in Settings.model_fields}
    assert f"| {defaults['keep_inputs_days']} days after the painting" in page
    assert f"| {defaults['keep_results_days']} days |" in page
    assert f"until {defaults['keep_left_servers_days']} days after the bot was removed" in page


@pytest.mark.parametrize(("days", "closed"), [(180, True), (0, False)])
async def test_a_delivery_is_tried_for_as_long_as_its_picture_is_kept(
    harness: SubmitHarness, days: int, closed: bool
) -> None:
    old, young = [await harness.painted(days_ago=ago, result_blob="a" * 64) for ago in (181, 179)]
    async with harness.database.begin() as connection:
        for job_id in (old, young):
            await add_card(connection, job_id)
            await set_columns(connection, job_id, state=State.RENDERED)
    await harness.sweep(replace(KEEPING, results_days=days))
    async with harness.database.read() as connection:
        rows = (await connection.execute(select(deliveries.c.job_id, deliveries.c.closed))).all()
        assert {row.job_id: row.closed for row in rows} == {old: closed, young: False}
