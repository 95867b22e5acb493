"""A worker's lease on one job, whose calls are repeated while the engine is away."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

import structlog

from bot.domain.jobs.model import Claim, Progress
from bot.engines.protocol import EngineUnavailable, JobEngine

log = structlog.get_logger(__name__)


class Lease:
    """The engine's calls for one claim. While the engine is away, they are repeated until the lease expires.

    written: the progress that the job's row has now.
    """

    def __init__(self, engine: JobEngine, claim: Claim, *, retry_s: float) -> None:
        self._engine = engine
        self._claim = claim
        self._retry_s = retry_s
        self._until = time.monotonic() + claim.lease_s
        self.written: Progress | None = None

    async def renew(self, progress: Progress | None) -> bool:
        """Renews the lease, and writes progress if it is new. False: the lease is lost."""
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
