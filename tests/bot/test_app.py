"""The composition root."""

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bot.app import run
from bot.errors import Refusal
from bot.service import open_application, run_until, stop_on_signals
from bot.settings import Settings
from tests.support.databases import BOTH

CHECK_TORCH = """
import sys
import bot.app, bot.chat.client, bot.chat.cards.card_updater
loaded = sorted(name for name in sys.modules if name.split(".")[0] in {"torch", "torchvision"})
sys.exit(f"the gateway imports {loaded[:3]}" if loaded else 0)
"""


def test_the_gateway_process_never_imports_torch() -> None:
    done = subprocess.run([sys.executable, "-c", CHECK_TORCH], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


async def test_without_a_token_there_is_one_clear_sentence() -> None:
    with pytest.raises(Refusal, match="DISCORD_TOKEN"):
        await run(Settings(discord_token=None))


async def test_a_database_server_that_is_away_is_one_clear_sentence(tmp_path: Path) -> None:
    url = "postgresql+psycopg://easel:secret@127.0.0.1:1/easel"
    with pytest.raises(Refusal, match="EASEL_DATABASE_URL") as refused:
        await run(Settings(DISCORD_TOKEN="token", data_dir=tmp_path, database_url=url))
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("url", BOTH, indirect=True)
async def test_a_service_on_a_shared_database_listens_to_it(tmp_path: Path, url: str) -> None:
    async with open_application(Settings(data_dir=tmp_path, database_url=url, workers=0)) as application:
        assert (application.listener is not None) is url.startswith("postgresql")
        application.services.news.clear()
        if application.listener is None:
            return
        async with asyncio.timeout(20), asyncio.TaskGroup() as group:
            listening = group.create_task(application.listener.run())
            await application.services.news.wait()
            listening.cancel()


async def test_parts_end_in_the_order_given() -> None:
    ended: list[str] = []

    async def part(name: str) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.append(name)

    stop = asyncio.Event()
    running = asyncio.create_task(run_until(stop, lambda: part("chat"), lambda: part("workers")))
    await asyncio.sleep(0)
    stop.set()
    await running
    assert ended == ["chat", "workers"]


async def test_a_part_that_breaks_ends_the_others_and_is_not_swallowed() -> None:
    async def broken() -> None:
        raise LookupError("the wire")

    async def endless() -> None:
        await asyncio.Event().wait()

    with pytest.RaisesGroup(LookupError):
        await run_until(asyncio.Event(), endless, broken)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_sets_the_event(number: signal.Signals) -> None:
    with stop_on_signals() as stop:
        signal.raise_signal(number)
        await asyncio.wait_for(stop.wait(), 5)
