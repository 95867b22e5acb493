"""Which jobs a worker may paint in one pass, and who comes first among them."""

import hashlib
import json
from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.db import one_at_a_time
from bot.domain.jobs.model import WAITING, Job, State
from bot.tables.pictures import jobs
from nst_core.images.sizes import fitted
from nst_core.params import ALIKE, VERSION, Params
from nst_core.pyramid import scales

CANDIDATES = 200
"""From how many jobs of one kind, at the front of the queue, companions are chosen."""


def batch_key(params: Params, *, width: int, height: int, started_px: int = 0, masked: bool) -> str | None:
    """The same for all jobs that `nst_core.engine.stylize_batch` can paint together; None: nothing is gained.

    A draft takes no steps, so there is nothing to share. Jobs with and without masks could go together, but
    masks take more memory.

    Args:
        params: The job's.
        width: Of the content, in pixels.
        height: Of the content.
        started_px: The long edge of the picture that it starts from; 0: none.
        masked: Whether only a part of the content is painted.
    """
    if params.quality == "draft":
        return None
    shapes = [fitted(width, height, scale.edge_px) for scale in scales(params, started_px=started_px)]
    kind = [VERSION, [getattr(params, name) for name in ALIKE], shapes, masked]
    return hashlib.sha256(json.dumps(kind).encode()).hexdigest()


async def companions(
    connection: AsyncConnection, job: Job, *, limit: int, running_per_user: int
) -> list[int]:
    """At most `limit` queued jobs that can share a pass with a running one, in the queue's order.

    As everywhere, jobs of users with `running_per_user` running ones wait as long as anybody else's do. A job
    that has killed a worker is painted alone: it must not take others with it the next time.
    """
    if job.batch_key is None or job.attempt - job.releases > 1:
        return []
    query = select(jobs.c.id, jobs.c.user_id).where(
        jobs.c.state == State.QUEUED, jobs.c.batch_key == job.batch_key, jobs.c.attempt == jobs.c.releases
    )
    query = query.order_by(jobs.c.fair_tag, jobs.c.id).limit(CANDIDATES)
    alike = [(row.id, row.user_id) for row in await connection.execute(query)]
    if not alike:
        return []
    # Other workers that claim one of their jobs wait, and count the outcome.
    await one_at_a_time(connection, *(user_id for _, user_id in alike))
    queued, running = await _counts(connection)
    return _fairest(alike, queued, running, limit=limit, running_per_user=running_per_user)


async def _counts(connection: AsyncConnection) -> tuple[dict[int, int], dict[int, int]]:
    """How many queued jobs each user has, and how many running ones."""
    query = select(jobs.c.user_id, jobs.c.state, func.count()).where(jobs.c.state.in_(WAITING))
    counts: dict[str, dict[int, int]] = {state: {} for state in WAITING}
    for user_id, state, count in await connection.execute(query.group_by(jobs.c.user_id, jobs.c.state)):
        counts[state][user_id] = count
    return counts[State.QUEUED], counts[State.RUNNING]


def _fairest(
    alike: Sequence[tuple[int, int]],
    queued: dict[int, int],
    running: dict[int, int],
    *,
    limit: int,
    running_per_user: int,
) -> list[int]:
    """Which jobs of `alike`, pairs of a job's id and its user's, are chosen; updates the counts."""
    chosen: list[int] = []

    def choose(job_id: int, user_id: int) -> None:
        chosen.append(job_id)
        queued[user_id] = queued.get(user_id, 1) - 1
        running[user_id] = running.get(user_id, 0) + 1

    for job_id, user_id in alike:
        if len(chosen) < limit and running.get(user_id, 0) < running_per_user:
            choose(job_id, user_id)
    for job_id, user_id in alike:
        others = any(count > 0 and running.get(one, 0) < running_per_user for one, count in queued.items())
        if len(chosen) < limit and job_id not in chosen and not others:
            choose(job_id, user_id)
    return [job_id for job_id, _ in alike if job_id in chosen]
