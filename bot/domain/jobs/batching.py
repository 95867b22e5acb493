"""Which jobs a worker may paint in one pass, and whose turn it is among them."""

import hashlib
import json
from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.db import one_at_a_time
from bot.domain.jobs.model import WAITING, Job, State
from bot.tables import jobs
from nst_core.params import ALIKE, VERSION, Params
from nst_core.pyramid import fitted, scales

LOOKED_AT = 200
"""Jobs of one kind, from the front of the line, among which companions are chosen."""


def batch_key(params: Params, *, width: int, height: int, started_px: int = 0, masked: bool) -> str | None:
    """The same for all jobs that `nst_core.engine.stylize_batch` takes together; None: it gains nothing.

    A draft takes no steps, so that there is nothing to share. Masks could go together with none, but take
    more memory.

    Args:
        params: The job's.
        width: Of the content, in pixels.
        height: Of the content.
        started_px: The long edge of the picture that it starts from, 0 where there is none.
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
    """The queued jobs that go into one pass with a running one, at most `limit`, in the line's order.

    As everywhere, jobs of users with `running_per_user` running ones wait while anybody else does. A job that
    has cost a worker its life is painted alone: it must not take others with it a second time.
    """
    if job.batch_key is None or job.attempt - job.releases > 1:
        return []
    query = select(jobs.c.id, jobs.c.user_id).where(
        jobs.c.state == State.QUEUED, jobs.c.batch_key == job.batch_key, jobs.c.attempt == jobs.c.releases
    )
    query = query.order_by(jobs.c.fair_tag, jobs.c.id).limit(LOOKED_AT)
    alike = [(row.id, row.user_id) for row in await connection.execute(query)]
    if not alike:
        return []
    # Whoever else claims one of theirs waits, and counts what comes of this.
    await one_at_a_time(connection, *(user_id for _, user_id in alike))
    queued, running = await _counts(connection)
    return _fairest(alike, queued, running, limit=limit, running_per_user=running_per_user)


async def _counts(connection: AsyncConnection) -> tuple[dict[int, int], dict[int, int]]:
    """How many jobs each user has in the line, and how many running."""
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
    """Which of the `alike`, each an id and its user, are taken; the counts are brought up to date."""
    taken: list[int] = []

    def take(job_id: int, user_id: int) -> None:
        taken.append(job_id)
        queued[user_id] = queued.get(user_id, 1) - 1
        running[user_id] = running.get(user_id, 0) + 1

    for job_id, user_id in alike:
        if len(taken) < limit and running.get(user_id, 0) < running_per_user:
            take(job_id, user_id)
    for job_id, user_id in alike:
        others = any(count > 0 and running.get(one, 0) < running_per_user for one, count in queued.items())
        if len(taken) < limit and job_id not in taken and not others:
            take(job_id, user_id)
    return [job_id for job_id, _ in alike if job_id in taken]
