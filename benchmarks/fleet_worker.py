"""Simulated workers of `benchmarks.fleet`: the real engine on a real PostgreSQL; painting is a sleep.

    python -m benchmarks.fleet_worker URL COUNT TIMES SEED

They work until standard input is closed, then tell as JSON what they met.
"""

import asyncio
import json
import random
import resource
import sys
import time
from collections import Counter

from bot.db import Database
from bot.domain.jobs.model import Claim, Progress
from bot.engines.choice import feed_for, queue_listener_for
from bot.engines.procrastinate import ProcrastinateEngine
from bot.engines.protocol import EngineUnavailable
from bot.telemetry import configure_logging
from bot.worker.heartbeat import recorded_heartbeat

LEASE_S, RENEW_EVERY_S = 20.0, 3.0
"""As `bot.worker` has them on PostgreSQL."""
SPREAD = 0.2
BLOB = "0" * 64


class Simulated:
    """One worker with its own connections, as a process on a GPU has them."""

    def __init__(self, url: str, name: str, *, times: list[float], lots: random.Random) -> None:
        self._database = Database(url, connections=1)
        self._queue_listener = queue_listener_for(self._database)
        self._engine = ProcrastinateEngine(self._database, lease_s=LEASE_S, max_attempts=3)
        self._name = name
        self._times = times
        self._lots = lots
        self.met: Counter[str] = Counter()

    async def run(self, stop: asyncio.Event) -> None:
        assert self._queue_listener is not None
        feed = feed_for(self._database, self._engine, self._queue_listener)
        assert feed is not None
        try:
            async with recorded_heartbeat(self._database, name=self._name, device="simulated"):
                await feed.run(self._name, self._work, stop)
        finally:
            await self._queue_listener.close()
            await self._database.dispose()

    async def _work(self, claim: Claim) -> None:
        try:
            await self._paint(claim)
        except EngineUnavailable as error:
            self.met[f"unavailable: {type(error.__cause__).__name__}"] += 1

    async def _paint(self, claim: Claim) -> None:
        seconds = self._lots.choice(self._times) * self._lots.lognormvariate(0.0, SPREAD)
        ends_at = time.monotonic() + seconds
        step = 0
        while (left_s := ends_at - time.monotonic()) > 0:
            progress = Progress(scale=1, scales=1, step=step, steps=100, loss=1.0, preview_blob=BLOB)
            if not await self._engine.renew(claim, progress):
                self.met["lost"] += 1
                return
            step += 1
            await asyncio.sleep(min(RENEW_EVERY_S, left_s))
        await self._engine.renew(claim)
        rendered = await self._engine.render(claim, result_blob=BLOB, figures={"seconds": seconds})
        self.met["rendered" if rendered else "lost"] += 1


async def main(url: str, count: int, times: list[float], seed: int) -> None:
    configure_logging("WARNING")  # to standard error
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # each worker has sockets of its own
    lots = random.Random(seed)
    workers = [Simulated(url, f"simulated-{seed}-{n}", times=times, lots=lots) for n in range(count)]
    stop = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin, stop.set)
    print("ready", flush=True)
    async with asyncio.TaskGroup() as group:
        for worker in workers:
            group.create_task(worker.run(stop))
            await asyncio.sleep(0.002)  # a thousand processes do not start in the same instant either
    met = sum((worker.met for worker in workers), Counter[str]())
    print(json.dumps({**met, "cpu_s": time.process_time()}), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3]), int(sys.argv[4])))
