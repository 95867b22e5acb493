"""What the service asks of whatever runs its jobs."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.jobs.model import Claim, Progress
from bot.errors import ServiceError


class EngineUnavailable(ServiceError):
    """What the engine keeps its jobs in cannot be reached now. Nothing is lost: worth another try."""


class JobEngine(Protocol):
    """Hands jobs to workers. The `jobs` row is the truth; an engine carries the job's id at most.

    Every worker's call returns False when its lease is lost; the worker then stops and writes nothing more.
    Every call but `enqueue` may raise `EngineUnavailable`.
    """

    async def enqueue(self, connection: AsyncConnection, job_id: int) -> None:
        """Puts an inserted job in the line, in the caller's own transaction."""

    async def claim(self, worker: str) -> Claim | None:
        """The next job for `worker`, or None when nobody waits."""

    async def claim_alike(self, claim: Claim, *, limit: int) -> Sequence[Claim]:
        """Up to `limit` waiting jobs that go into one pass with a claimed one, for the same worker.

        They are taken in the line's order; each has a lease of its own.
        """

    async def beat(self, claim: Claim, progress: Progress | None = None) -> bool:
        """Renews the lease, with progress where there is some."""

    async def render(
        self,
        claim: Claim,
        *,
        result_blob: str,
        figures: Mapping[str, Any],
        timelapse_blob: str | None = None,
    ) -> bool:
        """The picture is painted and its blob stored, and that of the run's time-lapse where there is one."""

    async def fail(self, claim: Claim, *, error: str, reference: str) -> bool:
        """The job cannot be painted; `error` is the user's sentence."""

    async def release(self, claim: Claim) -> bool:
        """The worker stops before the end: the job goes back to its place in the line."""

    async def sweep(self, *, dead_worker: str | None = None) -> Sequence[int]:
        """Takes back jobs whose lease ran out, or whose worker is known to be dead; returns their ids."""
