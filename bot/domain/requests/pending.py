"""Requests that have no job or answer yet: written down, leased, ended.

A row is written before Discord is told "thinking", and deleted in the transaction that inserts the job, or
once the person has read why there is none. Whoever writes it leases it; when that process dies, the lease
runs out, and `bot.chat.cards.request_runner` does the rest. Each write carries the lease's holder: a process
that has lost its lease can neither queue a job nor forget the row.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Final, Self

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, RowMapping, Select, and_, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.db import insert, one_at_a_time
from bot.domain.jobs.model import Address
from bot.domain.outbox import schedule
from bot.domain.outbox.schedule import LEASE_S, RELEASED, is_due
from bot.domain.requests.request import Request
from bot.errors import Refusal
from bot.language import _, spoken
from bot.tables.pictures import requests

WHO_AND_WHERE: Final = ("interaction_id", "user_id", "guild_id", "channel_id", "private", "language")
"""Columns that a request has as fields."""
_ADDRESS: Final = ("interaction_token", "token_until", "filesize_limit", "channel_reachable")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """One row.

    asked: the rest of a `Request`, as JSON; None: something that cannot be done again by anybody else.
    refusal: the sentence that the person has yet to read, in their language.
    tries: how often work on it was begun, this time included.
    """

    interaction_id: int
    user_id: int
    guild_id: int | None
    channel_id: int
    private: bool
    language: str
    address: Address
    asked: Mapping[str, Any] | None = None
    refusal: str | None = None
    tries: int = 1

    @property
    def key(self) -> tuple[int]:
        return (self.interaction_id,)

    @classmethod
    def of(cls, request: Request) -> Self:
        # A name is looked up when its turn comes, whatever it stood for before.
        bare = replace(request, styles=tuple(replace(style, kept=None) for style in request.styles))
        asked = _adapter().dump_python(
            bare, mode="json", exclude={*WHO_AND_WHERE, "address"}, exclude_defaults=True
        )
        known = {name: getattr(request, name) for name in WHO_AND_WHERE}
        return cls(
            **{**known, "language": request.language or spoken()}, address=request.address, asked=asked
        )

    @classmethod
    def from_row(cls, row: RowMapping) -> Self:
        return cls(
            **{name: row[name] for name in (*WHO_AND_WHERE, "asked", "refusal")},
            address=Address(**{name: row[name] for name in _ADDRESS}),
            tries=row["tries"] + 1,
        )

    def request(self) -> Request:
        """What was asked for.

        Raises:
            ValueError: another version of Easel has written it, or nothing can be asked for again.
        """
        if self.asked is None:
            raise ValueError(f"interaction {self.interaction_id} asked for no picture")
        known = {name: getattr(self, name) for name in WHO_AND_WHERE}
        return _adapter().validate_python({**self.asked, **known, "address": self.address})


@cache
def _adapter() -> TypeAdapter[Request]:
    return TypeAdapter(Request)


async def add(connection: AsyncConnection, pending: Pending, *, holder: str, now: float) -> bool:
    """Writes a row, leased by `holder`. False: another process has written it already."""
    values = {
        **{name: getattr(pending, name) for name in (*WHO_AND_WHERE, "asked")},
        **{name: getattr(pending.address, name) for name in _ADDRESS},
        "lease_until": now + LEASE_S,
        "leased_by": holder,
        "created_at": now,
    }
    statement = insert(connection, requests).values(**values).on_conflict_do_nothing()
    await connection.execute(statement)
    # It is ours as well where an earlier try was committed, and only the answer was lost.
    ours = select(requests.c.interaction_id).where(_held(pending.interaction_id, holder))
    return (await connection.execute(ours)).first() is not None


def _held(interaction_id: int, holder: str) -> ColumnElement[bool]:
    return and_(requests.c.interaction_id == interaction_id, requests.c.leased_by == holder)


def _due(now: float) -> Select[Any]:
    return (
        select(requests.c.interaction_id)
        .where(is_due(requests, now))
        .order_by(requests.c.created_at, requests.c.interaction_id)
    )


async def anything_due(connection: AsyncConnection, *, now: float) -> bool:
    return (await connection.execute(_due(now).limit(1))).first() is not None


async def claim_due(connection: AsyncConnection, *, now: float, limit: int, holder: str) -> list[Pending]:
    """Leases some of the rows that nobody is working on, the oldest first."""
    rows = await schedule.claim(connection, requests, _due(now).limit(limit), now=now, holder=holder)
    return [Pending.from_row(row) for row in rows]


async def end(connection: AsyncConnection, interaction_id: int, *, holder: str) -> bool:
    """Deletes a row, with its token and addresses. False: its lease is lost, or it was deleted before."""
    return (await connection.execute(delete(requests).where(_held(interaction_id, holder)))).rowcount == 1


async def check_held(connection: AsyncConnection, interaction_id: int, user_id: int, *, holder: str) -> None:
    """What the interaction saves for the person may be saved in this transaction.

    Raises:
        Refusal: the person's data was deleted meanwhile.
    """
    await one_at_a_time(connection, user_id)
    ours = select(requests.c.interaction_id).where(_held(interaction_id, holder))
    if (await connection.execute(ours)).first() is None:
        raise Refusal(_("Your data was deleted meanwhile, so nothing was saved: ask again if you want it."))


async def refuse(connection: AsyncConnection, interaction_id: int, sentence: str, *, holder: str) -> bool:
    """Notes the sentence that the person has yet to read, and forgets what was asked for."""
    values = {"refusal": sentence, "asked": None}
    changed = await connection.execute(update(requests).where(_held(interaction_id, holder)).values(**values))
    return changed.rowcount == 1


async def release(connection: AsyncConnection, *, holder: str, interaction_id: int | None = None) -> None:
    """Leaves a row, or all of the holder's, to whoever is alive; this does not count as a try."""
    which = requests.c.leased_by == holder
    if interaction_id is not None:
        which = _held(interaction_id, holder)
    await connection.execute(update(requests).where(which).values(**RELEASED))
