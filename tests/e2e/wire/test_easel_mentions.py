"""Whoever waited for long is mentioned once, as Discord's description has it, also across a restart."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from testbed.bot_process import BotProcess
from testbed.discord.server import DiscordServer
from testbed.discord.world import Message
from tests.e2e.wire.stylizing import LONG, PATIENT, answer_to, ask, let_it_end, result_of, under_way

WAITED_S = 90.0


def has_waited(folder: Path) -> None:
    """The one picture was asked for earlier than it was."""
    with closing(sqlite3.connect(folder / "data" / "easel.db", timeout=30)) as link, link:
        link.execute("UPDATE jobs SET created_at = created_at - ?", (WAITED_S,))


def replies(discord: DiscordServer) -> list[Message]:
    return [one for one in discord.world.posted() if "is ready" in one.text]


@pytest.mark.parametrize("command", [PATIENT], ids=["patient"])
async def test_the_owner_of_a_picture_that_took_long_is_mentioned_once(
    discord: DiscordServer, easel: BotProcess, tmp_path: Path
) -> None:
    asked = await ask(discord, **LONG)
    await under_way(discord, asked)
    has_waited(tmp_path)
    discord.fail_next("POST", f"/channels/{discord.world.channel.id}/messages", status=500, after=True)
    let_it_end(tmp_path)
    card = await result_of(discord, asked)
    (reply,) = await discord.until(lambda: replies(discord), "a mention")
    assert reply.text == f"<@{discord.world.alice.id}> Your picture is ready."
    await easel.stop()
    await easel.start()
    pressed = await discord.click(discord.world.alice, reply, "Don't mention me")
    assert "`/mydata mentions`" in (await answer_to(discord, pressed)).text
    assert [one for one in discord.world.posted() if not one.ephemeral] == [card, reply]
    sent = [call.body for call in discord.calls if call.method == "POST" and call.path.endswith("/messages")]
    for body in sent:
        assert body["allowed_mentions"] == {"parse": [], "users": [discord.world.alice.id]}
        assert int(body["message_reference"]["message_id"]) == card.id
