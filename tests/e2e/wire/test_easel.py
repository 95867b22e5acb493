"""`easel run` as a real process, with its worker, its database and its files, on the stand-in Discord."""

import signal
from pathlib import Path
from typing import Any

import pytest

from testbed.bot_process import BotProcess
from testbed.discord.server import DiscordServer
from testbed.discord.world import Upload
from tests.e2e.wire.stylizing import (
    LONG,
    PATIENCE_S,
    PATIENT,
    TINY,
    answer_to,
    ask,
    assert_delivered_once,
    let_it_end,
    result_of,
    under_way,
    uploads,
)
from tests.support import picture_uploads


@pytest.mark.parametrize("settings", [{"EASEL_CONTENT_CHECK": "auto"}], ids=["rated"])
async def test_two_attachments_become_one_picture_on_the_card(
    discord: DiscordServer, easel: BotProcess
) -> None:
    asked = await ask(discord, **TINY)
    card = await discord.until(lambda: asked.original, "the answer")
    assert asked.answer == 5
    await discord.until(lambda: "Cancel" in card.buttons, "the card in the line")
    assert easel.peers == {"127.0.0.1"}
    await result_of(discord, asked)
    assert await easel.stop() == 0
    assert_delivered_once(discord, card, size=(96, 64))
    assert "your style" in card.text
    assert "seed" not in card.text
    assert "painted in" in card.text
    [session] = discord.gateway.sessions.values()
    assert session.intents == 1


@pytest.mark.parametrize("command", [PATIENT], ids=["patient"])
async def test_the_cancel_button_works_after_a_restart_and_for_its_owner_only(
    discord: DiscordServer, easel: BotProcess
) -> None:
    asked = await ask(discord, **LONG)
    card = await under_way(discord, asked)
    await easel.stop()
    await easel.start()
    refused = await discord.click(discord.world.bob, card, "Cancel")
    assert (await answer_to(discord, refused)).ephemeral
    assert "Cancel" in card.buttons
    await discord.click(discord.world.alice, card, "Cancel")
    await discord.until(lambda: "Cancel" not in card.buttons, "the card to say so", timeout_s=PATIENCE_S)
    assert uploads(discord) == []


@pytest.mark.parametrize("command", [PATIENT], ids=["patient"])
async def test_a_lost_gateway_connection_loses_no_command(discord: DiscordServer, easel: BotProcess) -> None:
    await discord.gateway.drop()
    card = await result_of(discord, await ask(discord, **TINY))
    assert_delivered_once(discord, card, size=(96, 64))


@pytest.mark.parametrize("command", [PATIENT], ids=["patient"])
async def test_what_is_no_picture_gets_a_sentence_and_no_job(
    discord: DiscordServer, easel: BotProcess
) -> None:
    text = Upload(filename="notes.png", data=b"not a picture at all", content_type="image/png")
    asked = await ask(discord, content=text)
    refused = await answer_to(discord, asked)
    assert refused.ephemeral
    assert "“notes.png”" in refused.text
    await discord.until(lambda: discord.world.posted() == [], "nothing for everybody to see")
    told = await ask(discord, style=Upload(filename="a.txt", data=b"words", content_type="text/plain"))
    assert "The style picture “a.txt” cannot be used" in (await answer_to(discord, told)).text
    assert told.answer == 4, "nothing was deferred"
    line = await discord.slash(discord.world.alice, "queue")
    assert "None of yours" in (await answer_to(discord, line)).text


@pytest.mark.parametrize("command", [PATIENT], ids=["patient"])
async def test_every_other_command_speaks_as_the_description_asks(
    discord: DiscordServer, easel: BotProcess
) -> None:
    """The `discord` fixture holds each request against it; here each command only has to be answered."""
    alice = discord.world.alice
    await ask(discord, **LONG)
    commands: list[tuple[str, dict[str, Any]]] = [
        ("queue", {}),
        ("preset save", {"name": "stripes", "style": picture_uploads.style()}),
        ("preset list", {}),
        ("look", {}),
        ("help", {}),
        ("mydata export", {}),
    ]
    for command, values in commands:
        asked = await discord.slash(alice, command, **values)
        assert "broke" not in (await answer_to(discord, asked)).text, easel.log
    typed = await discord.autocomplete(alice, "stylize", focused="preset", preset="wave")
    choices = await discord.until(lambda: typed.choices, "choices")
    assert "Wave" in choices[0]["name"]


@pytest.mark.parametrize("command", [PATIENT], ids=["patient"])
@pytest.mark.parametrize("settings", [{"EASEL_LOG_LEVEL": "DEBUG"}], ids=["debug"])
async def test_the_log_holds_no_secret_even_when_it_tells_everything(
    discord: DiscordServer, easel: BotProcess, tmp_path: Path
) -> None:
    """The `easel` fixture looks through the log at the end of every test; this one makes it longest."""
    discord.fail_next("PATCH", "@original", status=403)
    discord.fail_next("PATCH", "/messages/", status=429)
    await result_of(discord, await ask(discord, **TINY))
    asked = await ask(discord, **LONG)
    await under_way(discord, asked)
    discord.expire_tokens()
    let_it_end(tmp_path)
    await result_of(discord, asked)
    assert await easel.stop() == 0
    assert '"debug"' in easel.log


@pytest.mark.parametrize("command", [PATIENT], ids=["patient"])
async def test_a_bot_of_two_shards_hears_its_server(discord: DiscordServer, easel: BotProcess) -> None:
    await easel.stop()
    discord.world.shards = 2
    await easel.start()
    await discord.until(lambda: len(discord.gateway.live) == 2, "both shards")
    card = await result_of(discord, await ask(discord, **TINY))
    assert_delivered_once(discord, card, size=(96, 64))


async def test_a_token_that_discord_refuses_ends_the_bot_with_a_sentence(
    discord: DiscordServer, easel: BotProcess
) -> None:
    await easel.stop()
    easel.environment["DISCORD_TOKEN"] = "wrong.token.altogether"
    with pytest.raises(AssertionError, match="exit code 1"):
        await easel.start()
    assert "Discord refused the token" in easel.log
    assert "Traceback" not in easel.log
    assert "wrong.token.altogether" not in easel.log


async def test_ctrl_c_ends_it_in_order_too(easel: BotProcess) -> None:
    assert await easel.stop(signal.SIGINT) == 0
    assert easel.sweep() == []
