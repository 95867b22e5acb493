"""Every transition between a job's states, as one fenced statement.

    queued -> running -> rendered -> delivered
       |         |-> queued (released, or its lease ran out)
       |         |-> failed
       |---------+-> cancelled
       `---------+-> rendered (a clip whose owner keeps the frames that are painted)

Every write of a worker carries the attempt it was given: a worker that has lost its lease can change nothing.
Each change that a person should see raises `revision`; the card updater shows what it has not shown yet.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import ColumnElement, and_, false, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.db import one_at_a_time
from bot.domain.jobs import stats
from bot.domain.jobs.model import JOB_COLUMNS, WAITING, Claim, Job, Progress, State
from bot.language import N_
from bot.tables.pictures import deliveries, jobs
from nst_core.params import VERSION

CLAIMING = 1
"""An advisory lock: two workers that count running jobs at once would both find the user below the limit."""

CANDIDATES = 100
"""How many jobs at the front of the queue are offered; other workers may be claiming some of them."""

_REVISED = {"revision": jobs.c.revision + 1}
# The card of an ended job shows no preview, and the worker deletes its blob.
_ENDED = {"lease_until": None, "preview_blob": None, "checkpoint_blob": None}


def _ran_out(now: float, lease_s: float) -> ColumnElement[bool]:
    """The lease has expired, or ends impossibly late: a clock was set back after it was given."""
    return or_(jobs.c.lease_until < now, jobs.c.lease_until > now + 2 * lease_s)


def _fence(claim: Claim) -> ColumnElement[bool]:
    job = claim.job
    return and_(jobs.c.id == job.id, jobs.c.attempt == job.attempt, jobs.c.state == State.RUNNING)


async def _render(connection: AsyncConnection, where: ColumnElement[bool], **values: Any) -> bool:
    """One more picture is painted, and counted."""
    ended = update(jobs).where(where).values(state=State.RENDERED, **values, **_ENDED, **_REVISED)
    painted = (await connection.execute(ended.returning(jobs.c.guild_id))).one_or_none()
    if painted is not None:
        await stats.count_one(connection, painted.guild_id)
    return painted is not None


async def _change(connection: AsyncConnection, where: ColumnElement[bool], **values: Any) -> bool:
    changed = await connection.execute(update(jobs).where(where).values(**values, **_REVISED))
    return changed.rowcount == 1


def _below_limit(running_per_user: int) -> ColumnElement[bool]:
    """The job's user has fewer than `running_per_user` running jobs."""
    busy = (
        select(jobs.c.user_id)
        .where(jobs.c.state == State.RUNNING)
        .group_by(jobs.c.user_id)
        .having(func.count() >= running_per_user)
    )
    return jobs.c.user_id.not_in(busy)


def _first_queued(*where: ColumnElement[bool]) -> Any:
    """The id of the first queued job that no other worker is claiming."""
    query = select(jobs.c.id).where(jobs.c.state == State.QUEUED, *where)
    first = query.order_by(jobs.c.fair_tag, jobs.c.id).limit(1)
    return first.with_for_update(skip_locked=True).scalar_subquery()


async def anything_to_claim(
    connection: AsyncConnection, *, now: float, lease_s: float, params_version: int = VERSION
) -> bool:
    """Whether a job with known parameters is queued, or a running one has an expired lease."""
    queued = and_(jobs.c.state == State.QUEUED, jobs.c.params_version <= params_version)
    stalled = and_(jobs.c.state == State.RUNNING, _ran_out(now, lease_s))
    query = select(jobs.c.id).where(or_(queued, stalled)).limit(1)
    return (await connection.execute(query)).first() is not None


async def claim_next(
    connection: AsyncConnection,
    *,
    worker: str,
    now: float,
    lease_s: float,
    running_per_user: int,
    params_version: int = VERSION,
) -> Claim | None:
    """Claims the first queued job for `worker`; None: there is none.

    Jobs of users with `running_per_user` running jobs wait as long as there are others. Jobs with newer
    parameters than `params_version` wait for newer workers.
    """
    await one_at_a_time(connection, CLAIMING)
    known = jobs.c.params_version <= params_version
    first = func.coalesce(_first_queued(known, _below_limit(running_per_user)), _first_queued(known))
    claims = await _claim(connection, jobs.c.id == first, worker=worker, now=now, lease_s=lease_s)
    return claims[0] if claims else None


async def is_put_off(connection: AsyncConnection, user_id: int, *, running_per_user: int) -> bool:
    """Whether the user has `running_per_user` running jobs, so that further ones wait for those of others.

    Locks the user until the end of the transaction, so that whoever asks next counts its outcome.
    """
    await one_at_a_time(connection, user_id)
    running = (jobs.c.user_id == user_id, jobs.c.state == State.RUNNING)
    count = await connection.execute(select(func.count()).select_from(jobs).where(*running))
    return int(count.scalar_one()) >= running_per_user


async def queued_below_limit(
    connection: AsyncConnection, *, params_version: int, running_per_user: int
) -> list[int]:
    """The first queued jobs, with known parameters, of users who may have more running."""
    known = jobs.c.params_version <= params_version
    where = (jobs.c.state == State.QUEUED, known, _below_limit(running_per_user))
    query = select(jobs.c.id).where(*where).order_by(jobs.c.fair_tag, jobs.c.id).limit(CANDIDATES)
    return list((await connection.execute(query)).scalars())


async def user_of_queued(connection: AsyncConnection, job_id: int) -> int | None:
    """The user of a queued job; None: it is not queued."""
    query = select(jobs.c.user_id).where(jobs.c.id == job_id, jobs.c.state == State.QUEUED)
    user_id: int | None = (await connection.execute(query)).scalar_one_or_none()
    return user_id


async def claim(
    connection: AsyncConnection,
    job_id: int,
    *,
    worker: str,
    now: float,
    lease_s: float,
    params_version: int = VERSION,
) -> Claim | None:
    """Claims one job for `worker`; None: it is no longer queued, or has newer parameters."""
    claims = await claim_all(
        connection, [job_id], worker=worker, now=now, lease_s=lease_s, params_version=params_version
    )
    return claims[0] if claims else None


async def claim_all(
    connection: AsyncConnection,
    job_ids: Sequence[int],
    *,
    worker: str,
    now: float,
    lease_s: float,
    params_version: int = VERSION,
) -> list[Claim]:
    """Claims those of the jobs that are still queued and have known parameters, in the order given."""
    known = jobs.c.params_version <= params_version
    waiting = and_(jobs.c.id.in_(job_ids), jobs.c.state == State.QUEUED, known)
    claims = await _claim(connection, waiting, worker=worker, now=now, lease_s=lease_s)
    return sorted(claims, key=lambda claim: job_ids.index(claim.job.id))


async def note_batch(connection: AsyncConnection, claims: Sequence[Claim]) -> None:
    """Records that these are painted in one pass."""
    held = or_(*map(_fence, claims))
    await connection.execute(update(jobs).where(held).values(batch_size=len(claims)))


async def _claim(
    connection: AsyncConnection, which: ColumnElement[bool], *, worker: str, now: float, lease_s: float
) -> list[Claim]:
    values = {
        "state": State.RUNNING,
        "attempt": jobs.c.attempt + 1,
        "worker": worker,
        "lease_until": now + lease_s,
        "started_at": now,
        "batch_size": 1,
        # The last attempt's preview stays on the card until this one has its own, and a clip goes on from
        # its last frame.
        **dict.fromkeys(("scale", "scales", "step", "steps", "loss")),
    }
    claimed = await connection.execute(
        update(jobs).where(which).values(**values, **_REVISED).returning(*JOB_COLUMNS)
    )
    return [Claim(job=Job.from_row(row), worker=worker, lease_s=lease_s) for row in claimed.mappings()]


async def renew(
    connection: AsyncConnection, claim: Claim, progress: Progress | None, *, now: float, lease_s: float
) -> bool:
    """Renews the lease, and writes progress if there is any. False: the lease is lost, stop working."""
    values: dict[str, Any] = {"lease_until": now + lease_s}
    if progress is not None:
        values |= {field.name: getattr(progress, field.name) for field in fields(progress)} | _REVISED
    changed = await connection.execute(update(jobs).where(_fence(claim)).values(**values))
    return changed.rowcount == 1


async def render(
    connection: AsyncConnection,
    claim: Claim,
    *,
    result_blob: str,
    figures: Mapping[str, Any],
    now: float,
    timelapse_blob: str | None = None,
    result_clip_blob: str | None = None,
) -> bool:
    """Running -> rendered. The blobs must be stored already. False: the lease is lost."""
    values = {
        "result_blob": result_blob,
        "result_clip_blob": result_clip_blob,
        "timelapse_blob": timelapse_blob,
        "figures": dict(figures),
    }
    return await _render(connection, _fence(claim), ended_at=now, **values)


async def fail(connection: AsyncConnection, claim: Claim, *, error: str, reference: str, now: float) -> bool:
    """Running -> failed, with the user's sentence and the operator's reference."""
    values = {"error": error, "reference": reference}
    return await _change(connection, _fence(claim), state=State.FAILED, ended_at=now, **values, **_ENDED)


async def release(connection: AsyncConnection, claim: Claim) -> bool:
    """Running -> queued, at its old place. Not counted as an attempt of a poison job."""
    return await _change(
        connection,
        _fence(claim),
        state=State.QUEUED,
        worker=None,
        lease_until=None,
        releases=jobs.c.releases + 1,
    )


async def requeue_stalled(
    connection: AsyncConnection,
    *,
    now: float,
    lease_s: float,
    max_attempts: int,
    reference: str,
    dead_worker: str | None = None,
) -> Sequence[int]:
    """Requeues running jobs whose lease expired, or whose worker is known to be dead.

    A job that has had `max_attempts` attempts fails instead: it is probably what kills the workers.
    Returns the ids of all jobs that changed.
    """
    orphaned = false() if dead_worker is None else jobs.c.worker == dead_worker
    lost = and_(jobs.c.state == State.RUNNING, or_(_ran_out(now, lease_s), orphaned))
    tries = jobs.c.attempt - jobs.c.releases
    sentence = N_("Painting this picture failed several times: try another picture or a smaller size.")
    poison = {"state": State.FAILED, "error": sentence, "reference": reference, "ended_at": now, **_ENDED}
    again = {"state": State.QUEUED, "worker": None, "lease_until": None}
    changed: list[int] = []
    for where, values in ((tries >= max_attempts, poison), (tries < max_attempts, again)):
        statement = update(jobs).where(lost, where).values(**values, **_REVISED)
        changed += (await connection.execute(statement.returning(jobs.c.id))).scalars()
    return changed


async def give_up_too_new(
    connection: AsyncConnection, *, params_version: int, before: float, reference: str, now: float
) -> Sequence[int]:
    """Fails queued jobs with newer parameters that were created before `before`; returns their ids."""
    sentence = N_("No worker here knows yet how to paint this: please try again later.")
    too_new = and_(jobs.c.state == State.QUEUED, jobs.c.params_version > params_version)
    values = {"state": State.FAILED, "error": sentence, "reference": reference, "ended_at": now, **_ENDED}
    given_up = update(jobs).where(too_new, jobs.c.created_at < before).values(**values, **_REVISED)
    return list((await connection.execute(given_up.returning(jobs.c.id))).scalars())


async def cancel(connection: AsyncConnection, job_id: int, *, user_id: int, now: float) -> bool:
    """Queued or running -> cancelled, by its owner only. A worker notices at its next renewal."""
    where = and_(jobs.c.id == job_id, jobs.c.user_id == user_id, jobs.c.state.in_(WAITING))
    return await _change(connection, where, state=State.CANCELLED, ended_at=now, **_ENDED)


async def keep_painted(
    connection: AsyncConnection, job_id: int, *, user_id: int, now: float, **values: Any
) -> bool:
    """Queued or running -> rendered, by its owner only, with the frames that are painted.

    values: of the row's columns. A worker notices at its next renewal.
    """
    where = and_(jobs.c.id == job_id, jobs.c.user_id == user_id, jobs.c.state.in_(WAITING))
    return await _render(connection, where, ended_at=now, **values)


async def deliver(connection: AsyncConnection, job_id: int) -> bool:
    """Rendered -> delivered: the picture is in the channel. Changes nothing that a card shows."""
    where = and_(jobs.c.id == job_id, jobs.c.state == State.RENDERED)
    changed = await connection.execute(update(jobs).where(where).values(state=State.DELIVERED))
    if changed.rowcount != 1:
        return False
    await connection.execute(update(deliveries).where(deliveries.c.job_id == job_id).values(closed=True))
    return True
