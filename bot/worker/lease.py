"""A worker's lease on one job, whose calls are repeated while the engine is away."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

import structlog

from bot.domain.jobs.model import Claim, Job, Progress
from bot.engines.protocol import EngineUnavailable, JobEngine
from bot.errors import Failure
from bot.media.blobs.protocol import Blobs
from nst_core.images import io
from nst_core.images.io import Picture

log = structlog.get_logger(__name__)

PREVIEW_PX = 512
KEPT = 2
"""Previews that stay while a job runs: the newest, and the one that a card may just be uploading."""


class Lease:
    """The engine's calls for one claim. While the engine is away, they are tried again until the lease ends.

    `written` is the progress that the job's row holds by now.
    """

    def __init__(self, engine: JobEngine, claim: Claim, *, retry_s: float) -> None:
        self._engine = engine
        self._claim = claim
        self._retry_s = retry_s
        self._until = time.monotonic() + claim.lease_s
        self.written: Progress | None = None

    async def renew(self, progress: Progress | None) -> bool:
        """Renews the lease, writing progress where it is news. False: the lease is lost."""
        asked_at = time.monotonic()
        try:
            held = await self._engine.renew(self._claim, progress if progress != self.written else None)
        except EngineUnavailable as error:
            log.warning("the lease could not be renewed", error=str(error))
            return time.monotonic() < self._until
        if held:
            self._until = asked_at + self._claim.lease_s
            self.written = progress
        return held

    async def render(
        self, *, result_blob: str, figures: Mapping[str, Any], timelapse_blob: str | None = None
    ) -> bool:
        return await self._insist(
            partial(
                self._engine.render,
                self._claim,
                result_blob=result_blob,
                figures=figures,
                timelapse_blob=timelapse_blob,
            )
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


class Previews:
    """The previews of one job. Each carries its job's id: no other job shares its blob, it can be deleted."""

    def __init__(self, blobs: Blobs, job: Job) -> None:
        self._blobs = blobs
        self._owner = {"preview_of_job": job.id, "attempt": job.attempt}
        self._edge_px = min(PREVIEW_PX, int(job.params["size"]))
        # An earlier attempt's last preview still stands in the row.
        self._kept = [job.preview_blob] if job.preview_blob else []

    @property
    def newest(self) -> str | None:
        return self._kept[-1] if self._kept else None

    async def put(self, picture: Picture) -> None:
        """Stores a preview. One that cannot be stored is left out: the picture itself goes on."""
        data = await asyncio.to_thread(self._encoded, picture)
        try:
            key = await self._blobs.put(data)
        except Failure as failure:
            log.warning("preview not stored", error=str(failure))
            return
        self._kept = [*(kept for kept in self._kept if kept != key), key]

    def _encoded(self, picture: Picture) -> bytes:
        """As large on the card as the result will be, whatever scale the painting has reached."""
        return io.encode(io.fit(picture, self._edge_px), format="jpeg", quality=88, parameters=self._owner)

    async def forget(self, *, but: int = 0) -> None:
        """Deletes all previews but so many of the newest."""
        while len(self._kept) > but:
            try:
                await self._blobs.delete(self._kept.pop(0))
            except OSError as error:
                log.warning("preview not deleted", error=str(error))
