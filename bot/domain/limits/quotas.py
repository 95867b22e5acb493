"""Whether somebody may request a picture here and now: where, how many at once, and within 24 hours."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from sqlalchemy import ColumnElement, Table, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.jobs import eta
from bot.domain.jobs.model import AS_PICTURES, WAITING
from bot.domain.limits import access, server_blocks
from bot.domain.limits.access import Requester, UserLimits
from bot.domain.servers.server_settings import GuildSettings
from bot.errors import Refusal
from bot.language import _, n_
from bot.tables.pictures import jobs, requests

DAY_S = 24 * 3600.0
COSTS = or_(jobs.c.started_at.is_not(None), jobs.c.ended_at.is_(None))
"""Which jobs count: one that was cancelled before it started has cost nothing."""


class Kind(StrEnum):
    AT_ONCE = "at once"
    AT_ONCE_HERE = "at once in this server"
    PER_DAY = "per day"
    PER_DAY_HERE = "per day in this server"
    PER_DAY_OF_SERVER = "per day of this server"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """One limit. returns_at: when another picture is allowed, if none is left and that is known."""

    kind: Kind
    used: int
    limit: int
    returns_at: float | None = None

    @property
    def left(self) -> int:
        return max(0, self.limit - self.used)


_OF_DAY = {Kind.PER_DAY, Kind.PER_DAY_HERE, Kind.PER_DAY_OF_SERVER}
_Whose = Mapping[str, int | None]
"""Whose pictures count: values of columns that jobs and requests have."""


def per_day_here(server: GuildSettings, role_ids: tuple[int, ...]) -> int | None:
    """A person's pictures within 24 hours in a server: the best of their roles, else everybody's number."""
    by_role = server.jobs_per_day_of_role or {}
    of_roles = [by_role[str(role)] for role in role_ids if str(role) in by_role]
    return max(of_roles, default=server.jobs_per_day)


async def check(
    connection: AsyncConnection,
    requester: Requester,
    server: GuildSettings,
    limits: UserLimits,
    *,
    now: float,
    workers: int,
    before: int | None = None,
) -> None:
    """Raises `Refusal` when this person may not request a picture here or now.

    workers: how many pictures are painted at once; before: see `count_pending`.
    """
    if await access.is_blocked(connection, user_id=requester.user_id, guild_id=requester.guild_id):
        raise Refusal(_("This request cannot be taken."))
    if await server_blocks.is_blocked(connection, user_id=requester.user_id, guild_id=requester.guild_id):
        raise Refusal(_("The moderators of this server take no requests from you: ask them why."))
    _check_place(requester, server)
    for quota in await quotas_of(
        connection, requester, server, limits, now=now, workers=workers, before=before
    ):
        if not quota.left:
            raise _refusal(quota)


def _check_place(requester: Requester, server: GuildSettings) -> None:
    """Raises `Refusal` if the server does not allow requests in this channel, or by this person's roles."""
    if server.allowed_channels and not set(requester.channel_ids) & set(server.allowed_channels):
        raise Refusal(_("Not in this channel: /help shows where this server takes pictures."))
    if server.allowed_roles and not set(requester.role_ids) & set(server.allowed_roles):
        raise Refusal(
            _("This server lets only some roles ask for pictures: its moderators can tell you more.")
        )


async def quotas_of(
    connection: AsyncConnection,
    requester: Requester,
    server: GuildSettings,
    limits: UserLimits,
    *,
    now: float,
    workers: int,
    before: int | None = None,
) -> list[Quota]:
    """Every limit that applies to this person here; those without a number are left out."""
    mine, here = {"user_id": requester.user_id}, {"guild_id": requester.guild_id}
    rules: list[tuple[Kind, int | None, _Whose]] = [
        (Kind.AT_ONCE, limits.at_once, mine),
        (Kind.AT_ONCE_HERE, server.jobs_at_once, mine | here),
        (Kind.PER_DAY, limits.per_day, mine),
        (Kind.PER_DAY_HERE, per_day_here(server, requester.role_ids), mine | here),
        (Kind.PER_DAY_OF_SERVER, server.jobs_per_day_of_server, here),
    ]
    found = []
    for kind, limit, whose in rules:
        if limit is not None:
            count = _of_day if kind in _OF_DAY else _waiting
            pending = await count_pending(connection, whose, before=before)
            quota = await count(connection, kind, limit, whose, pending, now)
            if kind not in _OF_DAY and not quota.left:
                at = await _place_free_at(connection, requester, quota, now=now, workers=workers)
                quota = replace(quota, returns_at=at)
            found.append(quota)
    return found


async def _place_free_at(
    connection: AsyncConnection, requester: Requester, quota: Quota, *, now: float, workers: int
) -> float | None:
    """When enough of the person's waiting pictures will have ended for them to request another."""
    here = requester.guild_id if quota.kind is Kind.AT_ONCE_HERE else None
    leaving = quota.used - quota.limit + 1
    return await eta.free_at(
        connection, now=now, workers=workers, leaving=leaving, user_id=requester.user_id, guild_id=here
    )


async def count_pending(
    connection: AsyncConnection, whose: _Whose | None = None, *, before: int | None = None
) -> int:
    """Requests that have not become jobs yet.

    before: only those earlier than this interaction, so that of several at once just the last are too many.
    """
    where = [*_of(requests, whose or {}), requests.c.asked.is_not(None)]
    if before is not None:
        where.append(requests.c.interaction_id < before)
    query = select(func.count()).select_from(requests).where(*where)
    return int((await connection.execute(query)).scalar_one())


def _of(table: Table, whose: _Whose) -> list[ColumnElement[bool]]:
    return [table.c[name] == value for name, value in whose.items()]


async def _waiting(
    connection: AsyncConnection, kind: Kind, limit: int, whose: _Whose, pending: int, _now: float
) -> Quota:
    query = select(func.count()).select_from(jobs).where(jobs.c.state.in_(WAITING), *_of(jobs, whose))
    used = int((await connection.execute(query)).scalar_one()) + pending
    return Quota(kind=kind, used=used, limit=limit)


async def _of_day(
    connection: AsyncConnection, kind: Kind, limit: int, whose: _Whose, pending: int, now: float
) -> Quota:
    """Rolling: a picture counts for 24 hours after it was requested, and a clip as several."""
    counted = (*_of(jobs, whose), COSTS, jobs.c.created_at > now - DAY_S)
    query = select(func.coalesce(func.sum(AS_PICTURES), 0)).where(*counted)
    used = int((await connection.execute(query)).scalar_one()) + pending
    if used < limit:
        return Quota(kind=kind, used=used, limit=limit)
    # Another one is allowed once all but `limit - 1` of them are older than a day.
    leaving = used - limit + 1
    first = select(jobs.c.created_at, AS_PICTURES).where(*counted).order_by(jobs.c.created_at).limit(leaving)
    leaves_at: float | None = None
    gone = 0  # with a limit of 0 not enough of them ever go
    for created_at, pictures in await connection.execute(first):
        leaves_at, gone = created_at, gone + pictures
        if gone >= leaving:
            break
    if gone < leaving:
        leaves_at = now if pending else None  # it has come just now
    return Quota(kind=kind, used=used, limit=limit, returns_at=leaves_at + DAY_S if leaves_at else None)


def _refusal(quota: Quota) -> Refusal:
    match quota.kind:
        case Kind.AT_ONCE | Kind.AT_ONCE_HERE:
            sentence = n_(
                "You already have {count} picture in the line, which is the limit here: "
                "wait for it, or stop it in /queue.",
                "You already have {count} pictures in the line, which is the limit here: "
                "wait for one, or stop one in /queue.",
                quota.used,
            )
        case Kind.PER_DAY | Kind.PER_DAY_HERE:
            sentence = n_(
                "You have asked for {count} picture within 24 hours, which is the limit here.",
                "You have asked for {count} pictures within 24 hours, which is the limit here.",
                quota.used,
            )
        case Kind.PER_DAY_OF_SERVER:
            sentence = n_(
                "This server has asked for {count} picture within 24 hours, which is its limit.",
                "This server has asked for {count} pictures within 24 hours, which is its limit.",
                quota.used,
            )
    return Refusal(sentence, back_at=quota.returns_at)
