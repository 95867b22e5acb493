"""`easel run` stopped or killed between "thinking …" and the job: no request is lost, or painted twice."""

import asyncio
import signal
from collections.abc import Sequence

import pytest

from testbed.bot_process import BotProcess
from testbed.discord.server import DiscordServer
from testbed.discord.world import Interaction, Message
from testbed.easel import finished, said
from testbed.postgres import Server
from tests.e2e.wire.stylizing import PATIENCE_S, PATIENT, TINY, ask, result_of
from tests.support import picture_uploads
from tests.support.databases import BOTH

STALLED_S = 120.0
"""How long the CDN stands still: longer than any test waits."""
REQUESTS = 3
THINKING = 5


@pytest.fixture
def command() -> Sequence[str]:
    return PATIENT


@pytest.fixture
def settings(url: str) -> dict[str, str]:
    return {"EASEL_DATABASE_URL": url, "EASEL_STOP_TIMEOUT_S": "1", "EASEL_FETCH_TIMEOUT_S": "100"}


async def acknowledged(discord: DiscordServer, *asked: Interaction) -> None:
    await discord.until(lambda: all(one.answer == THINKING for one in asked), "the first answers")


async def under_way(discord: DiscordServer) -> list[Interaction]:
    """Requests that are acknowledged, and wait for their attachments."""
    for _ in range(2 * REQUESTS):
        discord.stall_next_download(STALLED_S)
    asked = [await ask(discord, **TINY) for _ in range(REQUESTS)]
    await acknowledged(discord, *asked)
    await discord.until(lambda: len(discord.stalls) < 2 * REQUESTS, "a download")
    return asked


def pictures(discord: DiscordServer) -> list[Message]:
    return [message for message in discord.world.posted() if finished(message)]


async def read(discord: DiscordServer, asked: Interaction, sentence: str) -> None:
    def told() -> bool:
        answer = said(asked)
        return answer is not None and answer.ephemeral and sentence in answer.text

    await discord.until(told, f"{sentence!r}", timeout_s=PATIENCE_S)


@pytest.mark.parametrize("url", BOTH, indirect=True)
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
async def test_what_was_acknowledged_is_painted_once_by_the_next_process(
    discord: DiscordServer, easel: BotProcess, how: signal.Signals
) -> None:
    asked = await under_way(discord)
    if how is signal.SIGKILL:
        await easel.kill()
    else:
        assert await easel.stop() == 0
    discord.stalls.clear()
    assert pictures(discord) == []
    await easel.start()
    cards = [await result_of(discord, one) for one in asked]
    assert await easel.stop() == 0
    cards.sort(key=lambda card: card.id)
    assert sorted(pictures(discord), key=lambda card: card.id) == cards
    assert len(discord.world.posted()) == REQUESTS


@pytest.mark.parametrize("url", BOTH, indirect=True)
async def test_what_cannot_be_painted_any_more_is_refused_with_a_sentence(
    discord: DiscordServer, easel: BotProcess
) -> None:
    asked = await under_way(discord)
    saving = await discord.slash(
        discord.world.alice, "preset save", name="stripes", style=picture_uploads.style()
    )
    await acknowledged(discord, saving)
    await easel.kill()
    discord.stalls.clear()
    discord.lose_files()
    await easel.start()
    for one in asked:
        await read(discord, one, "link has expired")
    await read(discord, saving, "cut short when Easel stopped")
    assert await easel.stop() == 0
    assert [one for one in discord.world.posted() if not one.ephemeral] == []
    assert pictures(discord) == []


@pytest.mark.parametrize("settings", [{"EASEL_STOP_TIMEOUT_S": "60"}], ids=["patient"])
async def test_sigterm_waits_for_what_is_in_hand(discord: DiscordServer, easel: BotProcess) -> None:
    discord.stall_next_download(2.0)
    text = picture_uploads.plain()
    saving = await discord.slash(discord.world.alice, "preset save", name="plain", style=text)
    asked = await ask(discord, **TINY)
    await acknowledged(discord, asked, saving)
    assert await easel.stop() == 0
    assert saving.original is not None
    assert "plain" in saving.original.text
    assert asked.original is not None
    assert asked.original.buttons, "a card: in the line, or painted already"


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
async def test_what_is_asked_while_the_database_restarts_is_painted(
    discord: DiscordServer, easel: BotProcess, postgres_server: Server
) -> None:
    await asyncio.to_thread(postgres_server.stop, signal.SIGINT)
    try:
        asked = await ask(discord, **TINY)
        await acknowledged(discord, asked)
    finally:
        await asyncio.to_thread(postgres_server.start)
    card = await result_of(discord, asked)
    assert pictures(discord) == [card]
