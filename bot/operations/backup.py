"""`easel backup`: a consistent copy of the database and its pictures in one file, while Easel runs.

The database is copied first and the pictures after it: a picture is stored before a row names it, so the copy
names none that was not there. What is deleted meanwhile is noted in the backup's end.
"""

import asyncio
import hashlib
import os
import sqlite3
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import URL, make_url
from sqlalchemy.exc import SQLAlchemyError

from bot.db import Database
from bot.domain.privacy.blob_refs import every_use
from bot.errors import Failure, Refusal
from bot.media.blobs.folder import blobs_at
from bot.media.blobs.protocol import BlobMissing, Blobs
from bot.operations import archive
from bot.operations.archive import Manifest, Writer
from bot.settings import Settings
from nst_core.version import installed_version

SERVER = (
    "easel {command} is for SQLite. PostgreSQL has tools of its own: use pg_dump, as docs/operations.md says "
    "under “Back up and restore”."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What a backup holds. `missing` pictures were gone already: nobody can have them back.

    size_bytes: of the file that was written, or of what was read out of it.
    """

    revision: str
    blobs: int
    missing: int
    size_bytes: int


def sqlite_file(settings: Settings, command: str) -> Path:
    """The database's file.

    Raises:
        Refusal: it is on a server.
    """
    url: URL = make_url(settings.url)
    if url.get_backend_name() != "sqlite" or not url.database:
        raise Refusal(SERVER.format(command=command))
    return Path(url.database)


async def back_up(settings: Settings, file: Path) -> Summary:
    """Writes `file`, all or nothing; only its owner may read it.

    Raises:
        Refusal: there is nothing to copy, `file` exists, or it cannot be written.
    """
    source = sqlite_file(settings, "backup")
    _check(source, file)
    part = file.with_name(f".{file.name}.part")
    try:
        with tempfile.TemporaryDirectory(dir=file.parent, prefix=".easel-backup-") as folder:
            copy = Path(folder) / archive.DATABASE
            await asyncio.to_thread(_copy_database, source, copy)
            summary = await _write(part, copy, blobs_at(settings.blobs_url, settings.blobs_dir))
        part.replace(file)
    except OSError as error:
        raise Refusal(f"{file} cannot be written: {error.strerror}.") from error
    except (sqlite3.Error, SQLAlchemyError) as error:
        raise Refusal(f"{source} cannot be copied ({type(error).__name__}): see `easel doctor`.") from error
    finally:
        part.unlink(missing_ok=True)
    return summary


def _check(source: Path, file: Path) -> None:
    if not source.exists():
        raise Refusal(f"There is no database at {source}: is EASEL_DATA_DIR the right folder?")
    if file.exists():
        raise Refusal(f"{file} exists already: choose another name.")


WITHOUT_TOKENS: Final = {"interaction_token": "", "token_until": 0}
"""What stands for interaction tokens in a backup, in every table that has such a column."""
WITH_COLUMN: Final = (
    "SELECT tables.name FROM sqlite_master AS tables JOIN pragma_table_info(tables.name) AS columns "
    "WHERE tables.type = 'table' AND columns.name = ?"
)


def _copy_database(source: Path, copy: Path) -> None:
    """One consistent view of a file that others write, without the interaction tokens in it.

    In one step, for SQLite begins anew whenever another process writes between two. It blocks no writer.

    Source: SQLite's documentation, "SQLite Backup API".
    """
    with closing(sqlite3.connect(source, timeout=30)) as old, closing(sqlite3.connect(copy)) as new:
        old.backup(new, pages=-1)
        new.execute("PRAGMA journal_mode=DELETE")
        new.execute("PRAGMA secure_delete=ON")
        for column, nothing in WITHOUT_TOKENS.items():
            for (table,) in new.execute(WITH_COLUMN, (column,)).fetchall():
                statement = f"UPDATE {table} SET {column} = ? WHERE {column} IS NOT NULL"  # noqa: S608 - own names
                new.execute(statement, (nothing,))
        new.commit()


async def _write(part: Path, copy: Path, blobs: Blobs) -> Summary:
    database = Database(f"sqlite+aiosqlite:///{copy}")
    try:
        async with database.read() as connection:
            keys = sorted({key async for key in every_use(connection)})
            revision = await database.revision(connection)
    finally:
        await database.dispose()
    manifest = await asyncio.to_thread(_manifest, copy, revision, len(keys))
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        writer = Writer(file)
        writer.add_manifest(manifest)
        await asyncio.to_thread(writer.add_file, archive.DATABASE, copy)
        missing = await _add_blobs(writer, blobs, keys)
        writer.add_json(archive.END, {"missing": missing})
        writer.close()
        file.flush()
        os.fsync(file.fileno())
        size_bytes = file.tell()
    return Summary(
        revision=revision, blobs=len(keys) - len(missing), missing=len(missing), size_bytes=size_bytes
    )


def _manifest(copy: Path, revision: str, blobs: int) -> Manifest:
    with copy.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Manifest(
        format=archive.FORMAT,
        version=installed_version(),
        revision=revision,
        made_at=time.time(),
        database_sha256=digest,
        blobs=blobs,
    )


async def _add_blobs(writer: Writer, blobs: Blobs, keys: list[str]) -> list[str]:
    """Adds the pictures, one at a time; returns the keys of those that are gone."""
    missing = []
    for key in keys:
        try:
            data = await blobs.get(key)
        except BlobMissing:
            missing.append(key)
        except Failure as failure:
            raise Refusal(f"The backup was given up: {failure}.") from failure
        else:
            await asyncio.to_thread(writer.add, f"blobs/{key}", data)
    return missing
