"""`easel restore`: a backup into an empty data folder, checked byte by byte."""

import asyncio
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from bot.db import Database, NewerTables
from bot.domain.privacy.blob_refs import every_use
from bot.errors import Failure, Refusal
from bot.media.blobs.folder import blobs_at
from bot.media.blobs.protocol import Blobs
from bot.operations import archive
from bot.operations.archive import Manifest, Member
from bot.operations.backup import Summary, sqlite_file
from bot.settings import Settings
from bot.startup import PRIVATE_FOLDER


@dataclass(kw_only=True)
class _Received:
    """What has been read of a backup so far."""

    manifest: Manifest | None = None
    database: bool = False
    size_bytes: int = 0
    blobs: set[str]
    missing: set[str] | None = None


async def restore(settings: Settings, file: Path) -> Summary:
    """Fills the data folder from `file`; on an error the folder is as empty as it was.

    Raises:
        Refusal: the folder is not empty, the database is on a server, or the backup is not whole.
    """
    target = sqlite_file(settings, "restore")
    folder = settings.data_dir
    existing = folder.exists()
    if target.exists() or not _is_empty(folder):
        raise Refusal(f"{folder} is not empty: a backup is restored into an empty EASEL_DATA_DIR only.")
    try:
        folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        return await _fill(settings, file, target)
    except BaseException as error:
        _empty(folder, target, keep=existing)
        if isinstance(error, OSError):
            raise Refusal(f"{folder} cannot be written: {error.strerror}.") from error
        raise


def _is_empty(folder: Path) -> bool:
    """Also where there is none yet."""
    try:
        return not any(folder.iterdir())
    except FileNotFoundError:
        return True
    except OSError as error:
        raise Refusal(f"{folder} cannot be read: {error.strerror}.") from error


def _empty(folder: Path, target: Path, *, keep: bool) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    if keep:
        folder.mkdir(exist_ok=True)
    for file in (target, _part(target)):
        file.unlink(missing_ok=True)


def _part(target: Path) -> Path:
    return target.with_name(f".{target.name}.part")


async def _fill(settings: Settings, file: Path, target: Path) -> Summary:
    """The database gets its name last: until then nothing would open it."""
    part, blobs = _part(target), blobs_at(settings.blobs_url, settings.blobs_dir)
    received = _Received(blobs=set())
    with archive.reading(file) as members:
        for member in members:
            await _take(member, received, part, blobs)
    manifest = received.manifest
    if manifest is None or not received.database or received.missing is None:
        raise Refusal(f"{file} is not whole: it ends too early. Choose another backup.")
    await asyncio.to_thread(_check_database, part)
    await _check_blobs(part, received)
    part.replace(target)
    await _migrate(settings)
    return Summary(
        revision=manifest.revision,
        blobs=len(received.blobs),
        missing=len(received.missing),
        size_bytes=received.size_bytes,
    )


async def _take(member: Member, received: _Received, part: Path, blobs: Blobs) -> None:
    received.size_bytes += member.size_bytes
    if received.manifest is None:
        if member.name != archive.MANIFEST:
            raise Refusal("That file is no backup of Easel: it does not begin with a manifest.")
        received.manifest = Manifest.from_json(await asyncio.to_thread(member.file.read))
    elif member.name == archive.DATABASE:
        await asyncio.to_thread(_take_database, member, part, received.manifest)
        received.database = True
    elif member.name == archive.END:
        received.missing = set((await asyncio.to_thread(member.json))["missing"])
    elif member.blob:
        received.blobs.add(await _take_blob(member, blobs))


def _take_database(member: Member, part: Path, manifest: Manifest) -> None:
    with part.open("wb") as file:
        part.chmod(0o600)
        digest = member.copy_to(file)
    if digest != manifest.database_sha256:
        raise Refusal("The database in that backup is damaged: its checksum differs. Choose another backup.")


async def _take_blob(member: Member, blobs: Blobs) -> str:
    try:
        key = await blobs.put(await asyncio.to_thread(member.file.read))
    except Failure as failure:
        raise Refusal(f"The pictures cannot be restored: {failure}.") from failure
    if key != member.blob:
        raise Refusal("A picture in that backup is damaged: its checksum differs. Choose another backup.")
    return key


def _check_database(part: Path) -> None:
    damaged = "The database in that backup is damaged: SQLite's check fails. Choose another backup."
    try:
        with closing(sqlite3.connect(part)) as connection:
            (sound,) = connection.execute("PRAGMA integrity_check").fetchone()
            torn = connection.execute("PRAGMA foreign_key_check").fetchall()
    except sqlite3.Error as error:
        raise Refusal(damaged) from error
    if sound != "ok" or torn:
        raise Refusal(damaged)


async def _check_blobs(part: Path, received: _Received) -> None:
    """Every picture that a row names is there, but for those that were gone when the backup was made."""
    database = Database(f"sqlite+aiosqlite:///{part}")
    try:
        async with database.read() as connection:
            named = {key async for key in every_use(connection)}
    finally:
        await database.dispose()
    lacking = named - received.blobs - (received.missing or set())
    if lacking:
        raise Refusal(f"That backup is not whole: {len(lacking)} pictures are not in it. Choose another one.")


async def _migrate(settings: Settings) -> None:
    database = Database(settings.url)
    try:
        await database.migrate()
    except NewerTables as error:
        raise Refusal(
            "That backup was made by a newer version of Easel: upgrade this one, then restore it."
        ) from error
    finally:
        await database.dispose()
