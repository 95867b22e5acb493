"""Whether this process can do its work now: each check with what it saw."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from bot.features import census
from bot.features.jobs import State
from bot.web.machine import free_bytes
from bot.web.watched import Watched

MIB: Final = 1024 * 1024
FULL_DISK_BYTES: Final = 256 * MIB
SEEN_LATELY_S: Final = 600.0
PATIENCE_S: Final = 120.0
"""How long a job may wait before the silence of all workers is a fault."""
TIMEOUT_S: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What was looked at, whether it is `well`, and what was seen."""

    well: bool
    saw: str


async def examine(watched: Watched) -> dict[str, Check]:
    """Every check, by name."""
    checks: dict[str, Callable[[Watched], Awaitable[Check]]] = {
        "database": database,
        "workers": workers,
        "gateway": gateway,
        "disk": disk,
    }
    found = await asyncio.gather(*(check(watched) for check in checks.values()))
    return dict(zip(checks, found, strict=True))


async def database(watched: Watched) -> Check:
    try:
        async with asyncio.timeout(TIMEOUT_S), watched.database.read() as connection:
            await census.last_sign_of_work(connection)
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        return Check(well=False, saw=type(error).__name__)
    return Check(well=True, saw="answers")


async def workers(watched: Watched) -> Check:
    """Ours live; or, where others paint, one was seen lately, or nobody has waited long for one."""
    if watched.own_workers:
        alive = len(watched.workers)
        return Check(well=alive > 0, saw=f"{alive} of {watched.own_workers} live on this machine")
    now = watched.clock()
    try:
        async with asyncio.timeout(TIMEOUT_S), watched.database.read() as connection:
            line = await census.count(connection, now=now)
            seen = await census.last_sign_of_work(connection)
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        return Check(well=False, saw=f"not known: {type(error).__name__}")
    if line.workers_busy:
        return Check(well=True, saw=f"{line.workers_busy} elsewhere are painting")
    if seen is not None and now - seen < SEEN_LATELY_S:
        return Check(well=True, saw=f"the last elsewhere was seen {now - seen:.0f} s ago")
    if line.states[State.QUEUED] and line.oldest_queued_s > PATIENCE_S:
        return Check(well=False, saw=f"none seen, and somebody has waited {line.oldest_queued_s:.0f} s")
    return Check(well=True, saw="none seen lately, and nobody waits long")


async def gateway(watched: Watched) -> Check:
    connected, shards = watched.gateway.connected_shards()
    return Check(well=0 < shards == connected, saw=f"{connected} of {shards} shards are connected")


async def disk(watched: Watched) -> Check:
    try:
        free = await asyncio.to_thread(free_bytes, watched.data_dir)
    except OSError as error:
        return Check(well=False, saw=error.strerror or type(error).__name__)
    return Check(well=free >= FULL_DISK_BYTES, saw=f"{free // MIB} MiB free")
