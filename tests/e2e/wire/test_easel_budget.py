"""How many requests to Discord one picture costs, from the acknowledgement to the picture on its card."""

import sqlite3
from contextlib import closing
from math import floor
from pathlib import Path

import pytest

from bot.chat.cards.card_updater import EDIT_EVERY_S
from testbed.bot_process import BotProcess
from testbed.discord.server import DiscordServer
from testbed.discord.world import Message
from tests.e2e.wire.stylizing import PATIENT, TINY, ask, result_of

PICTURES = 5
ALWAYS = 3
"""The acknowledgement, the first card and the finished one; the message's id comes with the second."""


def seconds_of(folder: Path) -> list[float]:
    """How long each picture was waited for, from its acceptance to its delivery; the oldest first."""
    with closing(sqlite3.connect(folder / "data" / "easel.db", timeout=30)) as link:
        rows = link.execute("SELECT ended_at - created_at FROM jobs ORDER BY id").fetchall()
    return [float(seconds) for (seconds,) in rows]


def requests(discord: DiscordServer) -> list[str]:
    """All but what a bot asks for when it starts."""
    return [
        f"{call.method} {call.path.split('/')[1]} … {call.path.rpartition('/')[2]}"
        for call in discord.calls
        if call.path.startswith(("/interactions/", "/webhooks/", "/channels/"))
    ]


async def one_picture(discord: DiscordServer) -> tuple[Message, list[str]]:
    """Its card, and what was asked of Discord for it."""
    before = len(requests(discord))
    card = await result_of(discord, await ask(discord, **TINY))
    return card, requests(discord)[before:]


@pytest.mark.parametrize("command", [PATIENT], ids=["patient"])
async def test_a_short_picture_costs_three_requests_and_those_that_show_it_grow(
    discord: DiscordServer, easel: BotProcess, tmp_path: Path
) -> None:
    await one_picture(discord)  # the first one of a person is followed by a welcome, once
    await one_picture(discord)
    welcome = "POST webhooks"
    await discord.until(lambda: any(one.startswith(welcome) for one in requests(discord)) or None, welcome)
    costs = [(await one_picture(discord))[1] for _ in range(PICTURES)]
    await easel.stop()
    for asked, seconds in zip(costs, seconds_of(tmp_path)[2:], strict=True):
        assert asked[0] == "POST interactions … callback"
        assert all(one.startswith("PATCH webhooks") for one in asked[1:]), asked
        shown_growing = len(asked) - ALWAYS
        assert 0 <= shown_growing <= 1 + floor(seconds / EDIT_EVERY_S), asked
