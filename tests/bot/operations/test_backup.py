"""`easel backup` and `easel restore`: while others write, and with files that are no backup."""

import asyncio
import hashlib
import io
import json
import shutil
import sqlite3
import sys
import tarfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.db import Database
from bot.domain.jobs.model import State
from bot.domain.outbox import takedowns
from bot.domain.styles import presets
from bot.domain.styles.style import Look
from bot.errors import Refusal
from bot.media.blobs.folder import FolderBlobs
from bot.operations import doctor
from bot.operations.backup import back_up
from bot.operations.restore import restore
from bot.settings import Settings
from bot.tables.people import takedowns as leftovers
from bot.tables.pictures import deliveries, jobs
from tests.support.easel import easel
from tests.support.rows import ADA, NOW, add, add_card, add_in, address, read_job
from tests.support.worker import FINISHED, PARAMS, STARTED, ScriptedPainter, WorkerHarness, step

TOKEN = "an-interaction-token-that-is-nobody-s-business"

WRITER = """
import asyncio, sys
from pathlib import Path
from bot.db import Database
from bot.media.blobs.folder import FolderBlobs
from tests.support.rows import add, add_card

async def main(folder):
    database, blobs = Database(f"sqlite+aiosqlite:///{folder}/easel.db"), FolderBlobs(Path(folder) / "blobs")
    for number in range(100_000):
        content = await blobs.put(b"content %d" % number * 500)
        style = await blobs.put(b"style %d" % number)
        async with database.begin() as connection:
            job = await add(connection, content_blob=content, style_blob=style, interaction_id=number)
            await add_card(connection, job)
        print(number, flush=True)

asyncio.run(main(sys.argv[1]))
"""


@pytest.fixture
def settings(database: Database, tmp_path: Path) -> Settings:
    """Of the data folder that holds `database`."""
    return Settings(discord_token=None, data_dir=tmp_path)


@pytest.fixture
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("backups") / "easel.tar.gz"


@pytest.fixture
def copy(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Of another data folder, which is empty."""
    return Settings(discord_token=None, data_dir=tmp_path_factory.mktemp("copy"))


@pytest.fixture
async def copied(settings: Settings, database: Database, file: Path) -> Path:
    """A backup of one painted and one waiting job."""
    harness = WorkerHarness(database, settings.blobs_dir)
    await harness.paint(ScriptedPainter(STARTED, step(1), FINISHED))
    await harness.submit()
    await back_up(settings, file)
    return file


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Database]:
    database = Database(settings.url)
    try:
        yield database
    finally:
        await database.dispose()


def rows(settings: Settings) -> dict[str, list[tuple[object, ...]]]:
    """Everything in the database."""
    with closing(sqlite3.connect(settings.data_dir / "easel.db")) as connection:
        names = [
            name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        return {name: connection.execute(f"SELECT * FROM {name} ORDER BY 1").fetchall() for name in names}


def look_at(file: Path) -> tuple[int, int]:
    """Its size, and who may read it."""
    return file.stat().st_size, file.stat().st_mode & 0o777


def files(settings: Settings) -> dict[str, bytes]:
    return {one.name: one.read_bytes() for one in settings.blobs_dir.rglob("*") if one.is_file()}


async def test_a_copy_has_every_row_and_every_picture(
    settings: Settings, database: Database, file: Path, copy: Settings
) -> None:
    blobs = FolderBlobs(settings.blobs_dir)
    result, style, blended = [await blobs.put(name.encode()) for name in ("result", "style", "blended")]
    orphan = await blobs.put(b"nobody names this one")
    async with database.begin() as connection:
        await add_in(connection, State.DELIVERED, content_blob=style, style_blob=style, start_blob=result)
        more = [{"blob": blended, "name": "Waves", "weight": 0.5}]
        await add(connection, content_blob=style, style_blob=style, more_styles=more)
        await presets.save(connection, ADA, "Mine", look=Look(), style_blob=style, limit=9, now=NOW)
        await connection.execute(jobs.update().where(jobs.c.id == 1).values(result_blob=result))
    done = await back_up(settings, file)
    assert (done.blobs, done.missing) == (3, 0)
    assert look_at(file) == (done.size_bytes, 0o600)
    await restore(copy, file)
    assert rows(copy) == rows(settings)
    assert files(copy) == {key: data for key, data in files(settings).items() if key != orphan}


async def test_a_copy_passes_the_doctor_s_checks_and_its_jobs_are_painted_to_the_end(
    settings: Settings, copied: Path, copy: Settings
) -> None:
    await restore(copy, copied)
    for check in (doctor.database, doctor.pictures, doctor.disk):
        assert (await check(copy)).well, await check(copy)
    async with opened(copy) as database:
        harness = WorkerHarness(database, copy.blobs_dir)
        async with harness.working(ScriptedPainter(STARTED, step(1), FINISHED)):
            job = await harness.until(2, lambda job: job.ended_at is not None)
        assert job.state is State.RENDERED
        first = await read_job(database, 1)
        assert first.result_blob is not None
        assert await harness.blobs.get(first.result_blob) == await FolderBlobs(settings.blobs_dir).get(
            first.result_blob
        )


async def test_a_job_that_was_running_is_taken_back_and_painted_in_the_copy(
    settings: Settings, database: Database, file: Path, copy: Settings
) -> None:
    harness = WorkerHarness(database, settings.blobs_dir)
    job_id = await harness.submit()
    assert await harness.engine.claim("the old machine")
    await back_up(settings, file)
    await restore(copy, file)
    async with opened(copy) as restored:
        second = WorkerHarness(restored, copy.blobs_dir)
        await second.engine.sweep(dead_worker="the old machine")
        async with second.working(ScriptedPainter(STARTED, step(1), FINISHED)):
            job = await second.until(job_id, lambda job: job.ended_at is not None)
    assert (job.state, job.attempt) == (State.RENDERED, 2)


async def test_backups_taken_while_jobs_are_written_are_whole(
    settings: Settings, file: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    writer = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", WRITER, str(settings.data_dir)), stdout=asyncio.subprocess.PIPE
    )
    try:
        assert writer.stdout is not None
        counts = []
        for number in range(3):
            for _ in range(20):
                await writer.stdout.readline()
            one = file.with_name(f"{number}.tar.gz")
            assert (await back_up(settings, one)).missing == 0
            copy = Settings(data_dir=tmp_path_factory.mktemp("copy"))
            await restore(copy, one)
            counts.append(await count_whole_jobs(copy))
        assert writer.returncode is None
    finally:
        writer.kill()
        await writer.communicate()
    assert counts == sorted(counts)
    assert 20 <= counts[0] < counts[2]


async def count_whole_jobs(settings: Settings) -> int:
    """How many jobs there are; each has its card's address and both its pictures."""
    blobs = FolderBlobs(settings.blobs_dir)
    async with opened(settings) as database, database.read() as connection:
        query = select(jobs.c.content_blob, jobs.c.style_blob).join(deliveries)
        found = (await connection.execute(query)).all()
        total = len((await connection.execute(select(jobs.c.id))).all())
    for row in found:
        for key in row:
            await blobs.get(key)
    assert len(found) == total
    return total


async def test_interaction_tokens_stay_out_of_a_backup(
    settings: Settings, database: Database, file: Path, copy: Settings
) -> None:
    async with database.begin() as connection:
        job = await add(connection, params=PARAMS)
        await add_card(connection, job, interaction_token=TOKEN)
        private = address(interaction_token=TOKEN, channel_reachable=False, message_id=77)
        await takedowns.add_card(connection, private, channel_id=20)
    await back_up(settings, file)
    assert all(TOKEN.encode() not in data for _name, data in contents(file))
    await restore(copy, file)
    async with opened(copy) as restored, restored.read() as connection:
        row = (await connection.execute(select(deliveries))).one()
        left = (await connection.execute(select(leftovers))).one()
    assert (row.interaction_token, row.token_until, row.channel_reachable) == ("", 0, True)
    assert (left.interaction_token, left.token_until, left.message_id) == ("", 0, 77)


async def test_a_picture_that_was_deleted_before_is_noted_and_not_asked_for(
    settings: Settings, database: Database, copied: Path, copy: Settings
) -> None:
    job = await read_job(database, 1)
    assert job.result_blob is not None
    await FolderBlobs(settings.blobs_dir).delete(job.result_blob)
    second = copied.with_name("second.tar.gz")
    assert (await back_up(settings, second)).missing == 1
    assert (await restore(copy, second)).missing == 1
    assert not (await doctor.pictures(copy)).well, "a painted picture that was not delivered yet is lost"


# What is refused ---------------------------------------------------------------------------------------


async def test_nothing_is_overwritten(settings: Settings, copied: Path, copy: Settings) -> None:
    with pytest.raises(Refusal, match="exists already"):
        await back_up(settings, copied)
    (copy.data_dir / "holiday.png").write_bytes(b"mine")
    with pytest.raises(Refusal, match="is not empty"):
        await restore(copy, copied)
    assert [one.name for one in copy.data_dir.iterdir()] == ["holiday.png"]
    with pytest.raises(Refusal, match="is not empty"):
        await restore(settings, copied)


async def test_a_folder_without_a_database_has_nothing_to_back_up(copy: Settings, file: Path) -> None:
    with pytest.raises(Refusal, match="EASEL_DATA_DIR"):
        await back_up(copy, file)
    assert list(file.parent.iterdir()) == []


async def test_a_place_that_cannot_be_written_is_one_sentence(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="cannot be written"):
        await back_up(settings, tmp_path / "not" / "there" / "easel.tar.gz")


@pytest.mark.parametrize("data", [b"", b"this is no database, but it is long enough to be read" * 99])
async def test_a_database_that_is_none_is_one_sentence(copy: Settings, file: Path, data: bytes) -> None:
    put_database(copy, data)
    with pytest.raises(Refusal, match="cannot be copied"):
        await back_up(copy, file)
    assert list(file.parent.iterdir()) == []


def put_database(settings: Settings, data: bytes) -> None:
    (settings.data_dir / "easel.db").write_bytes(data)


async def test_a_data_folder_that_is_a_file_is_one_sentence(copied: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(Refusal, match="cannot be read: Not a directory"):
        await restore(Settings(data_dir=tmp_path / "file"), copied)


async def test_a_server_has_tools_of_its_own(tmp_path: Path, file: Path) -> None:
    settings = Settings(data_dir=tmp_path, database_url="postgresql+psycopg://easel@127.0.0.1/easel")
    for command in (back_up, restore):
        with pytest.raises(Refusal, match="pg_dump"):
            await command(settings, file)


def damaged(file: Path) -> Iterator[tuple[str, bytes]]:
    """Files that are nearly a backup, by what is wrong with them."""
    whole = file.read_bytes()
    yield "empty", b""
    yield "no gzip", b"a letter to my mother, and long enough to be read as something else" * 30
    yield "half of it", whole[: len(whole) // 2]
    members = list(contents(file))
    yield "without its end", packed(members[:-1])
    yield "without its database", packed([one for one in members if one[0] != "easel.db"])
    yield "without a picture", packed([one for one in members if one[0] != members[2][0]])
    yield "another picture", packed([(n, d + b"!" if n.startswith("blobs/") else d) for n, d in members])
    yield "another database", packed([(n, d[:-1] + b"!" if n == "easel.db" else d) for n, d in members])
    yield "a way out", packed([members[0], ("../../evil", b"evil"), *members[1:]])
    yield "no manifest first", packed(members[1:])
    manifest = json.loads(members[0][1])
    garbage = b"no database, whatever the manifest says of it" * 99
    claimed = {**manifest, "database_sha256": hashlib.sha256(garbage).hexdigest()}
    known = {"manifest.json": json.dumps(claimed).encode(), "easel.db": garbage}
    yield "no database", packed([(name, known.get(name, data)) for name, data in members])
    manifests: list[object] = [{**manifest, "format": 2}, {"format": 1}, []]
    for values in manifests:
        yield f"manifest {values}", packed([("manifest.json", json.dumps(values).encode()), *members[1:]])


def contents(file: Path) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(file) as tar:
        for member in tar:
            data = tar.extractfile(member)
            assert data is not None
            yield member.name, data.read()


def packed(members: list[tuple[str, bytes]]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


async def test_what_is_not_a_whole_backup_is_refused_and_leaves_the_folder_empty(
    copied: Path, copy: Settings
) -> None:
    for name, data in damaged(copied):
        other = copied.with_name("other.tar.gz")
        other.write_bytes(data)
        with pytest.raises(Refusal):
            await restore(copy, other)
        assert list(copy.data_dir.iterdir()) == [], name
    assert not (copied.parent.parent / "evil").exists()
    await restore(copy, copied)  # the untouched one still fits


async def test_links_in_a_backup_are_refused(file: Path, copy: Settings) -> None:
    with tarfile.open(file, mode="w:gz") as tar:
        info = tarfile.TarInfo("easel.db")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(info)
    with pytest.raises(Refusal, match="no backup"):
        await restore(copy, file)


async def test_a_backup_of_a_newer_version_is_refused(
    settings: Settings, copied: Path, copy: Settings
) -> None:
    with closing(sqlite3.connect(settings.data_dir / "easel.db")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    newer = copied.with_name("newer.tar.gz")
    await back_up(settings, newer)
    with pytest.raises(Refusal, match="newer version"):
        await restore(copy, newer)
    assert list(copy.data_dir.iterdir()) == []


def test_the_two_commands_say_what_they_have_done(migrated_file: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    shutil.copy(migrated_file, tmp_path / "data" / "easel.db")
    done = easel("backup", "monday.tar.gz", cwd=tmp_path, EASEL_DATA_DIR="data")
    assert "0 pictures" in done.stdout, done.stderr
    done = easel("restore", "monday.tar.gz", cwd=tmp_path, EASEL_DATA_DIR="copy")
    assert "all checksums fit" in done.stdout, done.stderr
    done = easel("restore", "monday.tar.gz", cwd=tmp_path, EASEL_DATA_DIR="copy")
    assert (done.returncode, "is not empty" in done.stderr) == (1, True)
