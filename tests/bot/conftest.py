"""A migrated SQLite file per test, copied from one that is migrated once."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.db import Database


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("database") / "easel.db"

    async def migrate() -> None:
        database = Database(url_of(file))
        await database.migrate()
        await database.dispose()

    asyncio.run(migrate())
    return file


@pytest.fixture
def url(tmp_path: Path, migrated_file: Path) -> str:
    """A migrated database of this test's own."""
    return url_of(Path(shutil.copy(migrated_file, tmp_path / "easel.db")))


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    database = Database(url)
    yield database
    await database.dispose()


def url_of(file: Path) -> str:
    return f"sqlite+aiosqlite:///{file}"
