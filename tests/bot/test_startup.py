"""The start: a private data folder, tables that are up to date, and one sentence for what is wrong."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from bot.db import Database, NewerTables
from bot.errors import Refusal
from bot.media.blobs.folder import FolderBlobs
from bot.settings import Settings
from bot.startup import migrate, open_data_folder, open_to_others, tables_are_there
from tests.support.databases import BOTH, NOBODY_THERE, url_of

WAITING = "waiting for the tables: easel run or easel migrate makes them"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data")


async def start(settings: Settings) -> None:
    open_data_folder(settings)
    database = Database(settings.url)
    try:
        await migrate(database)
    finally:
        await database.dispose()


@asynccontextmanager
async def at_revision(database: Database, revision: str) -> AsyncIterator[None]:
    """What alembic has on record; set back at the end, because other tests use the same server."""
    change = text("UPDATE alembic_version SET version_num = :revision")
    async with database.begin() as connection:
        before = await database.revision(connection)
        await connection.execute(change, {"revision": revision})
    try:
        yield
    finally:
        async with database.begin() as connection:
            await connection.execute(change, {"revision": before})


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


async def test_what_is_made_is_for_this_account_only(settings: Settings) -> None:
    await start(settings)
    key = await FolderBlobs(settings.blobs_dir).put(b"picture")
    database = Database(settings.url)
    async with database.begin() as connection:
        await connection.execute(text("DELETE FROM jobs"))
        assert mode(settings.data_dir) == 0o700
        files = [file for file in settings.data_dir.iterdir() if file.is_file()]
        assert {file.name for file in files} == {"easel.db", "easel.db-wal", "easel.db-shm"}
        assert {mode(file) for file in files} == {0o600}
    await database.dispose()
    assert mode(settings.blobs_dir / key[:2] / key) == 0o600


async def test_what_an_older_version_left_open_is_closed_at_the_start(settings: Settings) -> None:
    blob = settings.blobs_dir / "ab" / "abcd"
    blob.parent.mkdir(parents=True)
    files = [blob, *(settings.data_dir / name for name in ("easel.db", "easel.db-wal", "easel.db-shm"))]
    for file in files:
        file.touch(mode=0o644)
    for folder in (settings.data_dir, settings.blobs_dir, blob.parent):
        folder.chmod(0o755)
    assert set(open_to_others(settings)) == {settings.data_dir, settings.blobs_dir, *files[1:]}
    await start(settings)
    assert open_to_others(settings) == []
    assert mode(settings.data_dir) == mode(settings.blobs_dir) == mode(blob.parent) == 0o700
    assert {mode(file) for file in files if file.exists()} == {0o600}


def test_a_folder_that_everybody_uses_is_left_open(settings: Settings) -> None:
    settings.data_dir.mkdir()
    settings.data_dir.chmod(0o1777)
    open_data_folder(settings)
    assert settings.data_dir.stat().st_mode & 0o7777 == 0o1777


def test_a_data_folder_that_is_a_file_is_one_sentence(settings: Settings) -> None:
    settings.data_dir.touch()
    with pytest.raises(Refusal, match="data is a file: move it away, or set EASEL_DATA_DIR to a folder"):
        open_data_folder(settings)


@pytest.mark.parametrize("folder", ["/proc", "/proc/easel"], ids=["is read-only", "cannot be made"])
def test_a_data_folder_that_cannot_be_written_is_one_sentence(folder: str) -> None:
    with pytest.raises(Refusal, match=f"The data folder {folder} cannot be written .*EASEL_DATA_DIR"):
        open_data_folder(Settings(data_dir=Path(folder)))


@pytest.mark.parametrize("url", BOTH, indirect=True)
async def test_a_database_of_a_newer_version_is_one_sentence(database: Database) -> None:
    async with at_revision(database, "9999"):
        with pytest.raises(NewerTables, match=r"newer version of Easel\. Upgrade this one, or restore"):
            await migrate(database)
        with pytest.raises(NewerTables):
            await tables_are_there(database, asyncio.Event())


async def test_a_file_that_is_no_database_is_one_sentence(settings: Settings) -> None:
    settings.data_dir.mkdir()
    (settings.data_dir / "easel.db").write_bytes(b"this is no database, but it is long enough to be read" * 9)
    with pytest.raises(Refusal, match=r"cannot be used \(file is not a database\): see easel doctor"):
        await start(settings)


async def test_a_server_that_is_away_is_one_sentence_without_a_word_of_the_address() -> None:
    database = Database(NOBODY_THERE)
    with pytest.raises(Refusal) as refusal:
        await migrate(database)
    await database.dispose()
    assert str(refusal.value) == "The database could not be reached: check EASEL_DATABASE_URL."


async def test_a_worker_waits_for_the_first_migration_with_one_line(tmp_path: Path) -> None:
    database = Database(url_of(tmp_path / "easel.db"))
    with capture_logs() as lines:
        waiting = asyncio.create_task(tables_are_there(database, asyncio.Event(), poll_s=0.001))
        while len(lines) < 1:  # noqa: ASYNC110 - a log tells nobody
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.02)
        assert not (tmp_path / "easel.db").exists(), "only who migrates makes it"
        await migrate(database)
        assert await waiting
    await database.dispose()
    assert [line["event"] for line in lines if "WAL-reset" not in line["event"]] == [WAITING]


async def test_older_tables_are_waited_for_and_a_stop_ends_that(database: Database) -> None:
    stop = asyncio.Event()
    with capture_logs() as lines:
        async with at_revision(database, "0013"):
            waiting = asyncio.create_task(tables_are_there(database, stop, poll_s=0.001))
            while not lines:  # noqa: ASYNC110 - a log tells nobody
                await asyncio.sleep(0.001)
            stop.set()
            assert not await waiting
    assert lines[0]["found"] == "older"
