"""A worker's life: claim a job, paint it in a thread, keep its lease alive, store the picture, say so."""

import asyncio
from collections.abc import Callable, Generator
from contextlib import suppress
from typing import Protocol

import structlog

from bot.engines.protocol import EngineUnavailable, JobEngine
from bot.errors import Failure, new_reference
from bot.features.jobs import Claim
from bot.language import N_
from bot.media.blobs import Blobs
from bot.worker.attempt import Attempt, DeviceBrokenError
from bot.worker.lease import KEPT, Lease, Previews
from bot.worker.pictures import pictures_of
from bot.worker.timelapse import Timelapse
from nst_core.errors import EngineError
from nst_core.progress import Event

log = structlog.get_logger(__name__)

FIGURES = (
    "content",
    "style",
    "content_rel",
    "style_rel",
    "total",
    "beta",
    "iterations",
    "seconds",
    "device",
    "notes",
)
"""What is kept of a finished picture's figures."""


class Bell(Protocol):
    """See `bot.engines.notices.Bell`."""

    async def wait(self, timeout_s: float) -> None: ...

    async def found(self) -> None: ...


Paint = Callable[..., Generator[Event, None, None]]
"""`bot.worker.render.paint`, or a stand-in with its signature."""


class Worker:
    """Works on one job at a time until told to stop.

    timelapse: whether a short film of each run is kept beside its picture.
    bell: wakes an idle worker before `poll_s` has passed; where there is one, a stop may take as long.
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
        timelapse: bool = True,
        bell: Bell | None = None,
        poll_s: float = 0.3,
        beat_s: float = 1.0,
    ) -> None:
        self._name = name
        self._engine = engine
        self._blobs = blobs
        self._paint = paint
        self._device = device
        self._timelapse = timelapse
        self._bell = bell
        self._poll_s = poll_s
        self._beat_s = beat_s

    async def run(self, stop: asyncio.Event) -> None:
        """Takes jobs until `stop` is set; a job that runs then is handed back.

        Raises:
            DeviceBrokenError: no job can be painted in this process any more.
        """
        while not stop.is_set():
            claim = await self._claim()
            if claim is None:
                await (self._bell.wait(self._poll_s) if self._bell else _wait(stop, self._poll_s))
                continue
            if self._bell:
                await self._bell.found()
            job = claim.job
            with structlog.contextvars.bound_contextvars(
                job=job.id, user=job.user_id, guild=job.guild_id, attempt=job.attempt
            ):
                await self.work(claim, stop)

    async def _claim(self) -> Claim | None:
        try:
            return await self._engine.claim(self._name)
        except EngineUnavailable as error:
            log.warning("no job could be claimed", error=str(error))
            await asyncio.sleep(self._beat_s)
            return None

    async def work(self, claim: Claim, stop: asyncio.Event) -> None:
        """Brings one claimed job to an end: rendered, failed, handed back, or lost to another worker.

        Raises:
            DeviceBrokenError: the job's lease is left to run out, which counts as one of its attempts.
        """
        log.info("job started", worker=self._name)
        lease = Lease(self._engine, claim, retry_s=self._beat_s)
        previews = Previews(self._blobs, claim.job)
        try:
            await self._paint_job(claim, lease, previews, stop)
        except DeviceBrokenError:
            log.exception("the device is broken")
            raise
        except Exception as error:  # noqa: BLE001 - one broken job must not end the worker
            await self._fail(lease, error)
            await previews.forget()

    async def _paint_job(self, claim: Claim, lease: Lease, previews: Previews, stop: asyncio.Event) -> None:
        job = claim.job
        pictures = await pictures_of(job, self._blobs)
        events = self._paint(job.params, pictures, device=self._device)
        film = Timelapse() if self._timelapse else None
        attempt = Attempt(events, parameters=job.params, timelapse=film)
        if not await self._watch(attempt, lease, previews, stop):
            log.info("job lost: it was cancelled, or its lease ran out")
            await previews.forget()
            return
        result = attempt.result()
        if result is None:
            back = await lease.hand_back()
            log.info("job handed back" if back else "job lost before it could be handed back")
            # The row shows the newest preview while the job waits; the next attempt deletes it.
            await previews.forget(but=1 if back else 0)
            return
        finished, picture = result
        figures = {name: getattr(finished, name) for name in FIGURES}
        result_blob = await self._blobs.put(picture)
        timelapse_blob = await self._keep(attempt.timelapse())
        if await lease.render(result_blob=result_blob, figures=figures, timelapse_blob=timelapse_blob):
            log.info("job rendered", seconds=round(finished.seconds, 1), total=finished.total)
        await previews.forget()

    async def _keep(self, timelapse: bytes | None) -> str | None:
        """Stores a time-lapse. One that cannot be stored is left out: the picture is what was asked for."""
        try:
            return None if timelapse is None else await self._blobs.put(timelapse)
        except Failure as failure:
            log.warning("time-lapse not stored", error=str(failure))
            return None

    async def _watch(self, attempt: Attempt, lease: Lease, previews: Previews, stop: asyncio.Event) -> bool:
        """Keeps the lease alive until the painting ends or `stop`. False: the lease is lost."""
        held = True
        async with asyncio.TaskGroup() as group:
            thread = group.create_task(asyncio.to_thread(attempt.run))
            stopping = group.create_task(stop.wait())
            try:
                while held and not thread.done() and not stop.is_set():
                    held = await self._report(attempt, lease, previews)
                    if held:
                        await asyncio.wait(
                            {thread, stopping}, timeout=self._beat_s, return_when=asyncio.FIRST_COMPLETED
                        )
            finally:
                attempt.stop()
                stopping.cancel()
        # What has happened since the last beat is better known before anything is stored.
        return held and await lease.beat(lease.written)

    async def _report(self, attempt: Attempt, lease: Lease, previews: Previews) -> bool:
        picture = attempt.take_preview()
        if picture is not None:
            await previews.put(picture)
        progress = attempt.progress(preview_blob=previews.newest)
        held = await lease.beat(progress)
        if held and lease.written == progress:
            await previews.forget(but=KEPT)
        return held

    async def _fail(self, lease: Lease, error: Exception) -> None:
        """The exception goes to the log, a sentence to the user, and the reference to both."""
        reference = error.reference if isinstance(error, Failure) else new_reference()
        log.error("job failed", reference=reference, exc_info=error)
        await lease.fail(error=_sentence_for(error), reference=reference)


def _sentence_for(error: Exception) -> str:
    match error:
        case EngineError():
            return str(error)
        case MemoryError():
            return N_("That picture needs more memory than there is here: choose a smaller size.")
        case _:
            return N_("Something broke on our side while painting: please try again.")


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
