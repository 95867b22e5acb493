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
from tests.e2e.chaos.grounds import Ground
from tests.e2e.chaos.play import Play, until
from tests.e2e.chaos.processes import Process
from tests.e2e.chaos.scenes import poisoned
from tests.e2e.chaos.stage import FETCH_TIMEOUT_S, LEASE_S
from tests.e2e.chaos.worker import NEWER_PARAMETER

Strike = Callable[[Play], Coroutine[Any, Any, None]]
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

    def possible_on(self, ground: Ground) -> bool:
        return ground.engine in self.engines and (ground.disks_are_small or not self.needs_small_disks)


# Processes ------------------------------------------------------------------------------------------


async def kill_worker(play: Play) -> None:
    await play.moment()
    await _victim(play).kill()


async def kill_batch(play: Play) -> None:
    """Everybody has asked before a worker looks, so that one takes several at once; then it is killed."""
    workers = [worker for worker in play.stage.workers if worker.alive]
    for worker in workers:
        worker.freeze()
    await play.ask_all(play.scene.asks)
    await until(play.is_over_or_accepted)
    coming = asyncio.create_task(play.moment())
    await asyncio.sleep(LISTENING_S)
    for worker in workers:
        worker.thaw()
    await coming
    await _victim(play).kill()


async def kill_gateway(play: Play) -> None:
    await play.moment()
    await _kill_gateways(play)
    await asyncio.sleep(play.scene.extent)
    await play.stage.start_gateway()


async def kill_both(play: Play) -> None:
    await play.moment()
    workers = list(play.stage.workers)
    for worker in workers:
        worker.freeze()  # all die in the same moment
    await _kill_gateways(play)
    for worker in workers:
        await worker.kill()
    await play.stage.start_gateway()


async def freeze_worker(play: Play) -> None:
    """Past its lease; it wakes up beside its replacement."""
    await play.moment()
    victim = _victim(play)
    victim.freeze()
    await asyncio.sleep(LEASE_S * (1.2 + 0.8 * play.scene.extent))
    victim.thaw()


async def freeze_gateway(play: Play) -> None:
    await play.moment()
    [gateway] = play.stage.gateways
    gateway.freeze()
    await asyncio.sleep(1 + 2 * play.scene.extent)
    gateway.thaw()


async def two_gateways(play: Play) -> None:
    """Both are told of every command, as Discord does with two sessions; one is killed."""
    await play.stage.start_gateway()
    sessions = play.stage.discord.gateway.live
    heard = sessions[-1]
    asking = asyncio.create_task(play.ask_all(play.scene.asks))
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
        await play.moment()
        await asking
    finally:
        repeating.cancel()
    await asyncio.sleep(0.3)
    play.strike()
    await play.stage.kill_gateway(play.stage.gateways[round(play.scene.extent)])
    await play.excuse(time.monotonic())


async def poison(play: Play) -> None:
    """The first picture kills every process that paints it; the others must not suffer for it."""
    first, *others = play.scene.asks
    play.strike()
    await play.ask_all([poisoned(first), *others])


async def _kill_gateways(play: Play) -> None:
    for gateway in list(play.stage.gateways):
        await play.stage.kill_gateway(gateway)
    play.lost_before = time.monotonic()


def _victim(play: Play) -> Process:
    """The worker whose moment it was, or else any that lives."""
    if play.hit is not None and play.hit.alive:
        return play.hit
    living = [worker for worker in play.stage.workers if worker.alive]
    return living[int(play.scene.extent * len(living)) % len(living)]


# Database, disks and clocks -------------------------------------------------------------------------


async def lock_database(play: Play) -> None:
    await play.moment()
    await play.stage.ground.lock(0.5 + 2.5 * play.scene.extent)


async def restart_database(play: Play) -> None:
    await play.moment()
    server = play.stage.ground.server
    assert server is not None
    how = signal.SIGQUIT if play.scene.extent < 0.5 else signal.SIGINT
    await asyncio.to_thread(server.stop, how)
    await asyncio.sleep(play.scene.extent)
    await asyncio.to_thread(server.start)


async def fill_blobs(play: Play) -> None:
    await play.moment()
    disk = play.stage.ground.blobs_disk
    await asyncio.to_thread(disk.fill)
    await asyncio.sleep(0.5 + 1.5 * play.scene.extent)
    disk.free()


async def fill_database(play: Play) -> None:
    await play.moment()
    ground = play.stage.ground
    await asyncio.to_thread(ground.truncate_wal)
    await asyncio.to_thread(ground.data_disk.fill)
    await asyncio.sleep(0.5 + 1.5 * play.scene.extent)
    ground.data_disk.free()


async def clocks_jump(play: Play) -> None:
    """The workers' clocks, by up to an hour, forth or back; the gateway's stays."""
    await play.moment()
    play.stage.jump((play.scene.extent * 2 - 1) * 3600)
    await asyncio.sleep(1 + play.scene.extent)
    play.stage.jump(0)


async def clocks_set_back(play: Play) -> None:
    """A worker dies while the workers' clocks are ahead, nobody tells of it, and they are set back."""
    play.stage.supervised = False
    play.stage.jump(600 + 3000 * play.scene.extent)
    try:
        await play.moment()
        await _victim(play).kill()
    finally:
        play.stage.jump(0)


async def older_workers(play: Play) -> None:
    """A newer gateway's rows, a column and a parameter that the workers do not know; then newer ones come."""
    if play.stage.newer:
        await play.stage.replace_workers(newer=False)
    for worker in play.stage.workers:
        worker.freeze()
    try:
        await play.ask_all(play.scene.asks)
        async with asyncio.timeout(30):
            await until(play.all_accepted)
        play.strike()
        await _write_as_newer(play)
    finally:
        for worker in play.stage.workers:
            worker.thaw()
    await asyncio.sleep(LEASE_S * play.scene.extent)
    await play.stage.replace_workers(newer=True)


async def _write_as_newer(play: Play) -> None:
    records = await play.records()
    async with play.stage.database.begin() as connection:
        await connection.execute(text(f"ALTER TABLE jobs ADD COLUMN newer_{play.scene.seed} TEXT"))
        for record in records[:: 2 if play.scene.extent < 0.5 else 1]:
            newer = {"params": {**record.job.params, NEWER_PARAMETER: 0.5}, "params_version": VERSION + 1}
            where = (jobs.c.id == record.job.id, jobs.c.state == State.QUEUED)
            await connection.execute(update(jobs).where(*where).values(**newer))


# Discord --------------------------------------------------------------------------------------------


async def rate_limits(play: Play) -> None:
    await play.moment()
    discord, wait_s = play.stage.discord, 0.3 + play.scene.extent
    discord.limit_next("PATCH", EDITS, retry_after_s=wait_s)
    discord.limit_next("PATCH", EDITS, retry_after_s=wait_s, everywhere=True)
    if play.scene.extent < 0.3:
        discord.fail_next("PATCH", EDITS, status=429)  # without Via: discord.py gives up at once


async def server_errors(play: Play) -> None:
    await play.moment()
    discord, after = play.stage.discord, play.scene.extent < 0.5
    discord.fail_next("PATCH", EDITS, status=500, after=after)
    discord.fail_next("PATCH", EDITS, status=502, after=not after, carrying="image/png")


async def slow_bytes(play: Play) -> None:
    await play.moment()
    play.stage.discord.slow_next("PATCH", EDITS, seconds=0.5 + play.scene.extent, times=2)


async def closed_sockets(play: Play) -> None:
    await play.moment()
    after = play.scene.extent < 0.5
    play.stage.discord.cut_next("PATCH", EDITS, times=1 + round(play.scene.extent), after=after)


async def tokens_expire(play: Play) -> None:
    """Those of the jobs that were accepted: they are a quarter of an hour old."""
    await play.moment()
    accepted = {record.interaction_id for record in await play.records()}
    for _, asked in play.asked:
        asked.expired = asked.expired or asked.id in accepted


async def gateway_resumes(play: Play) -> None:
    await play.moment()
    await play.stage.discord.gateway.drop()


async def session_ends(play: Play) -> None:
    """Invalid session: what Discord sent in between is lost."""
    await play.moment()
    discord = play.stage.discord
    known = set(discord.gateway.sessions)
    sessions, discord.gateway.sessions = discord.gateway.sessions, {}
    for session in sessions.values():
        if session.line is not None:
            await session.line.socket.close(code=1001)
    ended_at = time.monotonic()
    await discord.until(lambda: discord.gateway.sessions.keys() - known, "a new session")
    await play.excuse(ended_at)


async def attachments_vanish(play: Play) -> None:
    """Between some people's click and the download."""
    play.strike()
    for number, ask in enumerate(play.scene.asks):
        await play.ask_all([ask])
        if number % 2 == round(play.scene.extent):
            play.stage.discord.lose_files()


async def attachments_stall(play: Play) -> None:
    play.strike()
    for number in range(1 + round(play.scene.extent)):
        seconds = FETCH_TIMEOUT_S * (0.2 if number else 3 * play.scene.extent)
        play.stage.discord.stall_next_download(seconds)
    await play.ask_all(play.scene.asks)


FAULTS: dict[str, Fault] = {
    "worker killed": Fault(strike=kill_worker),
    "gateway killed": Fault(strike=kill_gateway),
    "both killed": Fault(strike=kill_both),
    "batch killed": Fault(strike=kill_batch, asks=False),
    "worker frozen": Fault(strike=freeze_worker),
    "gateway frozen": Fault(strike=freeze_gateway),
    "two gateways": Fault(strike=two_gateways, asks=False),
    "poison": Fault(strike=poison, asks=False),
    "database locked": Fault(strike=lock_database, refuses=True, engines=("local",)),
    "database restarted": Fault(strike=restart_database, refuses=True, engines=("procrastinate",)),
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
