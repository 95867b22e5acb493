"""The outbox: rows that say what to send to Discord, leased by one gateway at a time until it is sent.

Eight tables have its columns: `deliveries` (of cards), `mentions`, `exhibits`, `digests`, `challenges`,
`log_entries`, `takedowns` and `requests`. An expired lease counts as a failed try: its gateway died, perhaps
after it had sent the message.
"""

from collections.abc import Collection, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, RowMapping, Select, Table, and_, case, or_, select, true, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.tables.people import challenges, digests, exhibits, log_entries, takedowns
from bot.tables.pictures import deliveries, mentions, requests

OUTBOX: Final = (deliveries, mentions, exhibits, digests, challenges, log_entries, takedowns, requests)
UNDONE: Final = {deliveries: deliveries.c.closed.is_(False), exhibits: exhibits.c.pending > 0}
"""Of tables that keep what is done: an index finds the few rows of which something is left to send."""
Key = tuple[Any, ...]
"""A row's primary key."""

LEASE_S = 10.0
"""How long the row that a gateway was sending stays leased after that gateway has died."""
RELEASED = {"lease_until": 0.0, "leased_by": None}


def is_due(table: Table, now: float, *, holder: str | None = None) -> ColumnElement[bool]:
    """To be sent now, and not leased by another gateway than `holder`."""
    free = table.c.lease_until <= now
    if holder is not None:
        free = or_(free, table.c.leased_by == holder)
    return and_(table.c.due_at <= now, free)


def begun(table: Table) -> ColumnElement[int]:
    """How many tries there were since the last success, with one that is under way or was cut off."""
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
    """Leases the rows whose keys `due` selects, except those that another gateway is leasing; returns them.

    values: what else is changed in them.
    """
    # PostgreSQL may evaluate a plain subquery anew for each row, which finds more than its limit.
    chosen = due.with_for_update(skip_locked=True).cte("chosen")
    chosen = chosen.prefix_with("MATERIALIZED", dialect="postgresql")
    lease = {"lease_until": now + LEASE_S, "leased_by": holder, "tries": begun(table)}
    claimed = await connection.execute(
        update(table)
        .where(tuple_(*table.primary_key.columns).in_(select(chosen)))
        .values(**lease, **values)
        .returning(*table.c)
    )
    return claimed.mappings().all()


async def renew(
    connection: AsyncConnection, table: Table, keys: Collection[Key], *, now: float, holder: str
) -> None:
    """Renews leases while sending takes long, because Discord asks to wait."""
    theirs = and_(_are(table, keys), table.c.leased_by == holder)
    await connection.execute(update(table).where(theirs).values(lease_until=now + LEASE_S))


async def settle(
    connection: AsyncConnection, table: Table, key: Key, *, due_at: float | None = 0.0, **values: object
) -> bool:
    """It was sent. due_at: the earliest time for the next change; values: what else is known now.

    False: its row was deleted meanwhile.
    """
    values = {"due_at": due_at, "tries": 0, "last_error": None, **RELEASED, **values}
    settled = await connection.execute(update(table).where(_are(table, [key])).values(**values))
    return settled.rowcount == 1


async def retry_later(
    connection: AsyncConnection, table: Table, key: Key, *, due_at: float, error: str
) -> None:
    """A try failed. error: how, for the operator."""
    values = {"due_at": due_at, "tries": table.c.tries + 1, "last_error": error, **RELEASED}
    await connection.execute(update(table).where(_are(table, [key])).values(**values))


async def retry_all_now(connection: AsyncConnection, *, now: float) -> int:
    """Discord can be reached again: what waits after a failed try is due at once. Returns how many rows."""
    found = 0
    for table in OUTBOX:
        waits = and_(UNDONE.get(table, true()), table.c.tries > 0, table.c.due_at > now)
        found += (await connection.execute(update(table).where(waits).values(due_at=0.0))).rowcount
    return found
