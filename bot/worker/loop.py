"""A worker's loop: claim a job and others like it, paint them in a thread, bring each to its end."""

import asyncio
from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import suppress
from typing import Protocol

import structlog

from bot.domain.jobs.model import Claim, Job
from bot.engines.protocol import EngineUnavailable, JobEngine
from bot.media.blobs.protocol import Blobs
from bot.worker.attempt import STALL_S, PaintingHangs, StallWatch, drain, floor_s
from bot.worker.job_runner import LAST_STEP_S, JobRunner
from bot.worker.pictures import Work
from nst_core.errors import DeviceLost
from nst_core.events import Event
from nst_core.video.events import ClipEvent

log = structlog.get_logger(__name__)

CLOSING_S = 1.0
"""How long a painting may take to end after its last step was waited for."""


class Feed(Protocol):
    """See `bot.engines.feed.ProcrastinateFeed`."""

    async def run(
        self, worker: str, work: Callable[[Claim], Awaitable[None]], stop: asyncio.Event
    ) -> None: ...


Paint = Callable[..., Generator[tuple[int, Event | ClipEvent], None, None]]
"""`bot.worker.render.paint`, or a stand-in with its signature."""
BatchSize = Callable[[Job], int]
"""How many jobs like this one are painted in one pass: `bot.worker.render.batch_size`, or `up_to`."""


def up_to(count: int) -> BatchSize:
    """Always `count`, whatever the job."""
    return lambda _job: count


class Worker:
    """Paints one job, or one batch of jobs that are alike, at a time.

    batch_size: how many jobs a batch may have.
    timelapse: whether a short film of each run is stored beside its picture.
    feed: brings the jobs; without one, the worker polls for a job every `poll_s`.
    renew_every_s: between two renewals of a lease, which has to outlast several of them.
    stall_s: after so long without a step a small picture counts as hung; see `bot.worker.attempt`.
    last_step_s: how long a painting that is not wanted any more may take to end its step.
    """

    def __init__(
        self,
        *,
        name: str,
        engine: JobEngine,
        blobs: Blobs,
        paint: Paint,
        device: str,
        batch_size: BatchSize | None = None,
        timelapse: bool = True,
        feed: Feed | None = None,
        poll_s: float = 0.3,
        renew_every_s: float = 1.0,
        stall_s: float = STALL_S,
        last_step_s: float = LAST_STEP_S,
    ) -> None:
        self._name = name
        self._engine = engine
        self._blobs = blobs
        self._paint = paint
        self._device = device
        self._batch_size = batch_size or up_to(1)
        self._timelapse = timelapse
        self._feed = feed
        self._poll_s = poll_s
        self._renew_every_s = renew_every_s
        self._stall_s = stall_s
        self._last_step_s = last_step_s

    async def run(self, stop: asyncio.Event) -> None:
        """Works until `stop` is set; jobs that are running then are released.

        Raises:
            DeviceLost: no job can be painted in this process any more.
            PaintingHangs: a painting neither goes on nor ends; the process has to end.
        """
        if self._feed is not None:
            await self._feed.run(self._name, lambda claim: self._begin(claim, stop), stop)
            return
        while not stop.is_set():
            claim = await self._claim()
            if claim is None:
                await _wait(stop, self._poll_s)
            else:
                await self._begin(claim, stop)

    async def _claim(self) -> Claim | None:
        try:
            return await self._engine.claim(self._name)
        except EngineUnavailable as error:
            log.warning("no job could be claimed", error=str(error))
            await asyncio.sleep(self._renew_every_s)
            return None

    async def _begin(self, claim: Claim, stop: asyncio.Event) -> None:
        """Works on a claimed job, and on waiting ones like it."""
        claims = [claim]
        try:
            async with asyncio.timeout(self._stall_s):
                size = await asyncio.to_thread(self._batch_size, claim.job)
        except TimeoutError as error:
            raise PaintingHangs("The device does not say how much memory it has.") from error
        try:
            claims += await self._engine.claim_alike(claim, limit=size - 1)
        except EngineUnavailable as error:
            log.warning("no further job could be claimed", error=str(error))
        await self.work(claims, stop)

    async def work(self, claims: Sequence[Claim], stop: asyncio.Event) -> None:
        """Brings each claimed job to its end: rendered, failed, released, or lost to another worker.

        Raises:
            DeviceLost: the jobs that are not painted yet are left to other workers.
            PaintingHangs: likewise, and the painting's thread goes on.
        """
        sizes_px = [int(claim.job.params["size"]) for claim in claims]
        stall_watch = StallWatch(floor_s=floor_s(sizes_px, stall_s=self._stall_s))
        runners = [self._runner(claim, stall_watch) for claim in claims]
        async with asyncio.TaskGroup() as group:
            tending = [group.create_task(runner.tend()) for runner in runners]
            stopping = group.create_task(_stop_when(stop, runners))
            painting = group.create_task(self._paint_all(runners, stall_watch))
            try:
                await asyncio.wait(tending)
                waited = stall_watch.hangs or stop.is_set()
                limit_s = CLOSING_S if waited else self._last_step_s
                ended, _ = await asyncio.wait({painting}, timeout=limit_s)
            finally:
                stopping.cancel()
                painting.cancel()
                _stop(runners)
        if not ended:
            raise PaintingHangs("The painting does not end: this process has to.")
        for runner in runners:
            if runner.device_lost is not None:
                raise runner.device_lost

    def _runner(self, claim: Claim, stall_watch: StallWatch) -> JobRunner:
        return JobRunner(
            claim,
            engine=self._engine,
            blobs=self._blobs,
            stall_watch=stall_watch,
            timelapse=self._timelapse,
            renew_every_s=self._renew_every_s,
            last_step_s=self._last_step_s,
        )

    async def _paint_all(self, runners: Sequence[JobRunner], stall_watch: StallWatch) -> None:
        works = await asyncio.gather(*(runner.fetch() for runner in runners))
        fetched = [(runner, work) for runner, work in zip(runners, works, strict=True) if work is not None]
        if fetched:
            await self._paint_together(fetched, stall_watch)

    async def _paint_together(
        self, fetched: Sequence[tuple[JobRunner, Work]], stall_watch: StallWatch
    ) -> None:
        """Paints all in one pass; if that fails, one by one, so that no job fails because of another."""
        attempts = [runner.attempt for runner, _ in fetched]
        with structlog.contextvars.bound_contextvars(jobs=[runner.job.id for runner, _ in fetched]):
            events = self._paint([work for _, work in fetched], device=self._device)
            error = await asyncio.to_thread(drain, events, attempts, step=stall_watch.step)
        if error is None or len(fetched) == 1 or isinstance(error, DeviceLost):
            for attempt in attempts:
                attempt.end(error)
            return
        log.warning("a batch failed: the rest of it is painted one by one", exc_info=error)
        del error  # its traceback keeps the whole batch in memory
        for runner, work in fetched:
            if runner.attempt.goes_on:
                await self._paint_together([(runner, work)], stall_watch)
            else:
                runner.attempt.end()


def _stop(runners: Sequence[JobRunner]) -> None:
    for runner in runners:
        runner.attempt.stop()


async def _stop_when(stop: asyncio.Event, runners: Sequence[JobRunner]) -> None:
    await stop.wait()
    _stop(runners)


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
