"""Which blobs are referred to, and what a deleted job's pictures leave behind."""

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.db import Database
from bot.domain.jobs.model import State
from bot.domain.privacy import blob_refs
from bot.domain.privacy.blob_refs import AT_ONCE
from bot.tables.people import exhibits, people
from bot.tables.pictures import deliveries, presets
from tests.support.rows import ADA, BEN, BLOB, add, add_card, add_in, job_of, set_columns


async def test_a_key_beyond_the_first_query_is_looked_up_too(connection: AsyncConnection) -> None:
    keys = [f"{number:064x}" for number in range(1, 2 * AT_ONCE + 2)]
    named = [keys[0], keys[AT_ONCE - 1], keys[AT_ONCE], keys[-1]]
    for key in named:
        await add(connection, content_blob=key)
    assert set(keys) - await blob_refs.unused(connection, keys) == set(named)


async def test_every_use_names_a_blend_s_further_styles(connection: AsyncConnection) -> None:
    styles = [{"blob": letter * 64, "name": letter, "weight": 0.5} for letter in "ab"]
    await add(connection, more_styles=styles)
    await add(connection, mask_blob="c" * 64, style_blob="")
    found = {key async for key in blob_refs.every_use(connection)}
    assert found == {BLOB, "a" * 64, "b" * 64, "c" * 64}


async def test_slices_name_all_that_is_in_use(database: Database) -> None:
    async with database.begin() as connection:
        for number in range(7):
            key = f"{number:064x}"
            job = await add_in(connection, State.DELIVERED, content_blob=key, mask_blob=key[::-1])
            styles = [{"blob": f"{number + 100:064x}", "name": "x", "weight": 0.5}]
            await set_columns(connection, job.id, result_blob="f" + key[1:], more_styles=styles)
        await add_in(connection, State.FAILED, content_blob="", style_blob="")
        running = await add_in(connection, State.RUNNING)
        await set_columns(connection, running.id, preview_blob="e" * 64)
        every = {key async for key in blob_refs.every_use(connection)}
    slices = [some async for some in blob_refs.uses_by_slices(database, at_once=3)]
    assert max(map(len, slices)) == 3
    assert {key for some in slices for key in some} == every
    assert len(every) == 7 * 4  # with the preview; the first content and its mask are the same


async def test_waiting_jobs_need_their_inputs_and_painted_ones_their_result(
    connection: AsyncConnection,
) -> None:
    def named(*letters: str) -> dict[str, Any]:
        columns = ("content_blob", "style_blob", "mask_blob", "start_blob")
        return {column: letter * 64 for column, letter in zip(columns, letters, strict=False)}

    for state, key in ((State.RENDERED, "7"), (State.RENDERED, "8"), (State.DELIVERED, "9")):
        painted = await add_in(connection, state, **named("1", "1", "1", "1"))
        await set_columns(connection, painted.id, result_blob=key * 64)
    await add_in(connection, State.FAILED, **named("2", "2"))
    await add_in(connection, State.RUNNING, **named("d", "c", "b", "a"))
    await add(connection, **named("d", "e"))
    assert await blob_refs.needed_next(connection) == [letter * 64 for letter in "78abcde"]
    some = {key[0] for key in await blob_refs.needed_next(connection, limit=1)}
    assert (len(some & {"7", "8"}), len(some & {"a", "e"})) == (1, 1), "of one job of each kind"


async def test_a_job_is_asked_for_what_it_has_while_it_waits(connection: AsyncConnection) -> None:
    job_id = await add(connection)
    assert await blob_refs.brief_blobs(connection, job_id) == set()
    await set_columns(connection, job_id, preview_blob="1" * 64, checkpoint_blob="2" * 64)
    assert await blob_refs.brief_blobs(connection, job_id) == {"1" * 64, "2" * 64}
    assert await blob_refs.brief_blobs(connection, job_id + 1) == set()


RESULT, FILM = "a" * 64, "b" * 64
SECOND_STYLE = "e" * 64


async def finished(connection: AsyncConnection) -> int:
    job = await add_in(connection, State.DELIVERED, mask_blob="c" * 64, start_blob="d" * 64)
    await set_columns(connection, job.id, result_blob=RESULT, timelapse_blob=FILM)
    await add_card(connection, job.id)
    return job.id


async def test_every_picture_of_the_job_is_forgotten_and_its_own_may_go(connection: AsyncConnection) -> None:
    job_id = await finished(connection)
    unused = await blob_refs.forget_pictures(connection, await job_of(connection, job_id))
    assert unused == {RESULT, FILM}
    job = await job_of(connection, job_id)
    assert (job.content_blob, job.style_blob) == ("", "")
    assert {job.mask_blob, job.start_blob, job.preview_blob, job.result_blob, job.timelapse_blob} == {None}
    card = (await connection.execute(select(deliveries.c.closed, deliveries.c.last_error))).one()
    assert tuple(card) == (True, "deleted")


async def test_a_picture_that_is_forgotten_is_taken_down_where_it_hangs(connection: AsyncConnection) -> None:
    job_id, other_id = await finished(connection), await finished(connection)
    for hung in (job_id, other_id):
        where = {"guild_id": 10, "channel_id": 21, "message_id": hung + 100, "created_at": 1.0}
        await connection.execute(exhibits.insert().values(job_id=hung, **where))
    await blob_refs.forget_pictures(connection, await job_of(connection, job_id))
    removed = select(exhibits.c.job_id, exhibits.c.removed).order_by(exhibits.c.job_id)
    assert [tuple(row) for row in await connection.execute(removed)] == [(job_id, True), (other_id, False)]


@pytest.mark.parametrize(
    "use",
    [
        {"content_blob": RESULT},
        {"start_blob": RESULT},
        {"result_blob": RESULT},
        {"more_styles": [{"blob": RESULT, "name": "x", "weight": 1.0}]},
    ],
)
async def test_what_another_job_uses_stays(connection: AsyncConnection, use: dict[str, Any]) -> None:
    job_id = await finished(connection)
    await set_columns(connection, await add(connection, BEN), **use)
    assert await blob_refs.forget_pictures(connection, await job_of(connection, job_id)) == {FILM}


async def test_a_blend_s_further_styles_are_named_no_more(connection: AsyncConnection) -> None:
    job_id = await finished(connection)
    styles = [{"blob": SECOND_STYLE, "name": "waves", "weight": 0.5}]
    await set_columns(connection, job_id, more_styles=styles)
    assert await blob_refs.unused(connection, {SECOND_STYLE}) == set()
    await blob_refs.forget_pictures(connection, await job_of(connection, job_id))
    assert await blob_refs.unused(connection, {SECOND_STYLE}) == {SECOND_STYLE}
    assert not (await job_of(connection, job_id)).more_styles


async def test_what_a_preset_or_a_person_uses_stays(connection: AsyncConnection) -> None:
    job_id = await finished(connection)
    values = {"user_id": ADA, "name": "x", "name_key": "x", "look": {}, "created_at": 1.0}
    await connection.execute(presets.insert().values(**values, style_blob=RESULT))
    await connection.execute(people.insert().values(user_id=BEN, settings={}, style_blob=FILM))
    assert await blob_refs.forget_pictures(connection, await job_of(connection, job_id)) == set()
