"""The running stand-in Discord, and the real bot logged in to it."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.e2e.wire.discord_server import DiscordServer
from tests.e2e.wire.openapi import Description
from tests.e2e.wire.process import BotProcess

TINY_BOT = Path(__file__).with_name("tiny_bot.py")


@pytest.fixture(scope="session")
def description() -> Description:
    return Description.load()


@pytest.fixture
async def discord(description: Description) -> AsyncIterator[DiscordServer]:
    """The stand-in; a breach of Discord's rules fails the test that led to it."""
    async with DiscordServer(description=description) as server:
        yield server
    assert server.violations == []


@pytest.fixture
async def tiny(discord: DiscordServer, tmp_path: Path) -> AsyncIterator[BotProcess]:
    bot = BotProcess([str(TINY_BOT)], discord, tmp_path, environment(discord, tmp_path))
    await bot.start()
    yield bot
    await bot.close()


@pytest.fixture
def settings() -> dict[str, str]:
    """What a test's operator sets besides."""
    return {}


@pytest.fixture
async def easel(
    discord: DiscordServer, tmp_path: Path, settings: dict[str, str]
) -> AsyncIterator[BotProcess]:
    """`easel run` on a data folder of its own. It must end in order, and its workers with it."""
    whole = environment(discord, tmp_path) | settings
    bot = BotProcess(["-m", "bot.cli", "run"], discord, tmp_path, whole)
    try:
        await bot.start()
        yield bot
        if bot.meant_to_live:
            assert await bot.stop() == 0, bot.log
        assert bot.sweep() == [], bot.log
        assert [secret for secret in secrets_of(discord) if secret in bot.log] == []
    finally:
        await bot.close()


def secrets_of(discord: DiscordServer) -> list[str]:
    """What must never be logged: tokens, and the signatures that make a file's address work."""
    signatures = [attachment.signature for attachment in discord.world.attachments.values()]
    return [discord.token, *discord.world.interactions, *signatures]


def environment(discord: DiscordServer, folder: Path) -> dict[str, str]:
    """What an operator would set, and nothing that the developer's own machine may have set."""
    plain = {key: value for key, value in os.environ.items() if not key.startswith(("EASEL_", "DISCORD_"))}
    return plain | {
        "DISCORD_TOKEN": discord.token,
        "EASEL_DISCORD_API_URL": discord.api_url,
        "EASEL_DISCORD_GATEWAY_URL": discord.gateway_url,
        "EASEL_ATTACHMENT_HOSTS": discord.host,
        "EASEL_DATA_DIR": str(folder / "data"),
        "EASEL_DEVICE": "cpu",
        "EASEL_WEB_PORT": "0",
        "EASEL_LEASE_S": "4",
        "OMP_NUM_THREADS": "1",  # how long a picture takes depends less on the machine
    }
