"""The simulated Discord of the chat's tests, for hostile words and for people who overstep."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from bot.app import House, open_house
from bot.db import Database
from bot.media.decode import Clean, DecodeLimits, outcome
from bot.media.reading import load_libraries, serve
from bot.playground import SimulatedCdn
from bot.settings import Settings
from tests.bot.chat.conftest import env, settings, source, studio

__all__ = ["env", "house", "settings", "source", "studio"]


class ReaderInHouse:
    """Reads pictures as the decoder's children do, without a process for each; only ours are read here."""

    def __init__(self) -> None:
        load_libraries()

    async def clean(self, data: bytes) -> Clean:
        limits = DecodeLimits()
        output, status = await asyncio.to_thread(serve, data, limits)
        return outcome(status, output, "", limits)


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database with all its tables: they are the same for every test."""
    file = tmp_path_factory.mktemp("migrated") / "easel.db"

    async def make() -> None:
        database = Database(f"sqlite+aiosqlite:///{file}")
        await database.migrate()
        await database.dispose()

    asyncio.run(make())
    return file


@pytest.fixture
async def house(settings: Settings, source: SimulatedCdn, migrated: Path) -> AsyncIterator[House]:
    settings.data_dir.mkdir()
    shutil.copy(migrated, make_url(settings.url).database or "")
    async with open_house(settings, source=source, decoder=ReaderInHouse()) as opened:
        yield opened
