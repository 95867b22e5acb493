"""What the gateway sends that discord.py cannot read, sends twice, or sends incompletely."""

import copy
from typing import Any

import discord
import pytest
from simcord import Env
from structlog.testing import capture_logs

from bot.chat.ui.events import DEFAULT_LIMIT_BYTES, REMEMBERED_S, careful
from tests.support.chat import ChatHarness, card


def sent(env: Env, event: str = "INTERACTION_CREATE") -> dict[str, Any]:
    """The last event of this kind, as Discord has sent it."""
    found = [one for one in env.backend.transcript if one[0] == "GATEWAY" and one[1] == event]
    return copy.deepcopy(dict(found[-1][2]))


def feed(env: Env, event: str, data: dict[str, Any]) -> None:
    """As the gateway's connection does; whatever is raised here ends the bot."""
    env.bot._connection.parsers[event](data)


async def test_an_event_that_cannot_be_read_costs_only_itself(chat: ChatHarness, env: Env) -> None:
    nameless = {"id": "77", "type": 0, "guild_id": str(chat.ada.guild.id), "position": 0}
    with capture_logs() as logs:
        feed(env, "CHANNEL_CREATE", nameless)
        feed(env, "GUILD_CREATE", {"id": "78", "roles": [{}]})
        feed(env, "INTERACTION_CREATE", {"id": "79", "type": 2})
    assert [(one["event"], one["of"], one["log_level"], "exc_info" in one) for one in logs] == [
        ("an event could not be read", event, "error", False)
        for event in ("CHANNEL_CREATE", "GUILD_CREATE", "INTERACTION_CREATE")
    ]
    assert logs[0]["error"] == "KeyError"
    assert "Next in line" in card(await chat.stylize()), "the next event is read"


async def test_a_ready_that_cannot_be_read_is_no_session(chat: ChatHarness, env: Env) -> None:
    with pytest.raises(KeyError):
        feed(env, "READY", {"__shard_id__": 0})


async def test_an_interaction_that_comes_twice_is_answered_once(chat: ChatHarness, env: Env) -> None:
    await chat.stylize()
    again, before = sent(env), len(env.http_requests)
    with capture_logs() as logs:
        feed(env, "INTERACTION_CREATE", again)
        await env.settle()
    assert [(one["event"], one["log_level"]) for one in logs] == [("an interaction came twice", "info")]
    assert env.http_requests[before:] == []
    assert await chat.count_jobs() == 1


async def test_without_a_file_limit_discord_s_usual_one_counts(chat: ChatHarness, env: Env) -> None:
    heard: list[int] = []

    async def hear(interaction: discord.Interaction[Any]) -> None:
        heard.append(interaction.filesize_limit)

    await chat.stylize()
    env.bot.on_interaction = hear  # type: ignore[attr-defined]  # how discord.py finds its listeners
    for number, limit in enumerate((None, "absent", 77)):
        data = {**sent(env), "id": str(10**17 + number), "attachment_size_limit": limit}
        if limit == "absent":
            del data["attachment_size_limit"]
        feed(env, "INTERACTION_CREATE", data)
    await env.settle()
    assert heard == [DEFAULT_LIMIT_BYTES, DEFAULT_LIMIT_BYTES, 77]


def test_an_interaction_is_known_for_as_long_as_it_can_be_answered() -> None:
    read: list[str] = []
    now = 100.0
    parsers = careful({"INTERACTION_CREATE": lambda data: read.append(data["id"])}, clock=lambda: now)
    parse = parsers["INTERACTION_CREATE"]
    for interaction_id in ("1", "2", "1"):
        parse({"id": interaction_id})
    assert read == ["1", "2"]
    now += REMEMBERED_S + 1
    parse({"id": "3"})
    parse({"id": "1"})
    assert read == ["1", "2", "3", "1"], "no more are remembered than needed"
