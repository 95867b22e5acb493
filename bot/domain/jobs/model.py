"""A job: its states, its row, where its card is, and how it is found.

How it changes is described in `bot.domain.jobs.queue`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, Self

from sqlalchemy import RowMapping, Select, func, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.language import N_
from bot.tables.pictures import jobs


class State(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    RENDERED = "rendered"
    DELIVERED = "delivered"
    FAILED = "failed"
    CANCELLED = "cancelled"


STATE_WORDS = {
    State.QUEUED: N_("waiting"),
    State.RUNNING: N_("being painted"),
    State.RENDERED: N_("painted"),
    State.DELIVERED: N_("painted"),
    State.FAILED: N_("failed"),
    State.CANCELLED: N_("cancelled"),
}
"""Each state in words for people, translated where it is shown."""

WAITING = (State.QUEUED, State.RUNNING)
"""The states in which a job still has to be painted, and can be cancelled."""
PAINTED_STATES = (State.RENDERED, State.DELIVERED)
PAINTED = jobs.c.state.concat("").in_(PAINTED_STATES)
"""For the newest of all jobs: concatenated, so that none is looked up by its state, and then sorted."""


FRAMES_PER_PICTURE = 4
"""So many further frames of a clip count as another picture: each is begun with the painting of the last."""
AS_PICTURES = 1 + (jobs.c.frames - 1) // FRAMES_PER_PICTURE
"""As how many pictures a job counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One row of `jobs`; see `bot.tables` for the units."""

    id: int
    user_id: int
    guild_id: int | None
    channel_id: int
    private: bool
    look: Mapping[str, Any]
    style_name: str
    own_style: bool
    params: Mapping[str, Any]
    cost: float
    content_blob: str
    style_blob: str
    style_weight: float
    more_styles: Sequence[Mapping[str, Any]] | None
    mask_blob: str | None
    start_blob: str | None
    clip_blob: str | None
    frames: int
    parent_id: int | None
    challenge_id: int | None
    notes: Sequence[str] | None
    language: str
    spoiler: bool
    alt_text: str | None
    age_restricted: bool
    state: State
    fair_tag: int
    attempt: int
    releases: int
    batch_key: str | None
    batch_size: int
    revision: int
    scale: int | None
    scales: int | None
    step: int | None
    steps: int | None
    loss: float | None
    frame: int | None
    preview_blob: str | None
    checkpoint_blob: str | None
    result_blob: str | None
    result_clip_blob: str | None
    timelapse_blob: str | None
    figures: Mapping[str, Any] | None
    error: str | None
    reference: str | None
    created_at: float
    started_at: float | None
    ended_at: float | None

    @classmethod
    def from_row(cls, row: RowMapping) -> Self:
        values = {field.name: row[field.name] for field in fields(cls)}
        return cls(**{**values, "state": State(values["state"])})

    @property
    def is_clip(self) -> bool:
        """Whether more than one frame is painted."""
        return self.frames > 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a job's card lives on Discord.

    token_until: when the interaction token expires (15 min after the click), epoch seconds.
    channel_reachable: False where the bot may not edit in the channel itself (ephemeral, user-installed).
    message_channel_id: where the message is; None: in the job's channel.
    """

    interaction_token: str
    token_until: float
    filesize_limit: int
    channel_reachable: bool
    message_id: int | None = None
    message_channel_id: int | None = None

    @property
    def by_channel(self) -> bool:
        """Whether the card can be shown without the token: in the job's channel, or where it went instead."""
        return self.channel_reachable or self.message_channel_id is not None


JOB_COLUMNS = tuple(jobs.c[field.name] for field in fields(Job))


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The right to work on a job for `lease_s` seconds after the claim and after each renewal.

    The fencing token is (`job.id`, `job.attempt`).
    """

    job: Job
    worker: str
    lease_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a worker is: `scale` of `scales`, `step` of `steps` over the whole run.

    Of a clip these are the pass and the steps of one frame; `frame` is how many of them are painted in this
    pass, and `checkpoint_blob` what another worker goes on from.
    """

    scale: int
    scales: int
    step: int
    steps: int
    loss: float | None
    preview_blob: str | None
    frame: int | None = None
    checkpoint_blob: str | None = None


async def _all(connection: AsyncConnection, query: Select[Any]) -> list[Job]:
    return [Job.from_row(row) for row in (await connection.execute(query)).mappings()]


async def get(connection: AsyncConnection, job_id: int) -> Job | None:
    found = await _all(connection, select(*JOB_COLUMNS).where(jobs.c.id == job_id))
    return found[0] if found else None


async def newest(connection: AsyncConnection) -> Job | None:
    """The job that was created last."""
    found = await _all(connection, select(*JOB_COLUMNS).order_by(jobs.c.id.desc()).limit(1))
    return found[0] if found else None


async def of_interaction(connection: AsyncConnection, interaction_id: int) -> Job | None:
    """The job that a person's request has become."""
    found = await _all(connection, select(*JOB_COLUMNS).where(jobs.c.interaction_id == interaction_id))
    return found[0] if found else None


async def insert(connection: AsyncConnection, values: Mapping[str, Any]) -> int:
    """Adds a queued job with its fair tag and returns its id."""
    row = {**values, "state": State.QUEUED, "fair_tag": await fair_tag(connection, values["user_id"])}
    inserted = await connection.execute(jobs.insert().values(**row).returning(jobs.c.id))
    return int(inserted.scalar_one())


async def describe(connection: AsyncConnection, job_id: int, *, alt_text: str | None, spoiler: bool) -> Job:
    """What an artist says of their picture: what it shows, and whether it is hidden until it is clicked."""
    changed = update(jobs).where(jobs.c.id == job_id).values(alt_text=alt_text, spoiler=spoiler)
    row = (await connection.execute(changed.returning(*JOB_COLUMNS))).mappings().one()
    return Job.from_row(row)


async def fair_tag(connection: AsyncConnection, user_id: int) -> int:
    """A new job's place: in start-time fair queueing a user's k-th waiting job follows everybody's (k-1)-th.

    A job that was cancelled before it started has cost nothing, and does not count. A clip is as long as the
    pictures that it counts as.

    Source: Goyal, Vin & Cheng 1996, "Start-time Fair Queueing", section 2, with pictures of length 1.
    """
    costs = or_(jobs.c.started_at.is_not(None), jobs.c.ended_at.is_(None))
    virtual_time = select(func.max(jobs.c.fair_tag)).where(jobs.c.started_at.is_not(None))
    newest = select(jobs.c.fair_tag + AS_PICTURES).where(jobs.c.user_id == user_id, costs)
    end_of_last = newest.order_by(jobs.c.fair_tag.desc()).limit(1)
    query = select(virtual_time.scalar_subquery(), end_of_last.scalar_subquery())
    now, last = (await connection.execute(query)).one()
    return max(now or 0, last or 1)


async def of_guild(connection: AsyncConnection, guild_id: int, *, waiting: bool) -> list[Job]:
    """A server's newest pictures: those that wait or are painted, or those that are finished and kept."""
    which = jobs.c.state.in_(WAITING) if waiting else jobs.c.result_blob.is_not(None)
    query = select(*JOB_COLUMNS).where(jobs.c.guild_id == guild_id, which)
    return await _all(connection, query.order_by(jobs.c.id.desc()).limit(100))


async def all_waiting(connection: AsyncConnection) -> list[Job]:
    """All running and queued jobs: the running ones first, the others in the order of the queue."""
    return await _all(connection, _in_order().limit(1000))


async def ahead_of(connection: AsyncConnection, job: Job) -> list[Job]:
    """The jobs that are painted before a queued one: the running ones, and those queued before it."""
    earlier = tuple_(jobs.c.fair_tag, jobs.c.id) < (job.fair_tag, job.id)
    return await _all(
        connection, _in_order().where(or_(jobs.c.state == State.RUNNING, earlier), jobs.c.id != job.id)
    )


def _in_order() -> Select[Any]:
    # "running" sorts after "queued"; descending puts the running jobs first.
    order = (jobs.c.state.desc(), jobs.c.fair_tag, jobs.c.id)
    return select(*JOB_COLUMNS).where(jobs.c.state.in_(WAITING)).order_by(*order)


async def finished_of(
    connection: AsyncConnection, user_id: int, *, limit: int, job_id: int | None = None
) -> list[Job]:
    """The user's jobs that have a picture, the newest first; with `job_id`, only that one."""
    query = select(*JOB_COLUMNS).where(
        jobs.c.user_id == user_id,
        jobs.c.state.in_((State.RENDERED, State.DELIVERED)),
        jobs.c.result_blob.is_not(None),
    )
    if job_id is not None:
        query = query.where(jobs.c.id == job_id)
    return await _all(connection, query.order_by(jobs.c.id.desc()).limit(limit))


async def count_waiting(connection: AsyncConnection, user_id: int | None = None) -> int:
    query = select(func.count()).select_from(jobs).where(jobs.c.state.in_(WAITING))
    if user_id is not None:
        query = query.where(jobs.c.user_id == user_id)
    return int((await connection.execute(query)).scalar_one())
