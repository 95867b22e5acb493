"""Presets by code: whoever knows the code can import a copy, which is then their own."""

import secrets
from dataclasses import replace

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.styles import presets as own
from bot.domain.styles.style import Preset
from bot.errors import Refusal
from bot.language import _
from bot.tables.pictures import presets

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Without characters that are easily confused: 0 and O; 1, I and L."""
CODE_CHARS = 10
"""31 ** 10 codes: among a million shared presets a guess is right once in 800 million."""


async def code_of(connection: AsyncConnection, preset: Preset) -> str:
    """The preset's code, the same each time until it is revoked."""
    if preset.code is not None:
        return preset.code
    code = "".join(secrets.choice(ALPHABET) for _place in range(CODE_CHARS))
    await connection.execute(update(presets).where(presets.c.id == preset.id).values(code=code))
    return code


async def stop(connection: AsyncConnection, preset: Preset) -> Preset:
    """Revokes the code; copies that were imported stay.

    Raises:
        Refusal: the preset has no code.
    """
    if preset.code is None:
        raise Refusal(_("“{name}” is not shared by a code.", name=preset.name))
    await connection.execute(update(presets).where(presets.c.id == preset.id).values(code=None))
    return replace(preset, code=None)


async def take(
    connection: AsyncConnection, user_id: int, code: str, *, name: str | None, limit: int, now: float
) -> Preset:
    """Copies the preset behind `code` to a person's own, under its name or another.

    Raises:
        Refusal: nothing has that code; or as `presets.save`.
    """
    query = select(presets).where(presets.c.code == tidy_code(code))
    row = (await connection.execute(query)).mappings().one_or_none()
    if row is None:
        raise Refusal(_("No preset has that code: ask for it again, it may have been stopped."))
    shared = own.preset_of(row)
    return await own.save(
        connection,
        user_id,
        name or shared.name,
        look=shared.look,
        style_blob=shared.style_blob,
        limit=limit,
        now=now,
    )


def tidy_code(code: str) -> str:
    """A code as it is stored, however it was typed."""
    return "".join(char for char in code.upper() if char in ALPHABET)


def spaced(code: str) -> str:
    """A code as it is shown: "ABCDE-FGHJK"."""
    return f"{code[: CODE_CHARS // 2]}-{code[CODE_CHARS // 2 :]}"
