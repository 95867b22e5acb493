"""Everything of one person: exported whole, deleted whole, and nothing of anybody else's."""

import asyncio
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.db import Database, one_at_a_time
from bot.domain.jobs import model, queue
from bot.domain.jobs.model import State
from bot.domain.outbox import takedowns
from bot.domain.privacy import personal_data
from bot.domain.privacy.personal_data import Forgotten
from bot.domain.servers import users
from bot.domain.servers.users import CurrentStyle
from bot.domain.styles.builtin import BUILT_IN
from bot.media.blobs.folder import FolderBlobs
from bot.media.blobs.protocol import BlobMissing
from bot.tables.people import ALL, challenges, entries, exhibits, stars, votes
from bot.tables.people import people as people_table
from bot.tables.pictures import deliveries, presets, server_presets
from bot.tables.pictures import jobs as jobs_table
from tests.support.rows import ADA, BEN, LEASE_S, NOW, add, add_card, add_in, claim_one, set_columns

THEIRS = (jobs_table, deliveries, presets, server_presets, stars, exhibits, entries, votes, people_table)


class SubmitHarness:
    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.blobs = FolderBlobs(folder)

    async def furnish(self, user_id: int, other_id: int, *, challenge_id: int) -> int:
        """One row of the person's in every table, with pictures of their own; returns their job."""
        put = {name: await self.blobs.put(f"{user_id} {name}".encode()) for name in PICTURES}
        async with self.database.begin() as connection:
            job = await add_in(
                connection,
                State.DELIVERED,
                user_id,
                content_blob=put["content"],
                style_blob=put["style"],
                mask_blob=put["mask"],
                more_styles=[{"blob": put["second"], "name": "x", "weight": 1.0}],
            )
            await set_columns(connection, job.id, result_blob=put["result"])
            await add_card(connection, job.id, message_id=500 + user_id)
            await users.use_style(connection, user_id, CurrentStyle(name="x", blob=put["current"]))
            for table, row in _rows(user_id, other_id, job.id, challenge_id, put):
                await connection.execute(table.insert().values(**row))
        return job.id

    async def forget(self, user_id: int) -> Forgotten:
        return await personal_data.forget(self.database, self.blobs, user_id)

    async def count(self, table: Table) -> int:
        async with self.database.read() as connection:
            return int((await connection.execute(select(func.count()).select_from(table))).scalar_one())

    async def has(self, text: str) -> bool:
        try:
            await self.blobs.get(hashlib.sha256(text.encode()).hexdigest())
        except BlobMissing:
            return False
        return True


PICTURES = ("content", "style", "mask", "second", "result", "current", "preset", "shared")


def _rows(
    user_id: int, other_id: int, job_id: int, challenge_id: int, put: dict[str, str]
) -> list[tuple[Table, dict[str, Any]]]:
    at: dict[str, Any] = {"created_at": NOW}
    challenge = {"channel_id": 20, "theme": "sea", "state": "ended"}
    named = {**at, "user_id": user_id, "name": f"n{user_id}", "name_key": f"n{user_id}", "look": {}}
    return [
        (presets, {**named, "style_blob": put["preset"]}),
        (server_presets, {**named, "guild_id": 10, "style_blob": put["shared"]}),
        (exhibits, {**at, "job_id": job_id, "guild_id": 10, "channel_id": 21, "message_id": 600 + user_id}),
        (challenges, {**at, **challenge, "guild_id": challenge_id, "user_id": user_id}),
        (entries, {**at, "challenge_id": challenge_id, "user_id": user_id, "job_id": job_id}),
        (votes, {**at, "challenge_id": challenge_id, "user_id": user_id, "entrant_id": other_id}),
        (stars, {**at, "job_id": job_id, "user_id": user_id}),
    ]


@pytest.fixture
async def harness(database: Database, tmp_path: Path) -> SubmitHarness:
    harness = SubmitHarness(database, tmp_path / "blobs")
    await harness.furnish(ADA, BEN, challenge_id=1)
    await harness.furnish(BEN, ADA, challenge_id=2)
    return harness


async def test_the_records_are_one_person_s_and_can_be_written_down(harness: SubmitHarness) -> None:
    async with harness.database.read() as connection:
        records = await personal_data.records_of(connection, ADA)
    json.dumps(records)
    assert {name for name, rows in records.items() if len(rows) == 1} == {
        *("jobs", "presets", "server_presets", "stars", "exhibits"),
        *("entries", "votes", "people", "challenges", "deliveries"),
    }
    assert records["jobs"][0]["user_id"] == ADA
    assert "worker" not in records["jobs"][0]


async def test_all_pictures_are_named_once(harness: SubmitHarness) -> None:
    async with harness.database.read() as connection:
        pictures = await personal_data.pictures_of(connection, ADA)
    assert [await harness.blobs.get(picture.blob) for picture in pictures] == [
        f"{ADA} {name}".encode()
        for name in ("result", "content", "style", "mask", "second", "preset", "shared", "current")
    ]
    assert [picture.name for picture in pictures] == [
        *("job-1-result", "job-1-content", "job-1-style", "job-1-mask", "job-1-style-2"),
        *("presets-1-style", "server_presets-1-style", f"people-{ADA}-style"),
    ]


async def test_the_pictures_of_the_newest_jobs_come_first(harness: SubmitHarness) -> None:
    async with harness.database.begin() as connection:
        newer = [await add(connection, content_blob=letter * 64) for letter in "ab"]
        pictures = await personal_data.pictures_of(connection, ADA)
    names = [picture.name for picture in pictures if picture.name.endswith("-content")]
    assert names == [f"job-{newer[1]}-content", f"job-{newer[0]}-content", "job-1-content"]


async def test_nothing_of_the_person_is_left_and_everything_of_the_others(harness: SubmitHarness) -> None:
    forgotten = await harness.forget(ADA)
    assert forgotten == Forgotten(rows=9, pictures=len(PICTURES), messages=2)
    async with harness.database.begin() as connection:
        left = await takedowns.claim_due(connection, now=NOW, limit=9)
    assert {(one.channel_id, one.message_id) for one in left} == {(20, 500 + ADA), (21, 600 + ADA)}
    for name in PICTURES:
        assert [await harness.has(f"{ADA} {name}"), await harness.has(f"{BEN} {name}")] == [False, True], name
    # Ben's vote was for Ada's entry, and has gone with it.
    assert {table.name: await harness.count(table) for table in THEIRS} == {
        table.name: 0 if table is votes else 1 for table in THEIRS
    }
    async with harness.database.read() as connection:
        records = await personal_data.records_of(connection, ADA)
        assert not any(records.values())
        query = select(challenges.c.user_id).order_by(challenges.c.id)
        starters = list((await connection.execute(query)).scalars())
        assert starters == [0, BEN], "the server keeps its challenge, without the name"


async def test_every_message_of_the_bot_s_with_a_picture_of_theirs_is_taken_down(
    harness: SubmitHarness,
) -> None:
    async with harness.database.begin() as connection:
        on_card, hung, private, by_letter, unseen = [
            (await add_in(connection, State.DELIVERED)).id for _ in range(5)
        ]
        await add_card(connection, on_card, message_id=701)
        where = {"guild_id": 10, "channel_id": 21, "created_at": NOW}
        await connection.execute(exhibits.insert().values(job_id=hung, message_id=702, **where))
        await add_card(connection, private, message_id=703, channel_reachable=False)
        await add_card(connection, by_letter, message_id=704, message_channel_id=40, channel_reachable=False)
        await add_card(connection, unseen)
    assert (await harness.forget(ADA)).messages == 6
    async with harness.database.begin() as connection:
        left = await takedowns.claim_due(connection, now=NOW, limit=9)
    assert {one.message_id: (one.channel_id, one.interaction_token, one.token_until) for one in left} == {
        500 + ADA: (20, None, None),
        600 + ADA: (21, None, None),
        701: (20, None, None),
        702: (21, None, None),
        703: (20, "token", NOW + 900),
        704: (40, None, None),
    }


def test_no_table_with_people_s_rows_is_left_out() -> None:
    """A new table that names a person or a job has to be deleted and exported with them."""
    columns = {"user_id", "job_id", "entrant_id"}
    about_people = {table for table in ALL.sorted_tables if columns & set(table.c.keys())}
    assert about_people == {*personal_data.tables_of(ADA), challenges}


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
async def test_a_picture_that_is_just_being_asked_for_is_deleted_as_well(harness: SubmitHarness) -> None:
    async with harness.database.begin() as connection:
        await one_at_a_time(connection, ADA)  # as whoever takes a request does
        await add(connection)
        forgetting = asyncio.create_task(harness.forget(ADA))
        await asyncio.wait({forgetting}, timeout=0.3)
    assert (await forgetting).rows == 10


async def test_a_second_time_there_is_nothing_to_delete(harness: SubmitHarness) -> None:
    await harness.forget(ADA)
    assert await harness.forget(ADA) == Forgotten(rows=0, pictures=0, messages=0)


async def test_a_picture_that_somebody_else_uses_stays(harness: SubmitHarness) -> None:
    async with harness.database.begin() as connection:
        shared = await harness.blobs.put(f"{ADA} style".encode())
        await set_columns(connection, 2, style_blob=shared)
    assert (await harness.forget(ADA)).pictures == len(PICTURES) - 1
    assert await harness.has(f"{ADA} style")


async def test_what_is_painted_of_a_clip_goes_too(harness: SubmitHarness) -> None:
    async with harness.database.begin() as connection:
        checkpoint = await harness.blobs.put(b"a checkpoint")
        await add(connection, checkpoint_blob=checkpoint)
    await harness.forget(ADA)
    assert not await harness.has("a checkpoint")


async def test_the_paintings_that_come_with_easel_stay(harness: SubmitHarness) -> None:
    painting = await harness.blobs.put(BUILT_IN[0].read())
    async with harness.database.begin() as connection:
        await set_columns(connection, 1, style_blob=painting)
    await harness.forget(ADA)
    assert await harness.blobs.get(painting)


@pytest.mark.parametrize("running", [False, True])
async def test_jobs_in_the_line_are_taken_out_of_it(harness: SubmitHarness, running: bool) -> None:
    async with harness.database.begin() as connection:
        await add(connection)
        claim = await claim_one(connection) if running else None
    await harness.forget(ADA)
    async with harness.database.begin() as connection:
        assert await model.count_waiting(connection) == 0
        if claim:
            assert not await queue.renew(connection, claim, None, now=NOW, lease_s=20)
            assert not await queue.render(connection, claim, result_blob="0" * 64, figures={}, now=NOW)
        assert not await queue.anything_to_claim(connection, now=NOW + 100, lease_s=LEASE_S)


async def test_a_challenge_loses_the_style_picture_of_whoever_gave_it_and_no_other(
    harness: SubmitHarness,
) -> None:
    mine, other = await harness.blobs.put(b"mine"), await harness.blobs.put(b"other")
    row = {"channel_id": 20, "theme": "sea", "created_at": NOW, "preset": "Harbour", "user_id": BEN}
    async with harness.database.begin() as connection:
        for guild_id, giver, state, blob, starter in (
            (11, ADA, "open", mine, BEN),
            (12, ADA, "ended", mine, BEN),
            (13, BEN, "open", other, ADA),
            (14, None, "ended", other, ADA),
        ):
            values = {**row, "guild_id": guild_id, "style_user_id": giver, "state": state, "user_id": starter}
            values |= {"style_blob": blob, "message_id": 800 + guild_id, "due_at": NOW + 500}
            await connection.execute(challenges.insert().values(**values))
    await harness.forget(ADA)
    assert not await harness.has("mine")
    assert await harness.blobs.get(other) == b"other"
    async with harness.database.begin() as connection:
        assert await _styles(connection) == {11: None, 12: None, 13: other, 14: None}
        query = select(challenges.c.preset, challenges.c.message_id, challenges.c.due_at)
        announced = (await connection.execute(query.where(challenges.c.guild_id == 11))).one()
        assert tuple(announced) == (None, None, 0.0), "announced again, without it"
        left = await takedowns.claim_due(connection, now=NOW, limit=9)
    assert {one.message_id for one in left} >= {811}
    assert not {812, 813, 814} & {one.message_id for one in left}


async def test_the_style_that_one_gave_to_a_challenge_is_exported(harness: SubmitHarness) -> None:
    blob = await harness.blobs.put(b"mine")
    row = {"guild_id": 11, "channel_id": 20, "theme": "sea", "created_at": NOW, "state": "open"}
    async with harness.database.begin() as connection:
        await connection.execute(
            challenges.insert().values(**row, user_id=BEN, style_user_id=ADA, style_blob=blob)
        )
        assert blob in {one.blob for one in await personal_data.pictures_of(connection, ADA)}
        assert blob not in {one.blob for one in await personal_data.pictures_of(connection, BEN)}
        assert len((await personal_data.records_of(connection, ADA))["challenges"]) == 2


async def _styles(connection: AsyncConnection) -> dict[int, str | None]:
    query = select(challenges.c.guild_id, challenges.c.style_blob).where(challenges.c.guild_id > 10)
    return {row.guild_id: row.style_blob for row in await connection.execute(query)}
