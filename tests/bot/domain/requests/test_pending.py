"""Requests that are written down: by whom they can be ended, and what is left of them."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.db import Database
from bot.domain.limits import quotas
from bot.domain.outbox.schedule import LEASE_S
from bot.domain.privacy import personal_data
from bot.domain.requests import pending
from bot.domain.requests.pending import Pending
from bot.domain.requests.request import Request
from bot.domain.styles.style import PictureSource, Style
from bot.errors import Refusal
from bot.media.blobs.folder import FolderBlobs
from bot.tables.pictures import requests
from tests.support.databases import BOTH
from tests.support.rows import ADA, BEN, NOW, address

both = pytest.mark.parametrize("url", BOTH, indirect=True)

ID = 77
REQUEST = Request(
    interaction_id=ID,
    user_id=ADA,
    guild_id=None,
    channel_id=20,
    parent_channel_id=19,
    role_ids=(1, 2),
    private=True,
    address=address(),
    content=PictureSource(name="c.png", url="https://cdn/content?hm=signature"),
    styles=(Style(name="The Scream", weight=0.25), Style(given=PictureSource(blob="1" * 64), weight=0.75)),
    chosen={"strength": 80.0, "keep_colors": True, "size_px": 64},
    seed=0,
    mask=PictureSource(name="m.png", url="https://cdn/mask"),
    start_blob="2" * 64,
    spoiler=True,
    age_restricted=True,
    language="de",
    parent_id=5,
)


async def added(connection: AsyncConnection, holder: str = "one", now: float = NOW) -> bool:
    return await pending.add(connection, Pending.of(REQUEST), holder=holder, now=now)


async def claimed(connection: AsyncConnection, now: float, holder: str = "two") -> list[Pending]:
    return await pending.claim_due(connection, now=now, limit=5, holder=holder)


async def test_a_request_is_read_as_it_was_written(connection: AsyncConnection) -> None:
    assert await added(connection)
    assert await claimed(connection, NOW + LEASE_S - 0.1) == [], "its process is at work on it"
    [found] = await claimed(connection, NOW + LEASE_S)
    assert found.request() == REQUEST
    assert found.key == (ID,)
    assert found.tries == 2, "the first process has died over it"


async def test_what_a_name_stands_for_is_looked_up_again(connection: AsyncConnection) -> None:
    kept = Style(name="The Scream", kept=None)
    assert Pending.of(replace(REQUEST, styles=(kept,))).request().styles == (kept,)


async def test_the_same_interaction_is_written_once(connection: AsyncConnection) -> None:
    assert await added(connection, "one")
    assert not await added(connection, "two")
    assert await added(connection, "one"), "its own earlier try, whose answer was lost"
    assert len((await connection.execute(select(requests))).all()) == 1


async def test_who_has_lost_the_lease_changes_nothing(connection: AsyncConnection) -> None:
    await added(connection, "one")
    assert len(await claimed(connection, NOW + LEASE_S, "two")) == 1
    assert not await pending.end(connection, ID, holder="one")
    assert not await pending.refuse(connection, ID, "No.", holder="one")
    await pending.release(connection, holder="one")
    assert await claimed(connection, NOW + LEASE_S + 1, "three") == []
    assert await pending.end(connection, ID, holder="two")
    assert not await pending.end(connection, ID, holder="two")


async def test_a_released_request_is_due_at_once_and_has_cost_no_try(connection: AsyncConnection) -> None:
    await added(connection, "one")
    assert not await pending.anything_due(connection, now=NOW)
    await pending.release(connection, holder="one", interaction_id=ID + 1)
    assert not await pending.anything_due(connection, now=NOW)
    await pending.release(connection, holder="one")
    assert await pending.anything_due(connection, now=NOW)
    [found] = await claimed(connection, NOW)
    assert found.tries == 1


async def test_a_refused_request_keeps_its_sentence_and_forgets_what_was_asked(
    connection: AsyncConnection,
) -> None:
    await added(connection)
    assert await pending.refuse(connection, ID, "Not here.", holder="one")
    [found] = await claimed(connection, NOW + LEASE_S)
    assert (found.refusal, found.asked) == ("Not here.", None)
    with pytest.raises(ValueError, match="asked for no picture"):
        found.request()
    assert await quotas.count_pending(connection) == 0


async def test_what_another_version_has_written_is_not_guessed_at(connection: AsyncConnection) -> None:
    await added(connection)
    [found] = await claimed(connection, NOW + LEASE_S)
    assert replace(found, asked={**(found.asked or {}), "of_tomorrow": 1}).request() == REQUEST
    with pytest.raises(ValueError, match="content"):
        replace(found, asked={"chosen": {}}).request()


async def test_earlier_requests_count_and_later_ones_do_not(connection: AsyncConnection) -> None:
    await added(connection)
    assert await quotas.count_pending(connection, {"user_id": ADA}) == 1
    assert await quotas.count_pending(connection, {"user_id": ADA}, before=ID + 1) == 1
    assert await quotas.count_pending(connection, {"user_id": ADA}, before=ID) == 0
    assert await quotas.count_pending(connection, {"user_id": ADA, "guild_id": None}) == 1
    assert await quotas.count_pending(connection, {"guild_id": 10}) == 0
    await connection.execute(update(requests).values(asked=None))
    assert await quotas.count_pending(connection) == 0, "not every row asks for a picture"


# What is saved for somebody who has everything of theirs deleted at that moment ------------------------


async def promised(database: Database, interaction_id: int, user_id: int) -> None:
    row = replace(Pending.of(REQUEST), interaction_id=interaction_id, user_id=user_id, asked=None)
    async with database.begin() as connection:
        assert await pending.add(connection, row, holder="one", now=NOW)


async def check(connection: AsyncConnection, interaction_id: int, user_id: int, holder: str = "one") -> None:
    await pending.check_held(connection, interaction_id, user_id, holder=holder)


@both
async def test_nothing_is_saved_for_whoever_was_deleted_meanwhile(database: Database, tmp_path: Path) -> None:
    await promised(database, 7, ADA)
    await promised(database, 8, BEN)
    await personal_data.forget(database, FolderBlobs(tmp_path), ADA)
    await promised(database, 9, ADA)  # what they ask for after that is new
    async with database.begin() as connection:
        with pytest.raises(Refusal, match="deleted meanwhile"):
            await check(connection, 7, ADA)
        await check(connection, 8, BEN)
        await check(connection, 9, ADA)


async def test_nothing_is_saved_by_a_process_that_has_lost_its_lease(database: Database) -> None:
    await promised(database, 7, ADA)
    async with database.begin() as connection:
        with pytest.raises(Refusal):
            await check(connection, 7, ADA, holder="two")


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
async def test_a_deletion_waits_for_what_is_just_being_written(database: Database, tmp_path: Path) -> None:
    await promised(database, 7, ADA)
    async with database.begin() as connection:
        await check(connection, 7, ADA)
        forgetting = asyncio.create_task(personal_data.forget(database, FolderBlobs(tmp_path), ADA))
        await asyncio.wait({forgetting}, timeout=0.3)
        assert not forgetting.done()
    await forgetting
