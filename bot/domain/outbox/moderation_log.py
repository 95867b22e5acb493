"""What a server's moderators are told in their log channel: who asked, what was refused, what was removed.

An entry is deleted as soon as its message is posted; a server without a log channel has none.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

from sqlalchemy import Select, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.outbox import schedule
from bot.domain.outbox.schedule import is_due
from bot.domain.servers import server_settings
from bot.tables.people import log_entries

MAX_SUBJECT_CHARS = 500


class Kind(StrEnum):
    """What happened. `subject`: the style, or the refusal's sentence, or the reason of a block."""

    ASKED = "asked"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    DELETED = "deleted"
    TAKEN_DOWN = "taken down"
    LEFT_OUT = "left out"
    """Of a challenge."""
    BLOCKED = "blocked"
    UNBLOCKED = "unblocked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry. user_id: whose picture it is about; moderator_id: who did it, if that is somebody else."""

    id: int
    guild_id: int
    kind: Kind
    user_id: int
    moderator_id: int | None
    channel_id: int | None
    subject: str
    tries: int

    @property
    def key(self) -> tuple[int]:
        return (self.id,)


async def note(
    connection: AsyncConnection,
    guild_id: int | None,
    kind: Kind,
    *,
    user_id: int,
    subject: str,
    now: float,
    moderator_id: int | None = None,
    channel_id: int | None = None,
) -> None:
    """Adds an entry, if the server has a log channel."""
    if guild_id is None or (await server_settings.settings_of(connection, guild_id)).log_channel is None:
        return
    values = {
        "guild_id": guild_id,
        "kind": kind,
        "user_id": user_id,
        "moderator_id": None if moderator_id == user_id else moderator_id,
        "channel_id": channel_id,
        "subject": subject[:MAX_SUBJECT_CHARS],
        "created_at": now,
    }
    await connection.execute(log_entries.insert().values(**values))


def _due(now: float) -> Select[Any]:
    return select(log_entries.c.id, log_entries.c.guild_id).where(is_due(log_entries, now))


async def due_guilds(connection: AsyncConnection, *, now: float) -> set[int]:
    """The servers whose moderators have something to read."""
    return {row.guild_id for row in await connection.execute(_due(now))}


async def claim_due(
    connection: AsyncConnection, guild_ids: Sequence[int], *, now: float, limit: int, holder: str
) -> list[Entry]:
    """Leases entries of these servers, the oldest first."""
    due = _due(now).with_only_columns(log_entries.c.id).where(log_entries.c.guild_id.in_(guild_ids))
    due = due.order_by(log_entries.c.id).limit(limit)
    rows = await schedule.claim(connection, log_entries, due, now=now, holder=holder)
    names = [field.name for field in fields(Entry)]
    found = [{name: row[name] for name in names} for row in sorted(rows, key=lambda one: one["id"])]
    return [Entry(**{**one, "kind": Kind(one["kind"]), "tries": one["tries"] + 1}) for one in found]


async def forget(connection: AsyncConnection, entry: Entry) -> None:
    """It is posted, or never will be."""
    await connection.execute(delete(log_entries).where(log_entries.c.id == entry.id))
