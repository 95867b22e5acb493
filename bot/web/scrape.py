"""What is looked up when Prometheus asks: the queue, the workers, the GPUs, the disk, the gateway."""

import asyncio
import math
from collections.abc import Iterator, Mapping
from typing import Final

import structlog
from prometheus_client import Metric, generate_latest
from prometheus_client.core import GaugeMetricFamily
from sqlalchemy.exc import SQLAlchemyError

from bot.domain.jobs import stats
from bot.domain.jobs.model import State
from bot.domain.jobs.stats import QueueMetrics
from bot.web import machine
from bot.web.meters import Watched
from nst_core.version import installed_version

log = structlog.get_logger(__name__)

BANDS: Final = (("0", 0), ("1-2", 2), ("3-9", 9), ("10+", math.inf))
"""Bands of the queue: how many turns from its front, with the last turn of each band."""
PAINTED: Final = "painted"
SHOWN: Final = (State.RENDERED, State.DELIVERED)
OVERLAP_S: Final = 120.0
"""A job's end may be written this much after its own timestamp: clocks differ, and writers wait for locks."""
TIMEOUT_S: Final = 10.0


class Tally:
    """Counts each ended job once, from this process's start on."""

    def __init__(self, watched: Watched) -> None:
        self._watched = watched
        self._started_at = self._looked_at = watched.clock()
        self._counted: dict[int, float] = {}

    async def catch_up(self) -> None:
        """Counts what has ended since the last time."""
        watched, meters = self._watched, self._watched.meters
        now = watched.clock()
        since = max(self._started_at, self._looked_at - OVERLAP_S)
        async with watched.database.read() as connection:
            ended = await stats.ended_since(connection, since)
        for one in ended:
            if one.id in self._counted:
                continue
            self._counted[one.id] = one.ended_at
            meters.ended.labels(PAINTED if one.state in SHOWN else one.state).inc()
            if one.wait_s is not None:
                meters.wait_s.observe(one.wait_s)
            if one.run_s is not None:
                meters.run_s.observe(one.run_s)
        self._looked_at = now
        self._counted = {job: at for job, at in self._counted.items() if at >= now - OVERLAP_S}


class Scraper:
    """Answers Prometheus."""

    def __init__(self, watched: Watched) -> None:
        self._watched = watched
        self._tally = Tally(watched)
        self._turn = asyncio.Lock()

    async def exposition(self) -> bytes:
        """All metrics in Prometheus' text format; one scrape at a time."""
        async with self._turn:
            counted = await self._queue()
            families = [
                *_of_queue(counted),
                *await self._of_machine(),
                *self._of_gateway(),
            ]
        return generate_latest(self._watched.meters.registry) + generate_latest(_Families(families))

    async def _queue(self) -> QueueMetrics | None:
        watched = self._watched
        try:
            async with asyncio.timeout(TIMEOUT_S):
                await self._tally.catch_up()
                async with watched.database.read() as connection:
                    return await stats.count(connection, now=watched.clock())
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            log.warning("the queue could not be counted", error=type(error).__name__)
            return None

    async def _of_machine(self) -> list[Metric]:
        watched = self._watched
        memory = {str(pid): machine.resident_bytes(pid) for pid in watched.workers.values()}
        gpus = await machine.gpu_states()
        families = [
            _one("easel_workers_alive", "Worker processes on this machine", len(watched.workers)),
            _many("easel_worker_resident_bytes", "Memory of each worker process here", "pid", memory),
            _many(
                "easel_gpu_utilisation_ratio",
                "How busy each GPU here is, 0 to 1",
                "gpu",
                {gpu.index: gpu.utilisation for gpu in gpus},
            ),
            _many(
                "easel_gpu_memory_used_bytes",
                "Memory of each GPU here that is taken",
                "gpu",
                {gpu.index: gpu.used_bytes for gpu in gpus},
            ),
            _many(
                "easel_gpu_memory_total_bytes",
                "Memory of each GPU here",
                "gpu",
                {gpu.index: gpu.total_bytes for gpu in gpus},
            ),
        ]
        return families + await self._of_disk()

    async def _of_disk(self) -> list[Metric]:
        watched = self._watched
        free = await asyncio.to_thread(machine.free_bytes, watched.data_dir)
        families: list[Metric] = [_one("easel_disk_free_bytes", "Space left for the data folder", free)]
        if watched.blobs is not None:
            files, size_bytes = await watched.blobs.files_and_bytes()
            families += [
                _one("easel_blobs", "Pictures that are kept, up to a minute ago", files),
                _one("easel_blobs_bytes", "What they take on the disk, up to a minute ago", size_bytes),
            ]
        return families

    def _of_gateway(self) -> list[Metric]:
        gateway = self._watched.gateway
        connected, shards = gateway.connected_shards()
        families: list[Metric] = [
            _one("easel_gateway_shards", "Gateway connections that this process should have", shards),
            _one("easel_gateway_shards_connected", "Gateway connections that it has", connected),
            _many("easel_build_info", "Always 1; the label tells the version", "version", {VERSION: 1}),
        ]
        if math.isfinite(gateway.latency):
            families.append(
                _one("easel_gateway_latency_seconds", "From a heartbeat to its answer", gateway.latency)
            )
        return families


VERSION: Final = installed_version()


def _of_queue(found: QueueMetrics | None) -> Iterator[Metric]:
    yield _one("easel_database_up", "1 when the database has answered this scrape", found is not None)
    if found is None:
        return
    depth = dict.fromkeys((name for name, _ in BANDS), 0)
    for turns, number in found.depth.items():
        depth[next(name for name, last in BANDS if turns <= last)] += number
    yield _many(
        "easel_jobs",
        "Jobs that have not ended by state",
        "state",
        {str(k): v for k, v in found.states.items()},
    )
    yield _many("easel_queue_depth", "Queued jobs by turns behind the front of the line", "band", depth)
    yield _one("easel_queue_oldest_seconds", "How long the longest waiting job waits", found.oldest_queued_s)
    yield _one("easel_jobs_stalled", "Running jobs whose lease ran out", found.stalled)
    yield _one("easel_workers_busy", "Workers anywhere that hold a job", found.workers_busy)
    yield _one("easel_workers_living", "Workers anywhere that live, busy or idle", found.workers_living)
    yield _one("easel_deliveries_open", "Cards that are still followed", found.deliveries_open)
    yield _one("easel_deliveries_retrying", "Open cards that Discord refused last", found.retrying)
    yield _one("easel_deliveries_tries", "Failed tries over all open cards", found.tries)
    yield _one("easel_deliveries_undelivered", "Pictures that could be shown nowhere", found.undelivered)


def _one(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=float(value))


def _many(name: str, text: str, label: str, values: Mapping[str, float | None]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=[label])
    for key, value in values.items():
        if value is not None:
            family.add_metric([key], float(value))
    return family


class _Families:
    """Families as prometheus-client wants to be given them."""

    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        yield from self._families
