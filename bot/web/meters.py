"""What is counted as it happens, and where the rest is looked up when somebody asks. All of one process.

No label holds an id of a person, a server or a job: each such value would be a time series for ever.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Final, Protocol

import aiohttp
from aiohttp import TraceRequestEndParams, TraceRequestExceptionParams, TraceRequestStartParams
from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector

from bot.db import Database
from bot.domain.requests.pictures import Cleaner
from bot.errors import Refusal
from bot.media.decode import Clean
from bot.web.machine import FolderSize

WAIT_S: Final = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600)
RUN_S: Final = (0.5, 1, 2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600)
ANSWER_S: Final = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
SCOPES: Final = frozenset({"user", "shared", "global"})
"""Whose limit a 429 reports. Source: Discord's documentation, "Rate Limits", header X-RateLimit-Scope."""


class Meters:
    """Counters and histograms, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.discord = DiscordMeters(registry)
        self.ended = Counter(
            "easel_jobs_ended", "Jobs painted, failed or cancelled", ["state"], registry=registry
        )
        wait, run = "From a job's acceptance to its last start", "From a job's last start to its end"
        self.wait_s = Histogram("easel_job_wait_seconds", wait, buckets=WAIT_S, registry=registry)
        self.run_s = Histogram("easel_job_run_seconds", run, buckets=RUN_S, registry=registry)
        read = "Reading one attachment, with the wait for a turn"
        self.decode_s = Histogram(
            "easel_decode_seconds", read, ["outcome"], buckets=ANSWER_S, registry=registry
        )
        ProcessCollector(registry=registry)


class DiscordMeters:
    """What discord.py asks of Discord, and how that is answered."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.requests = Counter(
            "easel_discord_requests", "Discord's answers", ["method", "status"], registry=registry
        )
        took = "How long Discord took to answer"
        self.request_s = Histogram("easel_discord_request_seconds", took, buckets=ANSWER_S, registry=registry)
        self.edits = Counter(
            "easel_card_edits", "Edits of messages, by Discord's answer", ["status"], registry=registry
        )
        self.rate_limits = Counter(
            "easel_discord_rate_limits", "Answers 429, by whose limit it was", ["scope"], registry=registry
        )
        lost = "Requests that ended without an answer"
        self.unanswered = Counter("easel_discord_unanswered", lost, ["error"], registry=registry)
        for scope in sorted(SCOPES):
            self.rate_limits.labels(scope)  # a series that is 0 can be told from one that is not there

    def trace(self) -> aiohttp.TraceConfig:
        """For `discord.Client(http_trace=…)`: counts every request that discord.py makes."""
        trace = aiohttp.TraceConfig()
        trace.on_request_start.append(_start)
        trace.on_request_end.append(self._answered)
        trace.on_request_exception.append(self._unanswered)
        return trace

    async def _answered(
        self, _session: aiohttp.ClientSession, context: SimpleNamespace, params: TraceRequestEndParams
    ) -> None:
        status = params.response.status
        if status == 101:  # the gateway's WebSocket
            return
        self.requests.labels(params.method, str(status)).inc()
        self.request_s.observe(time.monotonic() - context.started)
        if params.method == "PATCH" and "/messages/" in params.url.path:
            self.edits.labels(str(status)).inc()
        if status == 429:
            scope = params.response.headers.get("X-RateLimit-Scope", "user")
            self.rate_limits.labels(scope if scope in SCOPES else "user").inc()

    async def _unanswered(
        self, _session: aiohttp.ClientSession, _context: SimpleNamespace, params: TraceRequestExceptionParams
    ) -> None:
        self.unanswered.labels(type(params.exception).__name__).inc()


async def _start(
    _session: aiohttp.ClientSession, context: SimpleNamespace, _params: TraceRequestStartParams
) -> None:
    context.started = time.monotonic()


class TimedDecoder:
    """A decoder whose times are measured."""

    def __init__(self, decoder: Cleaner, meters: Meters) -> None:
        self._decoder = decoder
        self._meters = meters

    async def clean(self, data: bytes, *, by: int, moving: bool = False) -> Clean:
        started, outcome = time.monotonic(), "broken"
        try:
            cleaned = await self._decoder.clean(data, by=by, moving=moving)
            outcome = "ok"
        except Refusal:
            outcome = "refused"
            raise
        finally:
            self._meters.decode_s.labels(outcome).observe(time.monotonic() - started)
        return cleaned


class Gateway(Protocol):
    """This process's connection to Discord."""

    @property
    def latency(self) -> float:
        """Seconds between a heartbeat and its answer; NaN before the first."""

    def connected_shards(self) -> tuple[int, int]:
        """How many shards are connected, and how many there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """`workers` are the pids of the worker processes on this machine that live now, by name.

    own_workers: how many there should be; 0: others paint.
    blobs: the pictures' folder; None where they are stored elsewhere.
    """

    database: Database
    gateway: Gateway
    meters: Meters
    workers: Mapping[str, int]
    own_workers: int
    data_dir: Path
    blobs: FolderSize | None
    clock: Callable[[], float] = time.time
