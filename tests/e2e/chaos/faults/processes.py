"""Gateways and workers that die, are stopped or stand still."""

import asyncio
import time

from tests.e2e.chaos.cluster import FETCH_TIMEOUT_S, LEASE_S
from tests.e2e.chaos.processes import Process
from tests.e2e.chaos.run import Run, until
from tests.e2e.chaos.scenarios import poisoned

LISTENING_S = 0.2
"""Until whoever waits for a moment listens for it."""


async def kill_worker(run: Run) -> None:
    await run.moment()
    await victim(run).kill()


async def kill_batch(run: Run) -> None:
    """Everybody has asked before a worker looks, so that one takes several at once; then it is killed."""
    workers = [worker for worker in run.cluster.workers if worker.alive]
    for worker in workers:
        worker.freeze()
    await run.ask_all(run.scenario.asks)
    await until(run.is_over_or_accepted)
    coming = asyncio.create_task(run.moment())
    await asyncio.sleep(LISTENING_S)
    for worker in workers:
        worker.thaw()
    await coming
    await victim(run).kill()


async def kill_gateway(run: Run) -> None:
    await run.moment()
    await kill_gateways(run)
    await asyncio.sleep(run.scenario.extent)
    await run.cluster.start_gateway()


async def stop_gateway(run: Run) -> None:
    """SIGTERM, as with every new version."""
    await run.moment()
    for gateway in list(run.cluster.gateways):
        assert await run.cluster.stop_gateway(gateway) == 0
    run.lost_before = time.monotonic()
    await asyncio.sleep(run.scenario.extent)
    await run.cluster.start_gateway()


async def cut_accepting_short(run: Run) -> None:
    """Everybody has been told to wait, and no attachment is there yet; nothing of it may be lost."""
    discord = run.cluster.discord
    for _ in range(2 * len(run.scenario.asks)):
        discord.stall_next_download(FETCH_TIMEOUT_S)
    await run.ask_all(run.scenario.asks)
    await until(run.all_acknowledged)
    run.strike()
    [gateway] = run.cluster.gateways
    if run.scenario.extent < 0.5:
        await run.cluster.kill_gateway(gateway)
    else:
        assert await run.cluster.stop_gateway(gateway) == 0
    discord.stalls.clear()
    await run.cluster.start_gateway()


async def kill_both(run: Run) -> None:
    await run.moment()
    workers = list(run.cluster.workers)
    for worker in workers:
        worker.freeze()  # all die in the same moment
    await kill_gateways(run)
    for worker in workers:
        await worker.kill()
    await run.cluster.start_gateway()


async def freeze_worker(run: Run) -> None:
    """Past its lease; it wakes up beside its replacement."""
    await run.moment()
    frozen = victim(run)
    frozen.freeze()
    await asyncio.sleep(LEASE_S * (1.2 + 0.8 * run.scenario.extent))
    frozen.thaw()


async def freeze_gateway(run: Run) -> None:
    await run.moment()
    [gateway] = run.cluster.gateways
    gateway.freeze()
    await asyncio.sleep(1 + 2 * run.scenario.extent)
    gateway.thaw()


async def two_gateways(run: Run) -> None:
    """Both are told of every command, as Discord does with two sessions; one is killed."""
    await run.cluster.start_gateway()
    sessions = run.cluster.discord.gateway.live
    heard = sessions[-1]
    asking = asyncio.create_task(run.ask_all(run.scenario.asks))
    told = len(heard.events)
    other = next(session for session in sessions if session is not heard)

    async def repeat() -> None:
        seen = told
        while True:
            for event in heard.events[seen:]:
                await other.dispatch(str(event["t"]), event["d"])
            seen = len(heard.events)
            await asyncio.sleep(0.01)

    repeating = asyncio.create_task(repeat())
    try:
        await run.moment()
        await asking
    finally:
        repeating.cancel()
    await asyncio.sleep(0.3)
    run.strike()
    await run.cluster.kill_gateway(run.cluster.gateways[round(run.scenario.extent)])
    await run.excuse(time.monotonic())


async def poison(run: Run) -> None:
    """The first picture kills every process that paints it; the others must not suffer for it."""
    first, *others = run.scenario.asks
    run.strike()
    await run.ask_all([poisoned(first), *others])


async def kill_gateways(run: Run) -> None:
    for gateway in list(run.cluster.gateways):
        await run.cluster.kill_gateway(gateway)
    run.lost_before = time.monotonic()


def victim(run: Run) -> Process:
    """The worker whose moment it was, or else any that lives."""
    if run.hit is not None and run.hit.alive:
        return run.hit
    living = [worker for worker in run.cluster.workers if worker.alive]
    return living[int(run.scenario.extent * len(living)) % len(living)]
