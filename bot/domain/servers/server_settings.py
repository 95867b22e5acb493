"""What each server has decided for itself, and whether its managers were told how to set it up."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Final, Literal, Self

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.db import note_once, one_at_a_time, upsert
from bot.errors import Refusal
from bot.language import _
from bot.tables.people import guilds
from nst_core.params import Quality

MAX_ROLE_QUOTAS = 25
SPOILERS: Final = ("always", "refuse")


@dataclass(frozen=True, slots=True, kw_only=True)
class GuildSettings:
    """One server's settings; None and empty tuples leave the installation's choice.

    allowed_channels, allowed_roles: where and by whom pictures may be requested; empty: anywhere, anybody.
    jobs_at_once, jobs_per_day: of one person here; jobs_per_day_of_role: the best of a person's roles counts.
    deleting_roles: who may delete others' pictures, besides moderators.
    language: of the cards that everybody sees; None: the server's locale on Discord.
    mention_when_ready: whether people are called to a picture that took long; None: they are.
    art_channel: where pictures hang (or, if art_only, are to be seen only there), with a thread each if
    art_threads; art_hangs: which ones, see `bot.domain.gallery.hanging`; art_stars: from how many stars on.
    weekly_style: a preset's name, the style of the week; weekly_changes: another one comes up each week.
    log_channel: where moderators see who asks and what is refused or removed.
    spoilers: "always" hides every picture until it is clicked, "refuse" takes none that looks for adults.
    """

    allowed_channels: tuple[int, ...] = ()
    allowed_roles: tuple[int, ...] = ()
    deleting_roles: tuple[int, ...] = ()
    default_strength: float | None = None
    default_quality: Quality | None = None
    max_quality: Quality | None = None
    max_size_px: int | None = None
    jobs_at_once: int | None = None
    jobs_per_day: int | None = None
    jobs_per_day_of_server: int | None = None
    jobs_per_day_of_role: Mapping[str, int] | None = None
    language: str | None = None
    mention_when_ready: bool | None = None
    art_channel: int | None = None
    art_hangs: Literal["asked", "starred", "all"] = "asked"
    art_stars: int = 3
    art_only: bool = False
    art_threads: bool = False
    art_digest: bool = True
    weekly_style: str | None = None
    weekly_changes: bool = False
    log_channel: int | None = None
    spoilers: Literal["always", "refuse"] | None = None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Reads stored settings; keys of other versions are ignored, JSON's lists become tuples."""
        known = {field.name for field in fields(cls)}
        chosen: dict[str, Any] = {key: value for key, value in values.items() if key in known}
        lists = {key: tuple(value) for key, value in chosen.items() if isinstance(value, list)}
        return cls(**{**chosen, **lists})


async def settings_of(connection: AsyncConnection, guild_id: int | None) -> GuildSettings:
    """A server's settings; the defaults for a server without any, and for direct messages."""
    if guild_id is None:
        return GuildSettings()
    query = select(guilds.c.settings).where(guilds.c.guild_id == guild_id)
    return GuildSettings.from_dict((await connection.execute(query)).scalar_one_or_none() or {})


async def keep(connection: AsyncConnection, guild_id: int, settings: GuildSettings) -> None:
    await upsert(connection, guilds, {"guild_id": guild_id}, {"settings": settings.as_dict()})


async def change(connection: AsyncConnection, guild_id: int, **changes: Any) -> GuildSettings:
    """Changes some of a server's settings and returns all; changes by two managers at once are both kept."""
    await one_at_a_time(connection, guild_id)
    settings = replace(await settings_of(connection, guild_id), **changes)
    await keep(connection, guild_id, settings)
    return settings


async def set_quota_of_roles(
    connection: AsyncConnection, guild_id: int, role_ids: Iterable[int], per_day: int | None
) -> GuildSettings:
    """Gives some roles a number of pictures per day; None removes it.

    Raises:
        Refusal: too many roles would have a number.
    """
    await one_at_a_time(connection, guild_id)
    settings = await settings_of(connection, guild_id)
    chosen = {str(role_id): per_day for role_id in role_ids}
    everyone = {**(settings.jobs_per_day_of_role or {}), **chosen}
    quotas = {role_id: number for role_id, number in everyone.items() if number is not None}
    if len(quotas) > MAX_ROLE_QUOTAS:
        raise Refusal(
            _(
                "At most {limit} roles can have a number of their own: empty others first.",
                limit=MAX_ROLE_QUOTAS,
            )
        )
    return await change(connection, guild_id, jobs_per_day_of_role=quotas or None)


async def claim_tour(connection: AsyncConnection, guild_id: int, *, now: float) -> bool:
    """True for the first call and never again, even if two come at once."""
    return await note_once(connection, guilds.c.toured_at, {"guild_id": guild_id}, now, new={"settings": {}})
