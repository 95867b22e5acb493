"""Presets for tests: saved in one line where only the name matters."""

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.styles import presets
from bot.domain.styles.style import Look, Preset
from tests.support.rows import ADA, BLOB, NOW


async def save(
    connection: AsyncConnection, name: str, *, user_id: int = ADA, look: Look | None = None, limit: int = 20
) -> Preset:
    return await presets.save(
        connection, user_id, name, look=look or Look(), style_blob=BLOB, limit=limit, now=NOW
    )
