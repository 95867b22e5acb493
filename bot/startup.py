"""The start: the data folder and the database are made, private, and up to date; a fault is one sentence.

And what a process does when it is told to end, also where the event loop cannot be told of signals.
"""

import asyncio
import os
import signal
import sqlite3
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import structlog
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

from bot.db import Database, NewerTables
from bot.errors import Refusal
from bot.schema import Tables
from bot.settings import Settings

log = structlog.get_logger(__name__)

PRIVATE_FOLDER: Final = 0o700
PRIVATE_FILE: Final = 0o600
OTHERS: Final = 0o077
BESIDE: Final = ("", "-wal", "-shm")
"""What SQLite adds to a database's name; new files beside it get the permissions of the database itself."""


def open_data_folder(settings: Settings) -> None:
    """Makes the data folder where there is none, and keeps it and what is in it from other accounts.

    Raises:
        Refusal: it cannot be made or written.
    """
    folder = settings.data_dir
    try:
        folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        if not (settings.database_url and settings.blobs_url):
            with tempfile.TemporaryFile(dir=folder):
                pass
    except FileExistsError:
        raise Refusal(f"{folder} is a file: move it away, or set EASEL_DATA_DIR to a folder.") from None
    except OSError as error:
        raise Refusal(
            f"The data folder {folder} cannot be written ({error.strerror}): "
            "make it writable, or set EASEL_DATA_DIR to another one."
        ) from error
    if not _is_shared(folder):
        _make_private(folder, PRIVATE_FOLDER)
    blobs = settings.blobs_dir
    if blobs.is_dir() and _is_open(blobs):
        for path in blobs.rglob("*"):
            _make_private(path, PRIVATE_FOLDER if path.is_dir() else PRIVATE_FILE)
        _make_private(blobs, PRIVATE_FOLDER)


async def migrate(database: Database) -> None:
    """Upgrades the tables; a SQLite file is private from its first byte on.

    Raises:
        Refusal: the database cannot be used, or is of a newer version.
    """
    file = _sqlite_file(database.url)
    try:
        if file is not None:
            _make_private_database(file)
        await database.migrate()
    except OperationalError as error:
        if file is None:
            raise Refusal("The database could not be reached: check EASEL_DATABASE_URL.") from error
        raise _unusable(file, str(error.orig)) from error
    except (OSError, sqlite3.Error, DBAPIError) as error:
        if file is None:
            raise
        why = error.strerror if isinstance(error, OSError) else getattr(error, "orig", error)
        raise _unusable(file, str(why)) from error


async def tables_are_there(database: Database, stop: asyncio.Event, *, poll_s: float = 1.0) -> bool:
    """Waits until somebody has made or upgraded the tables. False: it was stopped before.

    Raises:
        NewerTables: they are of a newer version.
    """
    told = False
    while not stop.is_set():
        found = await _tables(database)
        if found is Tables.CURRENT:
            return True
        if found is Tables.NEWER:
            raise NewerTables
        if not told:
            log.warning("waiting for the tables: easel run or easel migrate makes them", found=found.value)
            told = True
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), poll_s)
    return False


async def _tables(database: Database) -> Tables:
    """A database that is away may be there later."""
    file = _sqlite_file(database.url)
    if file is not None and not file.exists():
        return Tables.MISSING  # to open it would make one
    try:
        async with database.read() as connection:
            return await database.tables(connection)
    except (SQLAlchemyError, OSError):
        return Tables.MISSING


def open_to_others(settings: Settings) -> list[Path]:
    """What other accounts of this machine may read or write."""
    return [path for path in _ours(settings) if path.exists() and _is_open(path)]


def _ours(settings: Settings) -> Iterator[Path]:
    yield settings.data_dir
    yield settings.blobs_dir
    file = _sqlite_file(settings.url)
    if file is not None:
        yield from (Path(f"{file}{end}") for end in BESIDE)


def _make_private_database(file: Path) -> None:
    os.close(os.open(file, os.O_RDWR | os.O_CREAT, PRIVATE_FILE))
    for end in BESIDE:
        _make_private(Path(f"{file}{end}"), PRIVATE_FILE)


def _make_private(path: Path, mode: int) -> None:
    try:
        if _is_open(path):
            path.chmod(mode)
    except FileNotFoundError:
        pass
    except OSError as error:
        log.warning("other accounts may read this", path=str(path), error=error.strerror)


def _is_open(path: Path) -> bool:
    return bool(path.stat().st_mode & OTHERS)


def _is_shared(folder: Path) -> bool:
    """A folder such as /tmp, which is not ours to close."""
    return bool(folder.stat().st_mode & (stat.S_ISVTX | stat.S_IWOTH))


def _sqlite_file(url: str) -> Path | None:
    parts = make_url(url)
    return Path(parts.database) if parts.get_backend_name() == "sqlite" and parts.database else None


def _unusable(file: Path, why: str) -> Refusal:
    return Refusal(f"The database {file} cannot be used ({why}): see easel doctor.")


def on_signal(number: signal.Signals, call: Callable[[], object]) -> Callable[[], None]:
    """Has the running event loop call `call` when the signal comes, instead of what the system would do.

    Returns what takes that back.
    """
    loop = asyncio.get_running_loop()
    try:
        loop.add_signal_handler(number, call)
    except NotImplementedError:  # Windows
        before = signal.signal(number, lambda _number, _frame: loop.call_soon_threadsafe(call))
        return lambda: _put_back(number, before)
    return lambda: _forget(loop, number)


def _put_back(number: signal.Signals, before: "signal._HANDLER") -> None:
    signal.signal(number, before)


def _forget(loop: asyncio.AbstractEventLoop, number: signal.Signals) -> None:
    loop.remove_signal_handler(number)
