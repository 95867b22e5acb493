"""`easel purge` and its dry run, on a data folder with old and new pictures."""

import os
import time
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from bot.db import Database
from bot.domain.jobs.model import State
from bot.domain.privacy.storage import HOLD_S
from bot.errors import Refusal
from bot.media.blobs.folder import FolderBlobs
from bot.operations.purge import purge
from bot.settings import Settings
from tests.support.rows import add_in, set_columns

DAY_S = 24 * 3600.0


class DataFolder:
    """A job that ended ten days ago, what it was made of and has become, and a picture that nothing names."""

    def __init__(self, folder: Path) -> None:
        self.settings = Settings(data_dir=folder, _env_file=None)
        self.blobs = FolderBlobs(self.settings.blobs_dir)

    async def fill(self) -> None:
        self.settings.data_dir.mkdir(exist_ok=True)
        content, result = await self.put(b"content", age_s=DAY_S), await self.put(b"result", age_s=DAY_S)
        await self.put(b"nobody's", age_s=HOLD_S + 60)
        await self.put(b"of a request that is being taken", age_s=HOLD_S - 60)
        database = Database(self.settings.url)
        await database.migrate()
        async with database.begin() as connection:
            job = await add_in(connection, State.DELIVERED, content_blob=content, style_blob=content)
            ended_at = time.time() - 10 * DAY_S
            await set_columns(connection, job.id, ended_at=ended_at, result_blob=result)
        await database.dispose()

    async def put(self, data: bytes, *, age_s: float) -> str:
        key = await self.blobs.put(data)
        stored_at = time.time() - age_s
        os.utime(self.settings.blobs_dir / key[:2] / key, (stored_at, stored_at))
        return key

    def kept(self) -> set[bytes]:
        return {path.read_bytes() for path in self.settings.blobs_dir.rglob("*") if path.is_file()}


@pytest.fixture
async def folder(tmp_path: Path) -> DataFolder:
    folder = DataFolder(tmp_path / "data")
    await folder.fill()
    return folder


async def purged(
    folder: DataFolder,
    *,
    inputs_days: int | None = None,
    results_days: int | None = None,
    dry_run: bool = False,
) -> str:
    console = Console(file=StringIO(), width=300)
    await purge(folder.settings, console, inputs_days=inputs_days, results_days=results_days, dry_run=dry_run)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue().strip()


async def test_by_itself_it_deletes_what_nothing_refers_to(folder: DataFolder) -> None:
    said = await purged(folder)
    assert said == (
        "Deleted: what 0 jobs were made of, what 0 jobs have painted, the data of 0 servers, "
        "1 pictures (0.0 MiB)."
    )
    assert folder.kept() == {b"content", b"result", b"of a request that is being taken"}


@pytest.mark.parametrize(("inputs_days", "results_days", "blobs"), [(9, None, 2), (9, 9, 3), (11, 11, 1)])
async def test_a_dry_run_foretells_what_is_deleted_and_deletes_nothing(
    folder: DataFolder, inputs_days: int, results_days: int | None, blobs: int
) -> None:
    before = folder.kept()
    foretold = await purged(folder, inputs_days=inputs_days, results_days=results_days, dry_run=True)
    assert folder.kept() == before
    assert f"{blobs} pictures" in foretold
    done = await purged(folder, inputs_days=inputs_days, results_days=results_days)
    assert done == foretold.replace("Would delete", "Deleted")
    assert len(folder.kept()) == len(before) - blobs


async def test_all_of_an_old_job_goes_with_its_pictures(folder: DataFolder) -> None:
    folder.settings = folder.settings.model_copy(update={"keep_jobs_days": 9})
    foretold = await purged(folder, inputs_days=9, dry_run=True)
    done = await purged(folder, inputs_days=9)
    assert done == foretold.replace("Would delete", "Deleted")
    assert done == (
        "Deleted: all of 1 jobs, what 0 jobs were made of, what 0 jobs have painted, "
        "the data of 0 servers, 3 pictures (0.0 MiB)."
    )
    assert folder.kept() == {b"of a request that is being taken"}


async def test_a_data_folder_that_is_a_file_is_refused_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    settings = Settings(data_dir=tmp_path / "data", _env_file=None)
    with pytest.raises(Refusal, match="is a file: move it away"):
        await purge(settings, Console(file=StringIO()), inputs_days=None, results_days=None, dry_run=True)
