"""Which workers are alive, on any machine: each records a heartbeat regularly, whether busy or idle."""

from collections.abc import Collection

from sqlalchemy import ColumnElement, and_, func, not_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.db import upsert
from bot.tables.pictures import workers
from nst_core.params import VERSION

EVERY_S = 10.0
"""How often a worker records its heartbeat."""
SILENT_S = 35.0
"""A worker whose last heartbeat is older is assumed to be dead."""
FORGOTTEN_S = 900.0
"""How long a dead worker stays on record."""


async def record(
    connection: AsyncConnection, name: str, *, device: str, now: float, params_version: int = VERSION
) -> None:
    """Records that the worker is alive, and which version of the parameters it knows."""
    values = {"device": device, "params_version": params_version, "seen_at": now, "alive": True}
    await upsert(connection, workers, {"name": name}, values)


async def remove(connection: AsyncConnection, name: str) -> None:
    """Records that the worker has stopped, or is known to be dead."""
    await connection.execute(update(workers).where(workers.c.name == name).values(alive=False))


async def forget(connection: AsyncConnection, *, now: float) -> None:
    """Deletes the records of workers that are long dead."""
    await connection.execute(workers.delete().where(not_(_seen_within(FORGOTTEN_S, now))))


async def count_living(
    connection: AsyncConnection, *, now: float, names: Collection[str] | None = None, host: str = ""
) -> int:
    """How many workers are alive, busy or idle: all, those with these names, or those of one host."""
    living = and_(workers.c.alive, _seen_within(SILENT_S, now))
    if names is not None:
        living = and_(living, workers.c.name.in_(names))
    if host:
        living = and_(living, workers.c.name.startswith(f"{host}-", autoescape=True))
    query = select(func.count()).select_from(workers).where(living)
    return int((await connection.execute(query)).scalar_one())


async def at_once(connection: AsyncConnection, *, now: float, here: int) -> int:
    """How many pictures are painted at once. here: this machine's workers, which may only be starting."""
    return max(here, await count_living(connection, now=now))


async def devices(connection: AsyncConnection, *, now: float) -> set[str]:
    """What the living workers paint on."""
    living = and_(workers.c.alive, _seen_within(SILENT_S, now))
    return set((await connection.execute(select(workers.c.device).where(living))).scalars())


async def newest_params(connection: AsyncConnection, *, now: float) -> int | None:
    """The newest version of the parameters that any worker on record knows; None: no worker is on record."""
    query = select(func.max(workers.c.params_version)).where(_seen_within(FORGOTTEN_S, now))
    newest: int | None = (await connection.execute(query)).scalar_one()
    return newest


def _seen_within(seconds: float, now: float) -> ColumnElement[bool]:
    """Neither long ago, nor far in the future because a clock was set back since."""
    return workers.c.seen_at.between(now - seconds, now + seconds)
