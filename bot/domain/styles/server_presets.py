"""A server's presets: copies of its members' presets, for everybody in that server only."""

from sqlalchemy import RowMapping, delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.styles.names import MAX_NAME_CHARS, name_key
from bot.domain.styles.style import Look, Preset, ServerPreset
from bot.errors import Refusal
from bot.language import _
from bot.tables.pictures import server_presets


def _server_preset(row: RowMapping) -> ServerPreset:
    return ServerPreset(
        id=row["id"],
        guild_id=row["guild_id"],
        user_id=row["user_id"],
        name=row["name"],
        look=Look.from_dict(row["look"]),
        style_blob=row["style_blob"],
    )


async def of_guild(connection: AsyncConnection, guild_id: int | None) -> list[ServerPreset]:
    """All presets of one server, by name; none outside of servers."""
    if guild_id is None:
        return []
    query = (
        select(server_presets)
        .where(server_presets.c.guild_id == guild_id)
        .order_by(server_presets.c.name_key)
    )
    return [_server_preset(row) for row in (await connection.execute(query)).mappings()]


async def find(connection: AsyncConnection, guild_id: int | None, name: str) -> ServerPreset | None:
    if guild_id is None:
        return None
    query = select(server_presets).where(
        server_presets.c.guild_id == guild_id, server_presets.c.name_key == name_key(name)
    )
    row = (await connection.execute(query)).mappings().one_or_none()
    return _server_preset(row) if row else None


async def share(
    connection: AsyncConnection, guild_id: int, preset: Preset, *, limit: int, now: float
) -> ServerPreset:
    """Copies `preset` to a server, or updates the copy that the same person has shared before.

    Raises:
        Refusal: the name is taken there, or the server has `limit` presets already.
    """
    there = await find(connection, guild_id, preset.name)
    values = {
        "user_id": preset.user_id,
        "name": preset.name,
        "name_key": name_key(preset.name),
        "look": preset.look.as_dict(),
        "style_blob": preset.style_blob,
    }
    if there is not None and there.user_id != preset.user_id:
        raise _taken(preset.name)
    if there is not None:
        again = update(server_presets).where(server_presets.c.id == there.id).values(**values)
        written = await connection.execute(again.returning(*server_presets.c))
        return _server_preset(written.mappings().one())
    await _check_room(connection, guild_id, limit=limit)
    query = server_presets.insert().values(guild_id=guild_id, created_at=now, **values)
    try:
        written = await connection.execute(query.returning(*server_presets.c))
    except IntegrityError as error:  # on PostgreSQL somebody else may take the name since we looked
        raise _taken(preset.name) from error
    return _server_preset(written.mappings().one())


async def _check_room(connection: AsyncConnection, guild_id: int, *, limit: int) -> None:
    count = select(func.count()).select_from(server_presets).where(server_presets.c.guild_id == guild_id)
    if (await connection.execute(count)).scalar_one() >= limit:
        raise Refusal(
            _(
                "This server has {limit} presets, which is the limit: one has to go first, in /preset list.",
                limit=limit,
            )
        )


def _taken(name: str) -> Refusal:
    return Refusal(
        _("This server already has a preset called “{name}”: rename yours before you share it.", name=name)
    )


def may_remove(preset: ServerPreset, *, user_id: int, moderator: bool) -> bool:
    return moderator or preset.user_id == user_id


async def remove(
    connection: AsyncConnection, guild_id: int, name: str, *, user_id: int, moderator: bool
) -> ServerPreset:
    """Removes a preset from a server; whoever shared it keeps their own.

    Raises:
        Refusal: there is none of that name, or it is not this person's to remove.
    """
    preset = await find(connection, guild_id, name)
    if preset is None:
        raise Refusal(
            _("This server has no preset called “{name}”.", name=" ".join(name.split())[:MAX_NAME_CHARS])
        )
    if not may_remove(preset, user_id=user_id, moderator=moderator):
        raise Refusal(_("Only moderators and whoever shared this preset can remove it."))
    await connection.execute(delete(server_presets).where(server_presets.c.id == preset.id))
    return preset


async def of_id(connection: AsyncConnection, guild_id: int | None, preset_id: int) -> ServerPreset:
    """The preset behind a button's id.

    Raises:
        Refusal: it does not exist any more, or belongs to another server.
    """
    query = select(server_presets).where(
        server_presets.c.id == preset_id, server_presets.c.guild_id == guild_id
    )
    row = (await connection.execute(query)).mappings().one_or_none()
    if row is None:
        raise Refusal(_("This server no longer has that preset."))
    return _server_preset(row)
