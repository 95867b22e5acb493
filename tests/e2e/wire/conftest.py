"""The real bot, logged in to the stand-in Discord."""

import shutil
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from testbed.bot_process import BotProcess
from testbed.discord.server import DiscordServer
from testbed.easel import environment
from tests.e2e.wire.stylizing import EASEL_RUN
from tests.support.loopback_discord import secrets_of

ROOT = Path(__file__).parents[3]


@pytest.fixture
def settings() -> dict[str, str]:
    """What a test's operator sets besides."""
    return {}


@pytest.fixture
def command() -> Sequence[str]:
    """The bot's process. Tests that are not about painting take `PATIENT` instead."""
    return EASEL_RUN


@pytest.fixture
async def easel(
    discord: DiscordServer,
    tmp_path: Path,
    settings: dict[str, str],
    command: Sequence[str],
    migrated_file: Path,
) -> AsyncIterator[BotProcess]:
    """`easel run` on a data folder and tables of its own. It must end in order, and its workers with it.

    Unless a test asks for it no picture is rated, for each of which a process would start. It is forked;
    `tests/e2e/hostile/test_secrets.py` has a full run of one that is not.
    """
    (tmp_path / "data").mkdir()
    shutil.copy(migrated_file, tmp_path / "data")
    own = {"PYTHONPATH": str(ROOT), "EASEL_CONTENT_CHECK": "off"}
    whole = environment(discord, tmp_path) | own | settings
    bot = BotProcess(command, discord, tmp_path, whole, quick=True)
    try:
        await bot.start()
        yield bot
        if bot.meant_to_live:
            assert await bot.stop() == 0, bot.log
        assert bot.sweep() == [], bot.log
        assert [secret for secret in secrets_of(discord) if secret in bot.log] == []
    finally:
        await bot.close()
