"""The stand-in Discord, and a small bot logged in to it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from testbed.bot_process import BotProcess
from testbed.discord.server import DiscordServer
from testbed.easel import environment
from tests.support.loopback_discord import description, discord

__all__ = ["description", "discord", "tiny"]

TINY_BOT = Path(__file__).with_name("tiny_bot.py")


@pytest.fixture
async def tiny(discord: DiscordServer, tmp_path: Path) -> AsyncIterator[BotProcess]:
    bot = BotProcess([str(TINY_BOT)], discord, tmp_path, environment(discord, tmp_path))
    await bot.start()
    yield bot
    await bot.close()
