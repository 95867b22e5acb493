"""The outbox: rows of what is to be sent to Discord, leased by one gateway at a time until it is sent.

Four tables have its columns: `deliveries` (of cards), `exhibits`, `digests` and `takedowns`. A lease that ran
out counts as a failed try: its gateway died, and may have sent the message before.
"""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Select, Table, and_, case, or_, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

Key = tuple[Any, ...]
"""A row's primary key."""

LEASE_S = 10.0
"""How long a gateway that died keeps others from what it was sending."""
RELEASED = {"lease_until": 0.0, "leased_by": None}


def is_due(table: Table, now: float, *, holder: str | None = None) -> ColumnElement[bool]:
    """To be sent now, and nobody is at it; what `holder` has leased counts as free too."""
    free = table.c.lease_until <= now
    if holder is not None:
        free = or_(free, table.c.leased_by == holder)
    return and_(table.c.due_at <= now, free)


def begun(table: Table) -> ColumnElement[int]:
    """How often a row was tried since it last succeeded, with the try that is under way or was cut off."""
    return table.c.tries + case((table.c.lease_until > 0, 1), else_=0)


def _are(table: Table, keys: Collection[Key]) -> ColumnElement[bool]:
    return tuple_(*table.primary_key.columns).in_(list(keys))


async def claim(
    connection: AsyncConnection,
    table: Table,
    due: Select[Any],
    *,
    now: float,
    holder: str | None = None,
    **values: object,
) -> Sequence[RowMapping]:
    """Leases the rows whose keys `due` selects, but for those that another is just taking; returns them.

    values: what else changes with it.
    """
    lease = {"lease_until": now + LEASE_S, "leased_by": holder, "tries": begun(table)}
    claimed = await connection.execute(
        update(table)
        .where(tuple_(*table.primary_key.columns).in_(due.with_for_update(skip_locked=True)))
        .values(**lease, **values)
        .returning(*table.c)
    )
    return claimed.mappings().all()


async def renew(
    connection: AsyncConnection, table: Table, keys: Collection[Key], *, now: float, holder: str
) -> None:
    """For what takes long, because Discord asks to wait."""
    theirs = and_(_are(table, keys), table.c.leased_by == holder)
    await connection.execute(update(table).where(theirs).values(lease_until=now + LEASE_S))


async def settle(
    connection: AsyncConnection, table: Table, key: Key, *, due_at: float | None = 0.0, **values: object
) -> None:
    """It was sent. due_at: from when the next change of it may be; `values`: what else is known now."""
    values = {"due_at": due_at, "tries": 0, "last_error": None, **RELEASED, **values}
    await connection.execute(update(table).where(_are(table, [key])).values(**values))


async def retry_later(
    connection: AsyncConnection, table: Table, key: Key, *, due_at: float, error: str
) -> None:
    """A try failed; `error` says how, for the operator."""
    values = {"due_at": due_at, "tries": table.c.tries + 1, "last_error": error, **RELEASED}
    await connection.execute(update(table).where(_are(table, [key])).values(**values))
