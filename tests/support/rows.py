"""Rows for tests: a job needs one line where only its state matters."""

import itertools
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.db import Database
from bot.domain.jobs import model, queue
from bot.domain.jobs.model import Address, Claim, Job, Progress, State
from bot.domain.outbox import deliveries
from bot.tables.pictures import jobs as table
from nst_core.params import Params

ADA, BEN = 1, 2
NOW = 1_000.0
LEASE_S = 20.0
BLOB = "0" * 64

_interactions = itertools.count(1_000_000)


def values(user_id: int = ADA, **given: Any) -> dict[str, Any]:
    """What `jobs.insert` needs."""
    return {
        "interaction_id": next(_interactions),
        "user_id": user_id,
        "guild_id": 10,
        "channel_id": 20,
        "private": False,
        "look": {},
        "style_name": "Starry Night",
        "params": Params(size=64).as_dict(),
        "cost": 1.0,
        "content_blob": BLOB,
        "style_blob": BLOB,
        "created_at": NOW,
        **given,
    }


async def add(connection: AsyncConnection, user_id: int = ADA, **given: Any) -> int:
    """A queued job."""
    return await model.insert(connection, values(user_id, **given))


async def add_in(connection: AsyncConnection, state: State, user_id: int = ADA, **given: Any) -> Job:
    """A job in any state; the queue must hold no other job."""
    job_id = await add(connection, user_id, **given)
    if state is State.CANCELLED:
        await queue.cancel(connection, job_id, user_id=user_id, now=NOW)
    elif state is not State.QUEUED:
        claim = await claim_one(connection)
        assert claim.job.id == job_id
        if state is State.FAILED:
            await queue.fail(connection, claim, error="No.", reference="r", now=NOW)
        elif state is not State.RUNNING:
            await queue.render(connection, claim, result_blob=BLOB, figures={}, now=NOW)
        if state is State.DELIVERED:
            await queue.deliver(connection, job_id)
    return await job_of(connection, job_id)


async def claim_one(
    connection: AsyncConnection, worker: str = "w", now: float = NOW, *, running_per_user: int = 1000
) -> Claim:
    claim = await queue.claim_next(
        connection, worker=worker, now=now, lease_s=LEASE_S, running_per_user=running_per_user
    )
    assert claim is not None
    return claim


async def job_of(connection: AsyncConnection, job_id: int) -> Job:
    job = await model.get(connection, job_id)
    assert job is not None
    return job


async def read_job(database: Database, job_id: int) -> Job:
    async with database.read() as connection:
        return await job_of(connection, job_id)


async def column(connection: AsyncConnection, job_id: int, name: str) -> Any:
    return (await connection.execute(select(table.c[name]).where(table.c.id == job_id))).scalar_one()


async def set_columns(connection: AsyncConnection, job_id: int, **given: Any) -> None:
    await connection.execute(update(table).where(table.c.id == job_id).values(**given))


def progress(step: int, *, steps: int = 10, preview_blob: str | None = None) -> Progress:
    return Progress(scale=1, scales=2, step=step, steps=steps, loss=0.5, preview_blob=preview_blob)


def address(**given: Any) -> Address:
    fields: dict[str, Any] = {
        "interaction_token": "token",
        "token_until": NOW + 900,
        "filesize_limit": 10_000_000,
        "channel_reachable": True,
    }
    return Address(**{**fields, **given})


async def add_card(connection: AsyncConnection, job_id: int, **given: Any) -> None:
    await deliveries.open_for(connection, job_id, address(**given))
