"""How much is stored, for whom and in all: what is too much is refused, and what nobody needs goes at once.

Each picture has a row with its size and whose request brought it. What is stored is held for an hour, in
which the row that refers to it is written: what two people send at the same time is not taken away from one
of them because the other has changed their mind.
"""

import asyncio
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

import structlog
from sqlalchemy import Select, case, delete, func, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.db import Database, insert
from bot.domain.privacy import blob_refs
from bot.errors import Refusal, ServiceError
from bot.language import _
from bot.media.blobs.protocol import BlobMissing, Blobs
from bot.tables.pictures import jobs, stored_pictures

log = structlog.get_logger(__name__)

HOLD_S: Final = 3600.0
AT_ONCE: Final = 50
MIB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageLimits:
    """In bytes. in_all: None: any number; reserve: what stays free on the disk."""

    per_person: int
    in_all: int | None = None
    reserve: int = 0


class Storage:
    """The blobs, with a row for each.

    Args:
        free_bytes: how much is free on the disk that fills up; None: there is none on this machine.
    """

    def __init__(
        self,
        *,
        database: Database,
        blobs: Blobs,
        limits: StorageLimits,
        free_bytes: Callable[[], int] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._blobs = blobs
        self._limits = limits
        self._free_bytes = free_bytes
        self._clock = clock

    async def check_room(self, user_id: int) -> None:
        """Raises `Refusal` if nothing more can be stored, here at all or for this person."""
        if self._free_bytes is not None:
            free = await asyncio.to_thread(self._free_bytes)
            if free < self._limits.reserve:
                log.warning("no request is taken: the disk is nearly full", free_bytes=free)
                raise Refusal(_no_room())
        await measure_results(self._database, self._blobs, user_id)
        async with self._database.read() as connection:
            of_person = await stored_bytes(connection, user_id)
            in_all = await stored_bytes(connection) if self._limits.in_all is not None else 0
        if self._limits.in_all is not None and in_all >= self._limits.in_all:
            log.warning("no request is taken: EASEL_STORED_MIB is reached", stored_bytes=in_all)
            raise Refusal(_no_room())
        if of_person >= self._limits.per_person:
            raise Refusal(
                _(
                    "Your pictures here take up {size:.0f} MiB, and one person may have {most:.0f}: "
                    "delete some with their Delete button, or all with /mydata delete.",
                    size=of_person / MIB,
                    most=self._limits.per_person / MIB,
                )
            )

    async def put(self, data: bytes, *, user_id: int) -> str:
        """Stores a picture for an hour at least, or for as long as a row refers to it; returns its key."""
        key = await asyncio.to_thread(lambda: sha256(data).hexdigest())
        await self._hold(key, user_id, len(data))
        return await self._blobs.put(data)

    async def discard(self, keys: Collection[str], *, stored_before: float) -> int:
        """Deletes those of `keys` that no row refers to, and that nobody has stored since; returns how many.

        What may still be needed is left to the retention sweep.
        """
        async with self._database.begin() as connection:
            unused = await blob_refs.unused(connection, keys)
            mine = stored_pictures.c.held_until <= stored_before + HOLD_S
            forget = delete(stored_pictures).where(stored_pictures.c.key.in_(unused), mine)
            gone = (await connection.execute(forget.returning(stored_pictures.c.key))).scalars().all()
            # Whoever stores one of them again waits for the end of this transaction.
            for key in gone:
                await self._blobs.delete(key)
        return len(gone)

    async def _hold(self, key: str, user_id: int, size_bytes: int) -> None:
        until = self._clock() + HOLD_S
        # Held already: twice as long tells whoever stored it before that it is not theirs alone.
        longer = case((stored_pictures.c.held_until > self._clock(), until + HOLD_S), else_=until)
        async with self._database.begin() as connection:
            statement = insert(connection, stored_pictures).values(
                key=key, user_id=user_id, size_bytes=size_bytes, held_until=until
            )
            await connection.execute(
                statement.on_conflict_do_update(index_elements=["key"], set_={"held_until": longer})
            )


async def delete_unnamed(blobs: Blobs, keys: Collection[str]) -> None:
    """Deletes what no row names any more. What cannot be deleted now is left to the retention sweep."""
    for key in keys:
        try:
            await blobs.delete(key)
        except (OSError, ServiceError) as error:
            log.warning("a blob was not deleted", error=str(error))


async def measure_results(database: Database, blobs: Blobs, user_id: int | None = None) -> int:
    """Writes the sizes of some painted pictures, which workers have stored: the person's, or anybody's.

    Returns how many: as many as `AT_ONCE` where there may be more.
    """
    async with database.read() as connection:
        found = {row.key: row.user_id for row in await connection.execute(_unmeasured(user_id))}
    if not found:
        return 0
    sizes = await asyncio.gather(*(size_of(blobs, key) for key in found))
    rows = [
        {"key": key, "user_id": owner, "size_bytes": size, "held_until": 0.0}
        for (key, owner), size in zip(found.items(), sizes, strict=True)
    ]
    async with database.begin() as connection:
        statement = insert(connection, stored_pictures).values(rows)
        await connection.execute(statement.on_conflict_do_nothing())
    return len(rows)


async def size_of(blobs: Blobs, key: str) -> int:
    """In bytes; 0: it is missing."""
    try:
        return await blobs.size(key)
    except BlobMissing:
        return 0


async def stored_bytes(connection: AsyncConnection, user_id: int | None = None) -> int:
    """How much is stored of one person's, or in all."""
    query = select(func.coalesce(func.sum(stored_pictures.c.size_bytes), 0))
    if user_id is not None:
        query = query.where(stored_pictures.c.user_id == user_id)
    return int((await connection.execute(query)).scalar_one())


async def forget_sizes(connection: AsyncConnection, keys: Collection[str]) -> None:
    """For pictures that are deleted."""
    await connection.execute(delete(stored_pictures).where(stored_pictures.c.key.in_(keys)))


async def forget_unused_sizes(database: Database, marked: Collection[int], *, before: float) -> None:
    """For pictures that were deleted otherwise; `marked`: the hashes of all keys that rows refer to."""
    async with database.read() as connection:
        query = select(stored_pictures.c.key).where(stored_pictures.c.held_until < before)
        keys = [key async for (key,) in await connection.stream(query) if hash(key) not in marked]
    for start in range(0, len(keys), blob_refs.AT_ONCE):
        async with database.begin() as connection:
            unused = await blob_refs.unused(connection, keys[start : start + blob_refs.AT_ONCE])
            await forget_sizes(connection, unused)


def _unmeasured(user_id: int | None) -> Select[tuple[str, int]]:
    """The first painted pictures without a row, and whose they are."""
    parts = []
    for column in blob_refs.RESULTS:
        part = select(column.label("key"), jobs.c.user_id).where(column.is_not(None))
        parts.append(part if user_id is None else part.where(jobs.c.user_id == user_id))
    painted = union_all(*parts).subquery()
    known = select(stored_pictures.c.key).where(stored_pictures.c.key == painted.c.key).exists()
    return select(painted.c.key, painted.c.user_id).where(~known).limit(AT_ONCE)


def _no_room() -> str:
    return _("There is no room for new pictures just now: try again later, or tell whoever runs Easel here.")
