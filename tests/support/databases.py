"""A migrated database per test, copied from one that is migrated once: SQLite's file, or PostgreSQL's."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bot.db import Database
from testbed import postgres
from testbed.postgres import Server

BOTH = ["sqlite", "postgresql"]
"""For `@pytest.mark.parametrize("url", BOTH, indirect=True)`: a test that both databases must pass."""

NOBODY_THERE = "postgresql+psycopg://easel@127.0.0.1:1/easel"
"""A PostgreSQL that cannot be reached."""


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("database") / "easel.db"

    asyncio.run(migrate(url_of(file)))
    return file


@pytest.fixture
def sqlite_url(tmp_path: Path, migrated_file: Path) -> str:
    """A migrated SQLite file of this test's own."""
    return url_of(Path(shutil.copy(migrated_file, tmp_path / "easel.db")))


@pytest.fixture
def url(request: pytest.FixtureRequest) -> str:
    """A migrated database of this test's own: SQLite unless it is parametrized."""
    kind = getattr(request, "param", "sqlite")
    return str(request.getfixturevalue("sqlite_url" if kind == "sqlite" else "postgres_url"))


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    database = Database(url)
    yield database
    await database.dispose()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """Skips the test where the system has no PostgreSQL."""
    if postgres.programs() is None:
        pytest.skip(f"needs the Debian package {postgres.PACKAGE}")
    with postgres.running() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_database(postgres_server: Server) -> str:
    name = postgres_server.create()
    asyncio.run(migrate(postgres_server.url(name)))
    return name


@pytest.fixture
def postgres_url(postgres_server: Server, postgres_database: str) -> Iterator[str]:
    """A migrated and empty PostgreSQL database; the next test gets the same, emptied again."""
    yield postgres_server.url(postgres_database)
    postgres_server.empty(postgres_database)


async def migrate(url: str) -> None:
    database = Database(url)
    await database.migrate()
    await database.dispose()


def url_of(file: Path) -> str:
    return f"sqlite+aiosqlite:///{file}"
