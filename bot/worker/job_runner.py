"""One claimed job in a worker, alone or in a batch: its lease is kept, and it is brought to its end."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

import structlog

from bot.domain.jobs.model import Claim, Progress
from bot.engines.protocol import EngineUnavailable, JobEngine
from bot.errors import Failure, new_reference
from bot.language import N_
from bot.media.blobs.protocol import Blobs
from bot.worker.attempt import Attempt, PaintingHangs, StallWatch
from bot.worker.pictures import KEPT, BriefBlobs, Previews, Timelapse, Work, pictures_of
from nst_core.errors import DeviceLost, EngineError

log = structlog.get_logger(__name__)


class Lease:
    """The engine's calls for one claim. While the engine is away, they are repeated until the lease expires.

    written: the progress that the job's row has now; unsure: one that it may have, for nobody told whether it
    was written.
    """

    def __init__(self, engine: JobEngine, claim: Claim, *, retry_s: float) -> None:
        self._engine = engine
        self._claim = claim
        self._retry_s = retry_s
        self._until = time.monotonic() + claim.lease_s
        self.written: Progress | None = None
        self.unsure: Progress | None = None

    @property
    def checkpoints(self) -> set[str | None]:
        """Those that the job's row may name."""
        before = self._claim.job.checkpoint_blob
        kept = before if self.written is None else self.written.checkpoint_blob
        return {kept, self.unsure.checkpoint_blob if self.unsure else kept}

    async def renew(self, progress: Progress | None) -> bool:
        """Renews the lease, and writes progress if it is new. False: the lease is lost."""
        asked_at = time.monotonic()
        try:
            held = await self._engine.renew(self._claim, progress if progress != self.written else None)
        except EngineUnavailable as error:
            log.warning("the lease could not be renewed", error=str(error))
            self.unsure = progress
            return time.monotonic() < self._until
        if held:
            self._until = asked_at + self._claim.lease_s
            self.written, self.unsure = progress, None
        return held

    async def render(self, *, result_blob: str, figures: Mapping[str, Any], **blobs: str | None) -> bool:
        """blobs: the further ones, see `JobEngine.render`."""
        return await self._insist(
            partial(self._engine.render, self._claim, result_blob=result_blob, figures=figures, **blobs)
        )

    async def fail(self, *, error: str, reference: str) -> bool:
        return await self._insist(partial(self._engine.fail, self._claim, error=error, reference=reference))

    async def release(self) -> bool:
        return await self._insist(partial(self._engine.release, self._claim))

    async def _insist(self, call: Callable[[], Awaitable[bool]]) -> bool:
        while True:
            try:
                return await call()
            except EngineUnavailable as error:
                log.warning("the job could not be written", error=str(error))
                if time.monotonic() >= self._until:
                    return False
                await asyncio.sleep(self._retry_s)


FIGURES = (
    "beta",
    "iterations",
    "seconds",
    "device",
    "style_scales",
    "notes",
)
"""What is stored of a finished picture's figures."""
LAST_STEP_S = 5.0
"""How long a painting that is not wanted any more may take to end its step."""


class JobRunner:
    """Each job of a batch has its own lease, progress, previews and end.

    device_lost: the error, if the loss of the device ended the attempt.
    """

    def __init__(
        self,
        claim: Claim,
        *,
        engine: JobEngine,
        blobs: Blobs,
        stall_watch: StallWatch,
        timelapse: bool,
        renew_every_s: float,
        last_step_s: float,
    ) -> None:
        """stall_watch: that of the whole pass. renew_every_s: between two renewals of the lease.

        last_step_s: a worker that stops waits so long for the end of a step before it releases the job.
        timelapse: whether the run is filmed.
        """
        loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        self.job = claim.job
        self.attempt = Attempt(
            parameters=claim.job.params,
            timelapse=Timelapse() if timelapse else None,
            ended=lambda: loop.call_soon_threadsafe(self._over.set),
        )
        self.device_lost: DeviceLost | None = None
        self._worker = claim.worker
        self._blobs = blobs
        self._stall_watch = stall_watch
        self._renew_every_s = renew_every_s
        self._last_step_s = last_step_s
        self._lease = Lease(engine, claim, retry_s=renew_every_s)
        self._previews = Previews(blobs, claim.job)
        self._checkpoints = BriefBlobs(blobs, claim.job.checkpoint_blob)

    async def fetch(self) -> Work | None:
        """What the painting needs; None: it is not available, and the attempt has failed."""
        try:
            return Work(params=self.job.params, pictures=await pictures_of(self.job, self._blobs))
        except Exception as error:  # noqa: BLE001 - it fails alone
            self.attempt.end(error)
            return None

    async def tend(self) -> None:
        """Renews the lease until the attempt has ended; then the job is rendered, failed or released.

        A job that was lost to another worker is dropped at once. If the device is lost or the painting hangs,
        the lease is left to expire, which counts as one of the job's attempts.
        """
        job = self.job
        with structlog.contextvars.bound_contextvars(
            job=job.id, user=job.user_id, guild=job.guild_id, attempt=job.attempt
        ):
            log.info("job started", worker=self._worker)
            try:
                await self._run_to_its_end()
            except DeviceLost as error:
                log.exception("device lost")
                self.device_lost = error
            except PaintingHangs:
                log.exception("painting hangs", limit_s=round(self._stall_watch.limit_s))
            except Exception as error:  # noqa: BLE001 - one failing job must not end the worker
                await self._fail(error)
                await self._forget()
            finally:
                self.attempt.stop()

    async def _run_to_its_end(self) -> None:
        lease, previews = self._lease, self._previews
        if not await self._keep_lease():
            log.info("job lost: it was cancelled, or its lease ran out")
            await previews.forget()
            # Another worker may go on from the one that the row names; whoever cancels a job deletes that.
            await self._checkpoints.forget_unnamed(lease.checkpoints)
            return
        result = self.attempt.result()
        if result is None:
            released = await lease.release()
            log.info("job released" if released else "job lost before it could be released")
            # The card shows the newest preview while the job waits; the next attempt deletes it.
            await previews.forget(but=1 if released else 0)
            await self._checkpoints.forget_unnamed(lease.checkpoints)
            return
        finished, picture = result
        figures = {name: getattr(finished, name) for name in FIGURES if hasattr(finished, name)}
        clip = self.attempt.clip()
        result_blob = await self._blobs.put(picture)
        clip_blob = await self._blobs.put(clip) if clip else None
        timelapse_blob = await self._store(self.attempt.timelapse())
        if await lease.render(
            result_blob=result_blob,
            figures=figures,
            result_clip_blob=clip_blob,
            timelapse_blob=timelapse_blob,
        ):
            log.info("job rendered", seconds=round(finished.seconds, 1), steps=figures["iterations"])
        await self._forget()

    async def _forget(self) -> None:
        """Deletes what matters only while the job runs."""
        await self._previews.forget()
        await self._checkpoints.forget()

    async def _keep_lease(self) -> bool:
        """Renews the lease until the attempt has ended, or should have. False: the lease is lost.

        Raises:
            PaintingHangs: it is not renewed any more, because the painting has stood still for too long.
        """
        held = True
        while held and not (self._over.is_set() or self.attempt.was_stopped_before(self._last_step_s)):
            if self._stall_watch.hangs:
                raise PaintingHangs("No step has come for too long.")
            held = await self._report()
            if held:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._over.wait(), self._renew_every_s)
        # A loss since the last renewal is better noticed before anything is stored.
        return held and await self._lease.renew(self._lease.written)

    async def _report(self) -> bool:
        picture = self.attempt.take_preview()
        if picture is not None:
            await self._previews.put(picture)
        progress, checkpoint = self.attempt.progress(), self.attempt.take_checkpoint()
        if checkpoint is not None:
            await self._checkpoints.put_data(checkpoint)
        if progress is not None:
            preview, kept = self._previews.newest, self._checkpoints.newest
            progress = replace(progress, preview_blob=preview, checkpoint_blob=kept)
        held = await self._lease.renew(progress)
        if held and self._lease.written == progress:
            await self._previews.forget(but=KEPT)
            await self._checkpoints.forget(but=1)
        return held

    async def _store(self, timelapse: bytes | None) -> str | None:
        """Stores a time-lapse. If that fails it is left out: the picture is what was requested."""
        try:
            return None if timelapse is None else await self._blobs.put(timelapse)
        except Failure as failure:
            log.warning("time-lapse not stored", error=str(failure))
            return None

    async def _fail(self, error: Exception) -> None:
        """Logs the exception, and tells the user a sentence; both carry the reference."""
        reference = error.reference if isinstance(error, Failure) else new_reference()
        log.error("job failed", reference=reference, exc_info=error)
        await self._lease.fail(error=_sentence_for(error), reference=reference)


def _sentence_for(error: Exception) -> str:
    match error:
        case MemoryError():  # the engine's OutOfMemory, or Python's own
            return N_("That picture needs more memory than there is here: choose a smaller size.")
        case EngineError():
            return str(error)
        case _:
            return N_("Something broke on our side while painting: please try again.")
