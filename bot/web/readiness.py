"""Whether this process can do its work now: each check with what it saw."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from bot.domain.jobs import heartbeats
from bot.web.machine import free_bytes
from bot.web.meters import Watched

MIB: Final = 1024 * 1024
FULL_DISK_BYTES: Final = 256 * MIB
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
            await heartbeats.count_living(connection, now=watched.clock())
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        return Check(well=False, saw=type(error).__name__)
    return Check(well=True, saw="answers")


async def workers(watched: Watched) -> Check:
    """Ours live; or, where others paint, one of those lives on any machine, by their heartbeats."""
    names = list(watched.workers) if watched.own_workers else None
    try:
        async with asyncio.timeout(TIMEOUT_S), watched.database.read() as connection:
            living = await heartbeats.count_living(connection, now=watched.clock(), names=names)
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        return Check(well=False, saw=f"not known: {type(error).__name__}")
    if not watched.own_workers:
        return Check(well=living > 0, saw=f"{living} live elsewhere")
    saw = f"{living} of {watched.own_workers} live on this machine"
    if not living:
        saw = f"{saw}: no heartbeat within {heartbeats.SILENT_S:.0f} s; they may be starting, see the log"
    return Check(well=living > 0, saw=saw)


async def gateway(watched: Watched) -> Check:
    connected, shards = watched.gateway.connected_shards()
    return Check(well=0 < shards == connected, saw=f"{connected} of {shards} shards are connected")


async def disk(watched: Watched) -> Check:
    try:
        free = await asyncio.to_thread(free_bytes, watched.data_dir)
    except OSError as error:
        return Check(well=False, saw=error.strerror or type(error).__name__)
    return Check(well=free >= FULL_DISK_BYTES, saw=f"{free // MIB} MiB free")
