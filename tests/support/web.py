"""The web part on a free port of loopback, with a gateway that says what a test wants it to."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from bot.db import Database
from bot.web.machine import FolderSize
from bot.web.meters import Meters, Watched
from bot.web.server import open_web
from testbed.ports import free_port
from tests.support.clock import Clock


@dataclass
class StubGateway:
    """A gateway."""

    connected: int = 1
    shards: int = 1
    latency: float = 0.05

    def connected_shards(self) -> tuple[int, int]:
        return self.connected, self.shards


@dataclass(kw_only=True)
class WebClient:
    """The running web part, as an operator's tools see it."""

    address: str
    session: aiohttp.ClientSession

    async def get(self, path: str) -> tuple[int, Any]:
        async with self.session.get(self.address + path) as answer:
            return answer.status, await answer.json()

    async def metrics(self) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
        """Every sample, by its name and labels."""
        async with self.session.get(f"{self.address}/metrics") as answer:
            assert answer.status == 200
            assert answer.content_type == "text/plain"
            text = await answer.text()
        return {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    async def metric(self, name: str, **labels: str) -> float | None:
        return (await self.metrics()).get((name, frozenset(labels.items())))


@dataclass(kw_only=True)
class WebHarness:
    """What is watched; each part may be changed before it opens or while it runs."""

    database: Database
    folder: Path
    gateway: StubGateway = field(default_factory=StubGateway)
    clock: Clock = field(default_factory=Clock)
    pids: dict[str, int] = field(default_factory=dict)
    meters: Meters = field(default_factory=Meters)

    def watched(self, **given: Any) -> Watched:
        whole = Watched(
            database=self.database,
            gateway=self.gateway,
            meters=self.meters,
            workers=self.pids,
            own_workers=0,
            data_dir=self.folder,
            blobs=FolderSize(self.folder / "blobs"),
            clock=self.clock,
        )
        return replace(whole, **given)

    @asynccontextmanager
    async def open(self, **given: Any) -> AsyncIterator[WebClient]:
        watched = self.watched(**given)
        async with open_web(watched, host="127.0.0.1", port=free_port()) as address:
            assert address is not None
            async with aiohttp.ClientSession() as session:
                yield WebClient(address=address, session=session)
