"""A worker's life: claim a job and others of its kind, paint them in a thread, see each to its end."""

import asyncio
from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import suppress
from typing import Protocol

import structlog

from bot.domain.jobs.model import Claim, Job
from bot.engines.protocol import EngineUnavailable, JobEngine
from bot.media.blobs.protocol import Blobs
from bot.worker.attempt import drain
from bot.worker.job_runner import JobRunner
from bot.worker.pictures import Work
from nst_core.errors import DeviceLost
from nst_core.events import Event

log = structlog.get_logger(__name__)


class Feed(Protocol):
    """See `bot.engines.feed.ProcrastinateFeed`."""

    async def run(
        self, worker: str, work: Callable[[Claim], Awaitable[None]], stop: asyncio.Event
    ) -> None: ...


Paint = Callable[..., Generator[tuple[int, Event], None, None]]
"""`bot.worker.render.paint`, or a stand-in with its signature."""
Room = Callable[[Job], int]
"""How many jobs like this one are painted in one pass: `bot.worker.render.room`, or `up_to`."""


def up_to(count: int) -> Room:
    """So many, whatever the job."""
    return lambda _job: count


class Worker:
    """Works on one job, or on one batch of a kind, at a time until told to stop.

    room: how many jobs a batch may have.
    timelapse: whether a short film of each run is kept beside its picture.
    feed: brings the jobs, where there is one; otherwise the worker asks for one every `poll_s`.
    beat_s: between two renewals of a lease, which has to last several of them.
    """

    def __init__(
        self,
        *,
        name: str,
        engine: JobEngine,
        blobs: Blobs,
        paint: Paint,
        device: str,
        room: Room | None = None,
        timelapse: bool = True,
        feed: Feed | None = None,
        poll_s: float = 0.3,
        beat_s: float = 1.0,
    ) -> None:
        self._name = name
        self._engine = engine
        self._blobs = blobs
        self._paint = paint
        self._device = device
        self._room = room or up_to(1)
        self._timelapse = timelapse
        self._feed = feed
        self._poll_s = poll_s
        self._beat_s = beat_s

    async def run(self, stop: asyncio.Event) -> None:
        """Takes jobs until `stop` is set; those that run then are handed back.

        Raises:
            DeviceLost: no job can be painted in this process any more.
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
            await asyncio.sleep(self._beat_s)
            return None

    async def _begin(self, claim: Claim, stop: asyncio.Event) -> None:
        """Works on a claimed job, and on others of its kind that wait."""
        claims = [claim]
        room = await asyncio.to_thread(self._room, claim.job)
        try:
            claims += await self._engine.claim_alike(claim, limit=room - 1)
        except EngineUnavailable as error:
            log.warning("no further job could be claimed", error=str(error))
        await self.work(claims, stop)

    async def work(self, claims: Sequence[Claim], stop: asyncio.Event) -> None:
        """Brings each claimed job to its end: rendered, failed, handed back, or lost to another worker.

        Raises:
            DeviceLost: the jobs that were not painted yet are left to others.
        """
        members = [self._member(claim) for claim in claims]
        async with asyncio.TaskGroup() as group:
            for member in members:
                group.create_task(member.tend())
            stopping = group.create_task(_stop_at(stop, members))
            try:
                await self._paint_all(members)
            finally:
                stopping.cancel()
                _stop(members)
        for member in members:
            if member.broken is not None:
                raise member.broken

    def _member(self, claim: Claim) -> JobRunner:
        return JobRunner(
            claim,
            engine=self._engine,
            blobs=self._blobs,
            timelapse=self._timelapse,
            beat_s=self._beat_s,
        )

    async def _paint_all(self, members: Sequence[JobRunner]) -> None:
        works = await asyncio.gather(*(member.fetch() for member in members))
        sound = [(member, work) for member, work in zip(members, works, strict=True) if work is not None]
        if sound:
            await self._paint_together(sound)

    async def _paint_together(self, sound: Sequence[tuple[JobRunner, Work]]) -> None:
        """Paints all in one pass; where that breaks, one by one, so that none fails for another."""
        attempts = [member.attempt for member, _ in sound]
        with structlog.contextvars.bound_contextvars(jobs=[member.job.id for member, _ in sound]):
            events = self._paint([work for _, work in sound], device=self._device)
            error = await asyncio.to_thread(drain, events, attempts)
        if error is None or len(sound) == 1 or isinstance(error, DeviceLost):
            for attempt in attempts:
                attempt.end(error)
            return
        log.warning("a batch broke: what is left of it is painted one by one", exc_info=error)
        del error  # its traceback holds the whole batch in memory
        for member, work in sound:
            if member.attempt.goes_on:
                await self._paint_together([(member, work)])
            else:
                member.attempt.end()


def _stop(members: Sequence[JobRunner]) -> None:
    for member in members:
        member.attempt.stop()


async def _stop_at(stop: asyncio.Event, members: Sequence[JobRunner]) -> None:
    await stop.wait()
    _stop(members)


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
