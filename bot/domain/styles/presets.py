"""Presets: a saved look with its style image, by name, each user's own."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from sqlalchemy import RowMapping, func, select, update
from sqlalchemy import delete as sql_delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.styles import builtin
from bot.domain.styles.names import MAX_NAME_CHARS, name_key, tidy, well_formed
from bot.domain.styles.style import Look, Preset
from bot.errors import Refusal
from bot.language import _
from bot.tables.pictures import presets


def clean_name(name: str) -> str:
    """The name as it is stored.

    Raises:
        Refusal: it is not `well_formed`, or is a built-in painting's name.
    """
    cleaned = well_formed(name)
    if builtin.painting(cleaned):
        raise Refusal(_("“{name}” is a built-in look: choose another name.", name=cleaned))
    return cleaned


def preset_of(row: RowMapping) -> Preset:
    return Preset(
        id=row["id"],
        user_id=row["user_id"],
        name=row["name"],
        look=Look.from_dict(row["look"]),
        style_blob=row["style_blob"],
        favourite=row["favourite"],
        code=row["code"],
    )


async def of_user(connection: AsyncConnection, user_id: int) -> list[Preset]:
    """All presets of one user: the favourites first, then by name."""
    order = (presets.c.favourite.desc(), presets.c.name_key)
    query = select(presets).where(presets.c.user_id == user_id).order_by(*order)
    return [preset_of(row) for row in (await connection.execute(query)).mappings()]


async def find(connection: AsyncConnection, user_id: int, name: str) -> Preset | None:
    query = select(presets).where(presets.c.user_id == user_id, presets.c.name_key == name_key(name))
    row = (await connection.execute(query)).mappings().one_or_none()
    return preset_of(row) if row else None


async def owned(connection: AsyncConnection, user_id: int, preset_id: int) -> Preset:
    """The preset behind a button's id.

    Raises:
        Refusal: it is gone, or was never this user's.
    """
    query = select(presets).where(presets.c.id == preset_id, presets.c.user_id == user_id)
    row = (await connection.execute(query)).mappings().one_or_none()
    if row is None:
        raise Refusal(_("That preset is no longer yours to change: see yours with /preset list."))
    return preset_of(row)


async def check_room(connection: AsyncConnection, user_id: int, name: str, *, limit: int) -> None:
    """Checks a new preset before its picture is fetched.

    Raises:
        Refusal: the name is bad or taken, or the user has `limit` presets already.
    """
    tidy = clean_name(name)
    if await find(connection, user_id, tidy):
        raise _taken(tidy)
    count = select(func.count()).select_from(presets).where(presets.c.user_id == user_id)
    if (await connection.execute(count)).scalar_one() >= limit:
        raise Refusal(
            _(
                "You have {limit} presets, which is the limit: delete one in /preset list first.",
                limit=limit,
            )
        )


async def save(
    connection: AsyncConnection,
    user_id: int,
    name: str,
    *,
    look: Look,
    style_blob: str,
    limit: int,
    now: float,
) -> Preset:
    """Stores a new preset. Raises as `check_room` does."""
    await check_room(connection, user_id, name, limit=limit)
    values = {
        "user_id": user_id,
        "name": clean_name(name),
        "name_key": name_key(clean_name(name)),
        "look": look.as_dict(),
        "style_blob": style_blob,
        "created_at": now,
    }
    with _unique(name):
        inserted = await connection.execute(presets.insert().values(**values).returning(*presets.c))
    return preset_of(inserted.mappings().one())


def _missing(name: str) -> Refusal:
    return Refusal(
        _(
            "You have no preset called “{name}”: see yours with /preset list.",
            name=tidy(name)[:MAX_NAME_CHARS],
        )
    )


def _taken(name: str) -> Refusal:
    return Refusal(
        _(
            "You already have a preset called “{name}”: choose another name or delete that one.",
            name=tidy(name),
        )
    )


@contextmanager
def _unique(name: str) -> Iterator[None]:
    """On PostgreSQL another transaction may take the name between our check and our write."""
    try:
        yield
    except IntegrityError as error:
        raise _taken(name) from error


async def require(connection: AsyncConnection, user_id: int, name: str) -> Preset:
    """The user's preset of that name.

    Raises:
        Refusal: there is none.
    """
    found = await find(connection, user_id, name)
    if found is None:
        raise _missing(name)
    return found


async def rename(connection: AsyncConnection, user_id: int, name: str, new_name: str) -> Preset:
    """Raises `Refusal` if there is no such preset, or the new name is bad or taken."""
    preset = await require(connection, user_id, name)
    tidy = clean_name(new_name)
    taken = await find(connection, user_id, tidy)
    if taken is not None and taken.id != preset.id:
        raise _taken(tidy)
    values = {"name": tidy, "name_key": name_key(tidy)}
    with _unique(tidy):
        await connection.execute(update(presets).where(presets.c.id == preset.id).values(**values))
    return await require(connection, user_id, tidy)


async def mark_favourite(connection: AsyncConnection, preset: Preset, *, favourite: bool) -> Preset:
    """Favourites come first wherever presets are offered."""
    await connection.execute(update(presets).where(presets.c.id == preset.id).values(favourite=favourite))
    return replace(preset, favourite=favourite)


async def change_look(
    connection: AsyncConnection, user_id: int, name: str, changes: Mapping[str, Any], *, afresh: bool = False
) -> Preset:
    """Changes the look's fields in `changes`; afresh: reset the others.

    Raises:
        Refusal: there is no such preset, or nothing to change.
    """
    preset = await require(connection, user_id, name)
    if not changes and not afresh:
        raise Refusal(_("Nothing was changed: give at least one of the settings."))
    look = replace(Look() if afresh else preset.look, **changes)
    await connection.execute(update(presets).where(presets.c.id == preset.id).values(look=look.as_dict()))
    return replace(preset, look=look)


async def delete(connection: AsyncConnection, user_id: int, name: str) -> Preset:
    """Deletes a preset and returns it. Raises `Refusal` if there is none."""
    preset = await require(connection, user_id, name)
    await connection.execute(sql_delete(presets).where(presets.c.id == preset.id))
    return preset
