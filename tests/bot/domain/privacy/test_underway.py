"""What is saved for somebody who has everything of theirs deleted at that moment."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.db import Database
from bot.domain.privacy import personal_data, underway
from bot.errors import Refusal
from bot.media.blobs.folder import FolderBlobs
from bot.tables import underway as table
from tests.support.databases import BOTH
from tests.support.rows import ADA, BEN, NOW

both = pytest.mark.parametrize("url", BOTH, indirect=True)


async def count(database: Database) -> int:
    async with database.read() as connection:
        return int((await connection.execute(select(func.count()).select_from(table))).scalar_one())


async def begin(database: Database, interaction_id: int, user_id: int) -> None:
    async with database.begin() as connection:
        await underway.begin(connection, interaction_id, user_id, now=NOW)


@both
async def test_what_is_finished_leaves_nothing(database: Database) -> None:
    await begin(database, 7, ADA)
    async with database.begin() as connection:
        await underway.finish(connection, 7, ADA)
    assert await count(database) == 0


@both
async def test_nothing_is_saved_for_whoever_was_deleted_meanwhile(database: Database, tmp_path: Path) -> None:
    await begin(database, 7, ADA)
    await begin(database, 8, BEN)
    await personal_data.forget(database, FolderBlobs(tmp_path), ADA)
    await begin(database, 9, ADA)  # what they ask for after that is new
    async with database.begin() as connection:
        with pytest.raises(Refusal, match="deleted meanwhile"):
            await underway.finish(connection, 7, ADA)
        await underway.finish(connection, 8, BEN)
        await underway.finish(connection, 9, ADA)


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
async def test_a_deletion_waits_for_what_is_just_being_written(database: Database, tmp_path: Path) -> None:
    await begin(database, 7, ADA)
    async with database.begin() as connection:
        await underway.finish(connection, 7, ADA)
        forgetting = asyncio.create_task(personal_data.forget(database, FolderBlobs(tmp_path), ADA))
        await asyncio.wait({forgetting}, timeout=0.3)
        assert not forgetting.done()
    await forgetting


async def test_what_was_never_finished_goes_by_itself(connection: AsyncConnection) -> None:
    for interaction_id, begun_at in ((7, NOW), (8, NOW + 5)):
        await underway.begin(connection, interaction_id, ADA, now=begun_at)
    await underway.forget_begun_before(connection, NOW + 5)
    left = (await connection.execute(select(table.c.interaction_id))).scalars().all()
    assert left == [8]
