"""Where scenarios are run: a stand-in Discord, gateways, workers, and what they stand on."""

import asyncio
import itertools
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from bot.db import Database
from bot.engines.choice import engine_for
from bot.media.blobs.folder import FolderBlobs
from bot.settings import Settings
from testbed.discord.openapi import Description
from testbed.discord.server import DiscordServer
from testbed.discord.world import Person
from tests.e2e.chaos.clock import Clock
from tests.e2e.chaos.infrastructure import Infrastructure
from tests.e2e.chaos.processes import Process

ROOT = Path(__file__).parents[3]
LEASE_S = 2.0
BATCHES = (1, 3)
"""How many pictures each worker paints in one pass: there is one worker of each."""
PAINT_S = 0.4
FETCH_TIMEOUT_S = 2.0
STOP_TIMEOUT_S = 0.5
"""Short, so that some of what is in hand is left to the next start."""
LOGIN_TIMEOUT_S = 60.0

Heard = Callable[[int, str], None]


class Cluster:
    """Use through `open_cluster()`. Workers that die are started again, as a supervisor does."""

    def __init__(self, infrastructure: Infrastructure, discord: DiscordServer) -> None:
        self.infrastructure = infrastructure
        self.discord = discord
        self.settings = Settings(
            DISCORD_TOKEN=None,
            data_dir=infrastructure.data,
            database_url=infrastructure.url,
            lease_s=LEASE_S,
            max_attempts=3,
        )
        self.database = Database(infrastructure.database_url, checkpoints=False)
        self.blobs = FolderBlobs(self.settings.blobs_dir)
        self.gateways: list[Process] = []
        self.workers: list[Process] = []
        self.listeners: list[Heard] = []
        self.supervised = True
        self.newer = False
        self.working = asyncio.Event()
        self.working.set()
        self._gateways_clock = Clock(infrastructure.folder / "gateways-clock")
        self._workers_clock = Clock(infrastructure.folder / "workers-clock")
        self.move_on(0)
        self._ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._ear.bind(str(infrastructure.folder / "ear"))
        self._ear.setblocking(False)
        self._numbers = itertools.count(1)
        self._keepers: list[asyncio.Task[None]] = []
        self.people = [discord.world.alice, discord.world.bob, self._person("carol")]
        self.mallory = self._person("mallory")

    def _person(self, name: str) -> Person:
        person = Person(id=self.discord.world.snowflake(), name=name)
        self.discord.world.people[person.id] = person
        return person

    async def open(self) -> None:
        asyncio.get_running_loop().add_reader(self._ear.fileno(), self._hear)
        await self.start_gateway()
        self._keepers = [asyncio.create_task(self._keep_worker(slot)) for slot in range(len(BATCHES))]
        async with asyncio.timeout(60):
            while len(self.workers) < len(BATCHES):
                await self.hears("ready")

    async def close(self) -> None:
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        for process in (*self.workers, *self.gateways):
            process.thaw() if process.alive else None
            await process.kill()
        asyncio.get_running_loop().remove_reader(self._ear.fileno())
        self._ear.close()
        await self.database.dispose()

    # Gateways ---------------------------------------------------------------------------------------

    async def start_gateway(self) -> Process:
        """Starts `easel run` and waits until it is logged in and its commands are there."""
        known, syncs = set(self.discord.gateway.sessions), self._syncs()
        gateway = Process(
            ["tests.e2e.chaos.gateway", str(self._gateways_clock.file), "run"],
            folder=self.infrastructure.folder,
            log=self.infrastructure.folder / "gateway.log",
            environment=self.environment() | {"DISCORD_TOKEN": self.discord.token},
        )
        self.gateways.append(gateway)

        def ready() -> bool:
            if not gateway.alive:
                raise AssertionError(f"the gateway ended with {gateway.code}:\n{gateway.tail()}")
            fresh = [session for session in self.discord.gateway.live if session.id not in known]
            return bool(fresh) and self._syncs() > syncs

        await self.discord.until(ready, "a gateway to log in", timeout_s=LOGIN_TIMEOUT_S)
        return gateway

    async def kill_gateway(self, gateway: Process) -> None:
        self.gateways.remove(gateway)
        await gateway.kill()
        expected = len(self.gateways)
        await self.discord.until(lambda: len(self.discord.gateway.live) <= expected, "the line to break")

    async def stop_gateway(self, gateway: Process) -> int:
        """In order; its exit code."""
        self.gateways.remove(gateway)
        return await gateway.stop()

    def _syncs(self) -> int:
        return sum(call.method == "PUT" and call.path.endswith("/commands") for call in self.discord.calls)

    # Workers ----------------------------------------------------------------------------------------

    async def _keep_worker(self, slot: int) -> None:
        engine = engine_for(self.database, self.settings)
        while True:
            await self.working.wait()
            name = f"chaos-{slot}.{next(self._numbers)}"
            worker = Process(
                [
                    *("tests.e2e.chaos.worker", "--name", name, "--paint-s", str(PAINT_S)),
                    *("--batch", str(BATCHES[slot])),
                    *(
                        "--socket",
                        str(self.infrastructure.folder / "ear"),
                        "--clock",
                        str(self._workers_clock.file),
                    ),
                    *(["--newer"] if self.newer else []),
                ],
                folder=self.infrastructure.folder,
                log=self.infrastructure.folder / f"worker-{slot}.log",
                environment=self.environment(),
            )
            self.workers.append(worker)
            try:
                while worker.alive:  # noqa: ASYNC110 - a process tells nobody
                    await asyncio.sleep(0.02)
            finally:
                if not worker.alive:
                    self.workers.remove(worker)
            await worker.ended()
            if self.supervised:
                with suppress(Exception):  # as the supervisor: a later sweep makes up for it
                    await engine.sweep(dead_worker=name)

    async def replace_workers(self, *, newer: bool) -> None:
        """Stops all workers in good order; the keepers start others, of this version or the next."""
        self.newer = newer
        old = list(self.workers)
        for worker in old:
            await worker.stop()
        async with asyncio.timeout(60):
            while len(self.workers) < len(self._keepers) or any(worker in old for worker in self.workers):  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    async def rest(self) -> None:
        """Stops all workers in good order; no others are started before `work`."""
        self.working.clear()
        for worker in list(self.workers):
            await worker.stop()

    def work(self) -> None:
        self.working.set()

    def worker(self, pid: int) -> Process | None:
        return next((worker for worker in self.workers if worker.pid == pid), None)

    def jump(self, seconds: float) -> None:
        """Sets the workers' clocks so far off this machine's."""
        self._workers_clock.set_off(seconds)

    def move_on(self, seconds: float) -> None:
        """So much time passes at once, for us as for Discord."""
        for clock in (self._gateways_clock, self._workers_clock):
            clock.set_off(seconds)
        self.discord.world.ahead_s = seconds

    # Moments ----------------------------------------------------------------------------------------

    def _hear(self) -> None:
        with suppress(BlockingIOError):
            while True:
                pid, moment = self._ear.recv(200).decode().split(maxsplit=1)
                for listener in list(self.listeners):
                    listener(int(pid), moment)

    async def hears(self, wanted: str) -> int:
        """Waits until a worker announces this moment; returns its process id."""
        heard: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def listen(pid: int, moment: str) -> None:
            if moment == wanted and not heard.done():
                heard.set_result(pid)

        self.listeners.append(listen)
        try:
            return await heard
        finally:
            self.listeners.remove(listen)

    def environment(self) -> dict[str, str]:
        plain = {
            key: value for key, value in os.environ.items() if not key.startswith(("EASEL_", "DISCORD_"))
        }
        chosen = {
            "PYTHONPATH": str(ROOT),
            "EASEL_DISCORD_API_URL": self.discord.api_url,
            "EASEL_DISCORD_GATEWAY_URL": self.discord.gateway_url,
            "EASEL_ATTACHMENT_HOSTS": self.discord.host,
            "EASEL_DATA_DIR": str(self.infrastructure.data),
            "EASEL_DATABASE_URL": self.infrastructure.url or "",
            "EASEL_DEVICE": "cpu",
            "EASEL_CONTENT_CHECK": os.environ.get("EASEL_CONTENT_CHECK", "auto"),  # off within pytest
            "EASEL_DEFAULT_SIZE_PX": "64",
            "EASEL_WORKERS": "0",
            "EASEL_WEB_PORT": "0",
            "EASEL_LEASE_S": str(LEASE_S),
            "EASEL_STOP_TIMEOUT_S": str(STOP_TIMEOUT_S),
            "EASEL_FETCH_TIMEOUT_S": str(FETCH_TIMEOUT_S),
            "EASEL_RESERVE_MIB": "0",  # the disks are small, and shall be full to the last byte
            "EASEL_JOBS_PER_USER": "100",
            "EASEL_REQUESTS_PER_MINUTE": "10000",
            "EASEL_REQUESTS_PER_MINUTE_OF_SERVER": "100000",
        }
        return plain | chosen


@asynccontextmanager
async def open_cluster(infrastructure: Infrastructure, description: Description) -> AsyncIterator[Cluster]:
    """A cluster on which everything runs."""
    async with DiscordServer(description=description) as discord:
        opened = Cluster(infrastructure, discord)
        try:
            await opened.open()
            yield opened
        finally:
            await opened.close()
