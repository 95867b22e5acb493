"""A full run of `easel run`, whose every output is searched for tokens and signatures."""

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from testbed.bot_process import BotProcess
from testbed.discord.server import DiscordServer
from testbed.discord.world import Upload
from testbed.easel import environment
from tests.e2e.wire.stylizing import LONG, TINY, ask, result_of, under_way
from tests.support.loopback_discord import secrets_of

LIVING = ("deliveries", "interaction_token")
"""The one place where interaction tokens are kept: after a restart a card could not be edited without."""


@pytest.fixture
async def easel(discord: DiscordServer, tmp_path: Path) -> AsyncIterator[BotProcess]:
    """`easel run`, with its token in a secret file instead of the environment."""
    token = tmp_path / "token"
    token.write_text(discord.token)
    told = environment(discord, tmp_path)
    told.pop("DISCORD_TOKEN")
    told |= {"DISCORD_TOKEN_FILE": str(token), "EASEL_LOG_LEVEL": "DEBUG"}
    process = BotProcess(["-m", "bot.cli", "run"], discord, tmp_path, told)
    try:
        await process.start()
        yield process
    finally:
        await process.close()


async def test_no_secret_is_found_in_anything_that_a_full_run_leaves(
    discord: DiscordServer, easel: BotProcess, tmp_path: Path
) -> None:
    await result_of(discord, await ask(discord, **TINY))
    await ask(discord, content=Upload(filename="notes.png", data=b"no picture", content_type="image/png"))
    discord.fail_next("PATCH", "@original", status=403)
    asked = await ask(discord, **LONG)
    await under_way(discord, asked)
    discord.expire_tokens()
    await result_of(discord, asked)
    assert await easel.stop() == 0
    secrets = secrets_of(discord)
    assert discord.token in secrets
    assert len(secrets) > 6
    assert found(secrets, easel.log) == []
    assert found(secrets, *(text for call in discord.calls for text in texts(call.body))) == []
    assert found(secrets, *(message.text for message in discord.world.messages.values())) == []
    for table, column, value in cells(tmp_path / "data" / "easel.db"):
        assert (table, column) == LIVING or found(secrets, value) == [], f"{table}.{column}"
    for file in (tmp_path / "data").rglob("*"):
        if file.is_file():
            data = file.read_bytes()
            unforgiven = [one for one in secrets if one not in discord.world.interactions]
            assert [one for one in unforgiven if one.encode() in data] == [], file.name


async def test_a_start_that_fails_quotes_no_secret(
    discord: DiscordServer, easel: BotProcess, tmp_path: Path
) -> None:
    await easel.stop()
    token = f"wrong{discord.token}"
    for name, value in (("DISCORD_TOKEN", token), ("EASEL_DATABASE_URL", f"sqlite+nothing://:{token}@/x")):
        easel.environment[name] = value
        with pytest.raises(AssertionError):
            await easel.start()
        await easel.close()
        assert token not in easel.log, name


def found(secrets: list[str], *texts: str) -> list[str]:
    return [text for text in texts for secret in secrets if secret in text]


def texts(body: Any) -> Iterator[str]:
    """All strings of a request's body."""
    if isinstance(body, str):
        yield body
    elif isinstance(body, dict):
        for value in body.values():
            yield from texts(value)
    elif isinstance(body, list):
        for value in body:
            yield from texts(value)


def cells(database: Path) -> Iterator[tuple[str, str, str]]:
    with closing(sqlite3.connect(database)) as connection:
        for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            rows = connection.execute(f'SELECT * FROM "{table}"')
            names = [column[0] for column in rows.description]
            for row in rows:
                yield from ((table, name, str(value)) for name, value in zip(names, row, strict=True))
