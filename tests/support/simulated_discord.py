"""A simulated Discord with the real bot in it, as fixtures for the conftests that import them."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from simcord import Env

from bot.chat.client import EaselClient
from bot.domain.servers import server_settings
from bot.media import pixels
from bot.media.child import PictureEditor
from bot.media.decode import Clean, outcome
from bot.media.reading import load_libraries, serve
from bot.media.sandbox import ClipLimits, DecodeLimits
from bot.playground import SimulatedCdn
from bot.service import Application, open_application
from bot.settings import Settings
from tests.support.chat import ChatHarness

STUDIO = 1 << 60
"""The id of the server."""


class InProcessDecoder:
    """Reads pictures as the decoder's children do, without a process for each; only ours are read here."""

    def __init__(self) -> None:
        load_libraries()

    async def clean(self, data: bytes, *, by: int, moving: bool = False) -> Clean:
        limits, clips = DecodeLimits(), ClipLimits() if moving else None
        output, status = await asyncio.to_thread(serve, data, limits, clips)
        return outcome(status, output, "", limits, clips)


class InProcessEditor(PictureEditor):
    """Edits pictures as the editor's children do, without a process for each."""

    async def run(self, operation: str, data: bytes, **arguments: int | str) -> bytes:
        return await asyncio.to_thread(pixels.serve, operation, data, arguments)


@pytest.fixture
def settings(tmp_path: Path, migrated_file: Path) -> Settings:
    data = tmp_path / "data"
    data.mkdir()
    shutil.copy(migrated_file, data)
    return Settings(
        data_dir=data,
        workers=0,
        jobs_per_user=2,
        presets_per_user=2,
        max_size_px=128,
        default_size_px=64,
    )


@pytest.fixture
def source() -> SimulatedCdn:
    return SimulatedCdn()


@pytest.fixture
async def application(settings: Settings, source: SimulatedCdn) -> AsyncIterator[Application]:
    async with open_application(
        settings, source=source, decoder=InProcessDecoder(), editor=InProcessEditor()
    ) as opened:
        yield opened


@pytest.fixture
async def env(application: Application, source: SimulatedCdn) -> AsyncIterator[Env]:
    """The simulated Discord. Its name in a test's fixtures makes SimCord answer for that test's own calls."""
    client = EaselClient(application.services, shard_count=1)
    running = Env(client, check_errors=False, settle_timeout=20.0)
    await running.start()
    source.env = running
    try:
        yield running
    finally:
        await running.shutdown()


@pytest.fixture
async def chat(env: Env, application: Application) -> ChatHarness:
    async with application.services.database.begin() as connection:  # its managers know how to set it up
        assert await server_settings.claim_tour(connection, STUDIO, now=1.0)
    guild = env.create_guild("studio", id=STUDIO)
    channel = guild.create_text_channel("art")
    ada, ben = (guild.add_member(env.create_user(name)) for name in ("ada", "ben"))
    return ChatHarness(env=env, services=application.services, channel=channel, ada=ada, ben=ben)
