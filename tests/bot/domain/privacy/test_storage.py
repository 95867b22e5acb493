"""How much is stored: what is too much, and what goes at once. On both databases, with a real folder."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.db import Database
from bot.domain.jobs.model import State
from bot.domain.privacy import storage as storage_module
from bot.domain.privacy.storage import HOLD_S, MIB, Storage, StorageLimits, stored_bytes
from bot.errors import Failure, Refusal
from bot.media.blobs.folder import FolderBlobs
from bot.tables.pictures import stored_pictures
from tests.support.databases import BOTH
from tests.support.picture_files import noise_png
from tests.support.rows import ADA, BEN, NOW, add, add_in, set_columns
from tests.support.submit import GONE, LIMITS, STORAGE_LIMITS, STYLE, TEXT, SubmitHarness

pytestmark = pytest.mark.parametrize("url", BOTH, indirect=True)


class Shelves:
    """A storage with its database and its blobs; time goes on as it is told."""

    def __init__(self, database: Database, folder: Path, limits: StorageLimits = STORAGE_LIMITS) -> None:
        self.database = database
        self.folder = folder
        self.blobs = FolderBlobs(folder)
        self.now = NOW
        self.free_bytes = 10**12
        self.storage = Storage(
            database=database,
            blobs=self.blobs,
            limits=limits,
            free_bytes=lambda: self.free_bytes,
            clock=lambda: self.now,
        )

    def files(self) -> int:
        return sum(path.is_file() for path in self.folder.rglob("*"))

    async def sizes(self, user_id: int | None = None) -> int:
        async with self.database.read() as connection:
            return await stored_bytes(connection, user_id)


@pytest.fixture
def shelves(database: Database, tmp_path: Path) -> Shelves:
    return Shelves(database, tmp_path / "blobs")


async def test_each_picture_counts_once_for_whoever_brought_it_first(shelves: Shelves) -> None:
    for user_id, data in ((ADA, b"one"), (ADA, b"one"), (BEN, b"one"), (BEN, b"eleven")):
        await shelves.storage.put(data, user_id=user_id)
    assert [await shelves.sizes(who) for who in (ADA, BEN, None)] == [3, 6, 9]


async def test_what_no_row_names_goes_at_once_and_what_one_names_stays(shelves: Shelves) -> None:
    used, unused = [await shelves.storage.put(data, user_id=ADA) for data in (b"used", b"unused")]
    async with shelves.database.begin() as connection:
        await add(connection, content_blob=used)
    assert await shelves.storage.discard([used, unused], stored_before=NOW) == 1
    assert await shelves.blobs.get(used) == b"used"
    assert (shelves.files(), await shelves.sizes()) == (1, 4)


async def test_what_somebody_else_has_stored_meanwhile_stays(shelves: Shelves) -> None:
    key = await shelves.storage.put(b"the same", user_id=ADA)
    shelves.now += 1
    await shelves.storage.put(b"the same", user_id=BEN)
    shelves.now += 1
    assert await shelves.storage.discard([key], stored_before=shelves.now) == 0
    assert await shelves.blobs.get(key) == b"the same"


async def test_what_was_held_long_ago_counts_as_new(shelves: Shelves) -> None:
    key = await shelves.storage.put(b"the same", user_id=ADA)
    shelves.now += HOLD_S + 1
    await shelves.storage.put(b"the same", user_id=ADA)
    assert await shelves.storage.discard([key], stored_before=shelves.now) == 1
    assert shelves.files() == 0


async def test_painted_pictures_are_measured_when_they_are_asked_for(shelves: Shelves) -> None:
    result, film = [await shelves.blobs.put(data) for data in (b"result", b"film!")]
    async with shelves.database.begin() as connection:
        job = await add_in(connection, State.DELIVERED)
        await set_columns(connection, job.id, result_blob=result, timelapse_blob=film)
        gone = await add_in(connection, State.DELIVERED, BEN)
        await set_columns(connection, gone.id, result_blob="e" * 64)
    await shelves.storage.check_room(ADA)
    assert (await shelves.sizes(ADA), await shelves.sizes(BEN)) == (11, 0)
    assert await storage_module.measure_results(shelves.database, shelves.blobs) == 1
    assert await storage_module.measure_results(shelves.database, shelves.blobs) == 0


async def test_a_person_has_a_limit_and_so_have_all_together(database: Database, tmp_path: Path) -> None:
    limits = StorageLimits(per_person=2 * MIB, in_all=3 * MIB)
    shelves = Shelves(database, tmp_path, limits)
    await shelves.storage.put(b"a" * (2 * MIB), user_id=ADA)
    with pytest.raises(Refusal, match="Your pictures here take up 2 MiB, and one person may have 2: delete"):
        await shelves.storage.check_room(ADA)
    await shelves.storage.check_room(BEN)
    await shelves.storage.put(b"b" * MIB, user_id=BEN)
    with pytest.raises(Refusal, match="no room for new pictures just now"):
        await shelves.storage.check_room(BEN)


async def test_below_the_reserve_nothing_is_taken(shelves: Shelves) -> None:
    shelves.free_bytes = STORAGE_LIMITS.reserve
    await shelves.storage.check_room(ADA)
    shelves.free_bytes -= 1
    with pytest.raises(Refusal, match="no room for new pictures just now"):
        await shelves.storage.check_room(ADA)


async def test_sizes_of_what_was_deleted_otherwise_are_forgotten(shelves: Shelves) -> None:
    used, gone = [await shelves.storage.put(data, user_id=ADA) for data in (b"used", b"gone")]
    async with shelves.database.begin() as connection:
        await add(connection, content_blob=used)
    await storage_module.forget_unused_sizes(shelves.database, set(), before=NOW)
    assert await shelves.sizes() == 8, "they are held"
    await storage_module.forget_unused_sizes(shelves.database, {hash(gone)}, before=NOW + 2 * HOLD_S)
    assert await shelves.sizes() == 8, "a row was said to name one, and does name the other"
    await storage_module.forget_unused_sizes(shelves.database, set(), before=NOW + 2 * HOLD_S)
    async with shelves.database.read() as connection:
        assert (await connection.execute(select(stored_pictures.c.key))).scalars().all() == [used]


# Requests ------------------------------------------------------------------------------------------------


def stored_files(harness: SubmitHarness, tmp_path: Path) -> int:
    assert harness.blobs is not None
    return sum(path.is_file() for path in (tmp_path / "blobs").rglob("*"))


@pytest.mark.parametrize("style", [TEXT, GONE])
async def test_a_refused_request_leaves_no_picture(
    harness: SubmitHarness, tmp_path: Path, style: str
) -> None:
    harness.attachments.files["https://cdn/other"] = noise_png()
    with pytest.raises(Refusal):
        await harness.submit(content_url="https://cdn/other", style_url=style)
    assert stored_files(harness, tmp_path) == 0
    await harness.submit(content_url="https://cdn/other", style_url=STYLE)
    assert stored_files(harness, tmp_path) == 2


async def test_a_request_that_is_refused_last_leaves_no_picture(
    harness: SubmitHarness, tmp_path: Path
) -> None:
    async def broken(*_given: object) -> None:
        raise Failure("the engine is away")

    harness.submitter._enqueue = broken
    with pytest.raises(Failure):
        await harness.submit(style_url=STYLE)
    assert stored_files(harness, tmp_path) == 0


async def test_a_request_without_room_is_refused_before_anything_is_fetched(
    open_harness: Callable[..., SubmitHarness],
) -> None:
    harness = open_harness(storage_limits=replace(STORAGE_LIMITS, per_person=10))
    await harness.submit(style_url=STYLE)
    harness.attachments.fetched.clear()
    with pytest.raises(Refusal, match="Your pictures here take up"):
        await harness.submit(style_url=STYLE)
    assert harness.attachments.fetched == []
    await harness.submit(style_url=STYLE, user_id=BEN)
    assert LIMITS.jobs_per_user > 1, "it is not the queue's limit"
