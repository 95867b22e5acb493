"""What the service needs of whatever runs its jobs."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.jobs.model import Claim, Progress
from bot.errors import ServiceError


class EngineUnavailable(ServiceError):
    """The engine's database cannot be reached now. Nothing is lost: worth another try."""


class JobEngine(Protocol):
    """Brings jobs to workers. The `jobs` row is the truth; an engine carries at most the job's id.

    Each call of a worker returns False if its lease is lost; the worker then stops and writes nothing more.
    Every call but `enqueue` may raise `EngineUnavailable`.
    """

    async def enqueue(self, connection: AsyncConnection, job_id: int) -> None:
        """Puts an inserted job into the queue, in the caller's transaction."""

    async def claim(self, worker: str) -> Claim | None:
        """The next job for `worker`; None: there is none."""

    async def claim_alike(self, claim: Claim, *, limit: int) -> Sequence[Claim]:
        """Up to `limit` waiting jobs that can share a pass with a claimed one, for the same worker.

        They come in the queue's order; each has its own lease.
        """

    async def renew(self, claim: Claim, progress: Progress | None = None) -> bool:
        """Renews the lease, and writes progress if there is any."""

    async def render(
        self,
        claim: Claim,
        *,
        result_blob: str,
        figures: Mapping[str, Any],
        timelapse_blob: str | None = None,
        result_clip_blob: str | None = None,
    ) -> bool:
        """The picture is painted and its blob is stored, and those of time-lapse and clip if there are."""

    async def fail(self, claim: Claim, *, error: str, reference: str) -> bool:
        """The job cannot be painted; `error` is the user's sentence."""

    async def release(self, claim: Claim) -> bool:
        """The worker stops before the end: the job goes back to its place in the queue."""

    async def sweep(self, *, dead_worker: str | None = None) -> Sequence[int]:
        """Requeues jobs whose lease expired, or whose worker is known to be dead; returns their ids."""
