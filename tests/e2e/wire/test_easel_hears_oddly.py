"""`easel run` when the gateway sends what it should not: events lost are few, and the bot lives on."""

import json
from collections.abc import Sequence

import pytest

from testbed.bot_process import BotProcess
from testbed.discord.server import DiscordServer
from tests.e2e.wire.stylizing import PATIENT, TINY, answer_to, ask, assert_delivered_once, result_of


@pytest.fixture
def command() -> Sequence[str]:
    return PATIENT


def told(easel: BotProcess, event: str) -> list[dict[str, object]]:
    lines = [json.loads(line) for line in easel.log.splitlines() if line.startswith("{")]
    return [line for line in lines if line["event"] == event]


async def test_an_event_that_cannot_be_read_is_one_line_in_the_log(
    discord: DiscordServer, easel: BotProcess
) -> None:
    [session] = discord.gateway.live
    await session.dispatch("CHANNEL_CREATE", {"id": "7", "type": 0, "guild_id": str(discord.world.guild_id)})
    await session.dispatch("INTERACTION_CREATE", {"id": "8", "type": 2})
    assert (await answer_to(discord, await discord.slash(discord.world.alice, "queue"))).text
    lines = told(easel, "an event could not be read")
    assert [line["of"] for line in lines] == ["CHANNEL_CREATE", "INTERACTION_CREATE"]
    assert "Traceback" not in easel.log
    assert len(discord.gateway.sessions) == 1, "nor was the connection lost"


async def test_an_interaction_that_comes_twice_is_answered_once(
    discord: DiscordServer, easel: BotProcess
) -> None:
    asked = await ask(discord, **TINY)
    await discord.repeat(asked)
    card = await result_of(discord, asked)
    assert_delivered_once(discord, card, size=(96, 64))
    assert [line["level"] for line in told(easel, "an interaction came twice")] == ["info"]
    assert "Traceback" not in easel.log


async def test_without_a_file_limit_a_picture_is_painted_as_well(
    discord: DiscordServer, easel: BotProcess
) -> None:
    discord.world.tells_file_limit = False
    card = await result_of(discord, await ask(discord, **TINY))
    assert_delivered_once(discord, card, size=(96, 64))
