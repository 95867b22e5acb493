"""Who asks for a picture, and whether that is refused outright: the blocklist, and the rate limit."""

from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import and_, delete, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.db import upsert
from bot.errors import Refusal
from bot.language import _
from bot.tables.people import blocks

Kind = Literal["user", "guild"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One person or server that the operator has blocked; `reason` is only for the operator's eyes."""

    kind: Kind
    id: int
    reason: str
    created_at: float


async def block(connection: AsyncConnection, new: Block) -> None:
    """Refuses their requests from now on; blocking them again replaces the reason."""
    key = {"kind": new.kind, "id": new.id}
    await upsert(connection, blocks, key, {"reason": new.reason, "created_at": new.created_at})


async def unblock(connection: AsyncConnection, kind: Kind, blocked_id: int) -> bool:
    """False: there was no such block."""
    where = and_(blocks.c.kind == kind, blocks.c.id == blocked_id)
    return (await connection.execute(delete(blocks).where(where))).rowcount == 1


async def all_blocks(connection: AsyncConnection) -> Sequence[Block]:
    """All blocks, the oldest first."""
    query = select(blocks).order_by(blocks.c.created_at, blocks.c.kind, blocks.c.id)
    return [Block(**row) for row in (await connection.execute(query)).mappings()]


async def is_blocked(connection: AsyncConnection, *, user_id: int, guild_id: int | None) -> bool:
    """Whether the person, or the server that the request comes from, is blocked."""
    person = and_(blocks.c.kind == "user", blocks.c.id == user_id)
    server = and_(blocks.c.kind == "guild", blocks.c.id == guild_id)
    query = select(blocks.c.id).where(or_(person, server)).limit(1)
    return (await connection.execute(query)).first() is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Requester:
    """Who requests a picture, and where. channel_ids: the channel, and the parent of a thread."""

    user_id: int
    guild_id: int | None
    channel_ids: tuple[int, ...]
    role_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UserLimits:
    """What the installation allows one person at once, and within 24 hours (None: any number)."""

    at_once: int
    per_day: int | None


WINDOW_S = 60.0


class RateLimit:
    """Counts requests within the last minute, in this process: a server is on one shard only."""

    def __init__(self) -> None:
        # The key that has been quiet the longest comes first, so that old ones are found at once.
        self._times: OrderedDict[str, deque[float]] = OrderedDict()

    def take(self, key: str, *, limit: int | None, now: float) -> None:
        """Counts one request of `key`.

        Raises:
            Refusal: there were `limit` within the window; the refusal says when the next one may come.
        """
        if limit is None:
            return
        self._forget(now)
        times = self._times.setdefault(key, deque())
        while times and times[0] <= now - WINDOW_S:
            times.popleft()
        if len(times) >= limit:
            raise Refusal(_("That was too fast for me."), back_at=times[0] + WINDOW_S)
        times.append(now)
        self._times.move_to_end(key)

    def _forget(self, now: float) -> None:
        while self._times:
            key, times = next(iter(self._times.items()))
            if times and times[-1] > now - WINDOW_S:
                return
            del self._times[key]
