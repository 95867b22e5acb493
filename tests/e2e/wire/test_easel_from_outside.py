"""`easel run` seen by an operator: its pages, and one job's way through the logs of all its processes."""

import asyncio
import json
from typing import Any

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from testbed.bot_process import BotProcess
from testbed.discord.server import DiscordServer
from testbed.ports import free_port
from tests.e2e.wire.stylizing import PATIENT, TINY, ask, result_of

LIFE = ["job accepted", "job started", "job rendered", "job delivered"]


@pytest.fixture
def settings() -> dict[str, str]:
    return {"EASEL_WEB_PORT": str(free_port())}


@pytest.fixture
def page(settings: dict[str, str]) -> str:
    return f"http://127.0.0.1:{settings['EASEL_WEB_PORT']}"


def lines_of(easel: BotProcess) -> list[dict[str, Any]]:
    return [json.loads(line) for line in easel.log.splitlines()]


async def metrics(session: aiohttp.ClientSession, page: str) -> dict[str, float]:
    """Every sample, by its name and its labels' values."""
    async with session.get(f"{page}/metrics") as answer:
        assert answer.status == 200
        families = text_string_to_metric_families(await answer.text())
    return {
        " ".join((sample.name, *sample.labels.values())): sample.value
        for family in families
        for sample in family.samples
    }


async def test_one_picture_is_seen_on_every_page_and_in_the_log(
    discord: DiscordServer, easel: BotProcess, page: str
) -> None:
    async with aiohttp.ClientSession() as session:
        discord.limit_next("PATCH", "@original", retry_after_s=0.2)
        asked = await ask(discord, **TINY)
        await result_of(discord, asked)
        await discord.until(lambda: "job delivered" in easel.log, "the delivery on record")
        async with session.get(f"{page}/readyz") as answer:
            told = await answer.json()
            assert (answer.status, told["ready"]) == (200, True), told
        assert told["checks"]["workers"]["saw"] == "1 of 1 live on this machine"
        seen = await metrics(session, page)
    assert seen["easel_jobs rendered"] == seen["easel_jobs queued"] == 0
    assert seen["easel_jobs_ended_total painted"] == 1
    assert seen["easel_job_run_seconds_count"] == seen["easel_job_wait_seconds_count"] == 1
    assert seen["easel_discord_requests_total PATCH 429"] == 1
    assert (
        sum(seen[f"easel_discord_rate_limits_total {scope}"] for scope in ("user", "shared", "global")) == 1
    )
    assert seen["easel_card_edits_total 200"] >= 1
    assert seen["easel_decode_seconds_count ok"] == 2
    assert seen["easel_gateway_shards_connected"] == seen["easel_gateway_shards"] == 1
    (memory,) = [value for name, value in seen.items() if name.startswith("easel_worker_resident_bytes")]
    assert memory > 100 * 1024**2, "a worker has PyTorch loaded"
    of_the_job = [line for line in lines_of(easel) if line["event"] in LIFE]
    assert [line["event"] for line in of_the_job] == LIFE
    for line in of_the_job:
        assert (line["job"], line["user"], line["guild"]) == (
            1,
            discord.world.alice.id,
            discord.world.guild_id,
        )
    assert of_the_job[0]["interaction"] == asked.id


@pytest.mark.parametrize("command", [PATIENT], ids=["patient"])
async def test_a_gateway_that_was_lost_and_is_back_is_ready_again(
    discord: DiscordServer, easel: BotProcess, page: str
) -> None:
    async with aiohttp.ClientSession() as session:

        async def gateway() -> bool:
            async with session.get(f"{page}/readyz") as answer:
                return bool((await answer.json())["checks"]["gateway"]["well"])

        assert await gateway()
        await discord.gateway.drop()
        await discord.until(lambda: discord.gateway.live, "the bot to come back")
        async with asyncio.timeout(30):
            while not await gateway():  # noqa: ASYNC110 - a page tells nobody by itself
                await asyncio.sleep(0.1)
