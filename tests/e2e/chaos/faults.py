"""The faults, by name. Each awaits the moment, strikes, and mends what it broke; time does the rest."""

import asyncio
import signal
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text, update

from bot.domain.jobs.model import State
from bot.tables import jobs
from nst_core.params import VERSION
from tests.e2e.chaos.cluster import FETCH_TIMEOUT_S, LEASE_S
from tests.e2e.chaos.infrastructure import Infrastructure
from tests.e2e.chaos.processes import Process
from tests.e2e.chaos.run import Run, until
from tests.e2e.chaos.scenarios import poisoned
from tests.e2e.chaos.worker import NEWER_PARAMETER

Strike = Callable[[Run], Coroutine[Any, Any, None]]
EDITS = r"/messages/"
LISTENING_S = 0.2
"""Until whoever waits for a moment listens for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """asks: whether the people ask while it goes on; otherwise it lets them ask itself.

    refuses: whether people may be told to try again; where it must not, a refusal is wrong.
    """

    strike: Strike
    asks: bool = True
    refuses: bool = False
    engines: tuple[str, ...] = ("local", "procrastinate")
    needs_small_disks: bool = False

    def possible_on(self, infrastructure: Infrastructure) -> bool:
        return infrastructure.engine in self.engines and (
            infrastructure.disks_are_small or not self.needs_small_disks
        )


# Processes ------------------------------------------------------------------------------------------


async def kill_worker(run: Run) -> None:
    await run.moment()
    await _victim(run).kill()


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
    await _victim(run).kill()


async def kill_gateway(run: Run) -> None:
    await run.moment()
    await _kill_gateways(run)
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
    await _kill_gateways(run)
    for worker in workers:
        await worker.kill()
    await run.cluster.start_gateway()


async def freeze_worker(run: Run) -> None:
    """Past its lease; it wakes up beside its replacement."""
    await run.moment()
    victim = _victim(run)
    victim.freeze()
    await asyncio.sleep(LEASE_S * (1.2 + 0.8 * run.scenario.extent))
    victim.thaw()


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


async def _kill_gateways(run: Run) -> None:
    for gateway in list(run.cluster.gateways):
        await run.cluster.kill_gateway(gateway)
    run.lost_before = time.monotonic()


def _victim(run: Run) -> Process:
    """The worker whose moment it was, or else any that lives."""
    if run.hit is not None and run.hit.alive:
        return run.hit
    living = [worker for worker in run.cluster.workers if worker.alive]
    return living[int(run.scenario.extent * len(living)) % len(living)]


# Database, disks and clocks -------------------------------------------------------------------------


async def lock_database(run: Run) -> None:
    await run.moment()
    await run.cluster.infrastructure.lock(0.5 + 2.5 * run.scenario.extent)


async def restart_database(run: Run) -> None:
    await run.moment()
    server = run.cluster.infrastructure.server
    assert server is not None
    how = signal.SIGQUIT if run.scenario.extent < 0.5 else signal.SIGINT
    await asyncio.to_thread(server.stop, how)
    await asyncio.sleep(run.scenario.extent)
    await asyncio.to_thread(server.start)


async def fill_blobs(run: Run) -> None:
    await run.moment()
    disk = run.cluster.infrastructure.blobs_disk
    await asyncio.to_thread(disk.fill)
    await asyncio.sleep(0.5 + 1.5 * run.scenario.extent)
    disk.free()


async def fill_database(run: Run) -> None:
    await run.moment()
    infrastructure = run.cluster.infrastructure
    await asyncio.to_thread(infrastructure.truncate_wal)
    await asyncio.to_thread(infrastructure.data_disk.fill)
    await asyncio.sleep(0.5 + 1.5 * run.scenario.extent)
    infrastructure.data_disk.free()


async def clocks_jump(run: Run) -> None:
    """The workers' clocks, by up to an hour, forth or back; the gateway's stays."""
    await run.moment()
    run.cluster.jump((run.scenario.extent * 2 - 1) * 3600)
    await asyncio.sleep(1 + run.scenario.extent)
    run.cluster.jump(0)


async def clocks_set_back(run: Run) -> None:
    """A worker dies while the workers' clocks are ahead, nobody tells of it, and they are set back."""
    run.cluster.supervised = False
    run.cluster.jump(600 + 3000 * run.scenario.extent)
    try:
        await run.moment()
        await _victim(run).kill()
    finally:
        run.cluster.jump(0)


async def older_workers(run: Run) -> None:
    """A newer gateway's rows, a column and a parameter that the workers do not know; then newer ones come."""
    if run.cluster.newer:
        await run.cluster.replace_workers(newer=False)
    for worker in run.cluster.workers:
        worker.freeze()
    try:
        await run.ask_all(run.scenario.asks)
        async with asyncio.timeout(30):
            await until(run.all_accepted)
        run.strike()
        await _write_as_newer(run)
    finally:
        for worker in run.cluster.workers:
            worker.thaw()
    await asyncio.sleep(LEASE_S * run.scenario.extent)
    await run.cluster.replace_workers(newer=True)


async def _write_as_newer(run: Run) -> None:
    records = await run.records()
    async with run.cluster.database.begin() as connection:
        await connection.execute(text(f"ALTER TABLE jobs ADD COLUMN newer_{run.scenario.seed} TEXT"))
        for record in records[:: 2 if run.scenario.extent < 0.5 else 1]:
            newer = {"params": {**record.job.params, NEWER_PARAMETER: 0.5}, "params_version": VERSION + 1}
            where = (jobs.c.id == record.job.id, jobs.c.state == State.QUEUED)
            await connection.execute(update(jobs).where(*where).values(**newer))


# Discord --------------------------------------------------------------------------------------------


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
    discord.fail_next("PATCH", EDITS, status=502, after=not after, carrying="image/png")


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


async def attachments_vanish(run: Run) -> None:
    """Between some people's click and the download."""
    run.strike()
    for number, ask in enumerate(run.scenario.asks):
        await run.ask_all([ask])
        if number % 2 == round(run.scenario.extent):
            run.cluster.discord.lose_files()


async def attachments_stall(run: Run) -> None:
    run.strike()
    for number in range(1 + round(run.scenario.extent)):
        seconds = FETCH_TIMEOUT_S * (0.2 if number else 3 * run.scenario.extent)
        run.cluster.discord.stall_next_download(seconds)
    await run.ask_all(run.scenario.asks)


FAULTS: dict[str, Fault] = {
    "worker killed": Fault(strike=kill_worker),
    "gateway killed": Fault(strike=kill_gateway),
    "gateway stopped": Fault(strike=stop_gateway),
    "accepting cut short": Fault(strike=cut_accepting_short, asks=False),
    "both killed": Fault(strike=kill_both),
    "batch killed": Fault(strike=kill_batch, asks=False),
    "worker frozen": Fault(strike=freeze_worker),
    "gateway frozen": Fault(strike=freeze_gateway),
    "two gateways": Fault(strike=two_gateways, asks=False),
    "poison": Fault(strike=poison, asks=False),
    "database locked": Fault(strike=lock_database, engines=("local",)),
    "database restarted": Fault(strike=restart_database, engines=("procrastinate",)),
    "blobs' disk full": Fault(strike=fill_blobs, refuses=True, needs_small_disks=True),
    "database's disk full": Fault(
        strike=fill_database, refuses=True, engines=("local",), needs_small_disks=True
    ),
    "clocks jump": Fault(strike=clocks_jump),
    "clocks set back": Fault(strike=clocks_set_back),
    "older workers": Fault(strike=older_workers, asks=False),
    "rate limits": Fault(strike=rate_limits),
    "server errors": Fault(strike=server_errors),
    "slow bytes": Fault(strike=slow_bytes),
    "closed sockets": Fault(strike=closed_sockets),
    "tokens expire": Fault(strike=tokens_expire),
    "gateway resumes": Fault(strike=gateway_resumes),
    "session ends": Fault(strike=session_ends),
    "attachments vanish": Fault(strike=attachments_vanish, asks=False, refuses=True),
    "attachments stall": Fault(strike=attachments_stall, asks=False, refuses=True),
}
