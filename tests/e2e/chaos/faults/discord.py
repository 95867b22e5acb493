"""Discord that fails, is slow, or forgets."""

import asyncio
import time
from functools import partial

from testbed.discord.world import Interaction, Message
from tests.e2e.chaos.faults.processes import kill_gateways
from tests.e2e.chaos.run import END_TIMEOUT_S, RESULTS, Run, until

EDITS, POSTS = r"/messages/", r"/messages$"
HOUR_S = 3600.0


async def rate_limits(run: Run) -> None:
    await run.moment()
    discord, wait_s = run.cluster.discord, 0.3 + run.scenario.extent
    discord.limit_next("PATCH", EDITS, retry_after_s=wait_s)
    discord.limit_next("PATCH", EDITS, retry_after_s=wait_s, everywhere=True)
    if run.scenario.extent < 0.3:
        discord.fail_next("PATCH", EDITS, status=429)  # without Via: discord.py gives up at once


async def server_errors(run: Run) -> None:
    await run.moment()
    discord, after = run.cluster.discord, run.scenario.extent < 0.5
    discord.fail_next("PATCH", EDITS, status=500, after=after)
    discord.fail_next("PATCH", EDITS, status=502, after=not after, carrying=RESULTS)


async def slow_bytes(run: Run) -> None:
    await run.moment()
    run.cluster.discord.slow_next("PATCH", EDITS, seconds=0.5 + run.scenario.extent, times=2)


async def closed_sockets(run: Run) -> None:
    await run.moment()
    after = run.scenario.extent < 0.5
    run.cluster.discord.cut_next("PATCH", EDITS, times=1 + round(run.scenario.extent), after=after)


async def tokens_expire(run: Run) -> None:
    """Those of the jobs that were accepted: they are a quarter of an hour old."""
    await run.moment()
    accepted = {record.interaction_id for record in await run.records()}
    for _, asked in run.asked:
        asked.expired = asked.expired or asked.id in accepted


async def gateway_resumes(run: Run) -> None:
    await run.moment()
    await run.cluster.discord.gateway.drop()


async def session_ends(run: Run) -> None:
    """Invalid session: what Discord sent in between is lost."""
    await run.moment()
    discord = run.cluster.discord
    known = set(discord.gateway.sessions)
    sessions, discord.gateway.sessions = discord.gateway.sessions, {}
    for session in sessions.values():
        if session.line is not None:
            await session.line.socket.close(code=1001)
    ended_at = time.monotonic()
    await discord.until(lambda: discord.gateway.sessions.keys() - known, "a new session")
    await run.excuse(ended_at)


async def outage_of_hours(run: Run) -> None:
    """Nobody reaches Discord for up to half a day: sessions end, and tokens that were given before expire."""
    cluster, discord = run.cluster, run.cluster.discord
    await run.moment()
    began_at = time.monotonic()
    await discord.go_down()
    try:
        await asyncio.sleep(0.5 + run.scenario.extent)
        cluster.move_on(HOUR_S * (1 + 11 * run.scenario.extent))
        discord.expire_tokens()
        await asyncio.sleep(1 + 2 * run.scenario.extent)
    finally:
        discord.come_back()
    run.strike()
    await discord.until(lambda: discord.gateway.live, "the gateway to come back")
    await run.excuse(began_at)
    try:
        async with asyncio.timeout(END_TIMEOUT_S):
            await until(run.is_over)
    finally:
        cluster.move_on(0)


async def nonces_forgotten(run: Run) -> None:
    """The cards are deleted, so that pictures go to their owners as new messages.

    The gateway dies when Discord has one of them and has not said so, and starts minutes later.
    """
    cluster, discord = run.cluster, run.cluster.discord
    for worker in cluster.workers:
        worker.freeze()
    try:
        lost = discord.fail_next("POST", POSTS, status=500, after=True, times=99, carrying=RESULTS)
        await run.ask_all(run.scenario.asks)
        await until(run.all_accepted)
        for _, asked in run.asked:
            card = await discord.until(partial(_card_of, asked), "a card in the line")
            discord.delete_message(card)
    finally:
        for worker in cluster.workers:
            worker.thaw()
    await discord.until(lambda: lost.times < 99, "a new message")
    await asyncio.sleep(run.scenario.extent)
    run.strike()
    await kill_gateways(run)
    lost.times = 0
    discord.forget_nonces()
    await cluster.start_gateway()


def _card_of(asked: Interaction) -> Message | None:
    card = asked.original
    return card if card is not None and card.buttons else None
