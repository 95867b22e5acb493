"""The domain is tested inside one writing transaction, on both databases."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.db import Database
from tests.support.databases import BOTH
from tests.support.submit import SubmitHarness


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    marked = any(mark.args[0] == "url" for mark in metafunc.definition.iter_markers("parametrize"))
    if "connection" in metafunc.fixturenames and not marked:
        metafunc.parametrize("url", BOTH, indirect=True)


@pytest.fixture
async def connection(database: Database) -> AsyncIterator[AsyncConnection]:
    async with database.begin() as connection:
        yield connection


@pytest.fixture
def open_harness(database: Database, tmp_path: Path) -> Callable[..., SubmitHarness]:
    return lambda **limits: SubmitHarness(database, tmp_path / "blobs", **limits)


@pytest.fixture
def harness(open_harness: Callable[..., SubmitHarness]) -> SubmitHarness:
    return open_harness()
