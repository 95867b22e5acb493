"""Presets for tests: saved in one line where only the name matters."""

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.styles import presets
from bot.domain.styles.style import Look, Preset
from tests.support.chat import ChatHarness
from tests.support.picture_files import png
from tests.support.rows import ADA, BLOB, NOW


async def save(
    connection: AsyncConnection, name: str, *, user_id: int = ADA, look: Look | None = None, limit: int = 20
) -> Preset:
    return await presets.save(
        connection, user_id, name, look=look or Look(), style_blob=BLOB, limit=limit, now=NOW
    )


async def keep(chat: ChatHarness, *names: str, colour: str = "orange") -> None:
    """Presets of ada's, with a picture."""
    blob = await chat.services.picture_store.blobs.put(png(400, 200, colour))
    async with chat.services.database.begin() as connection:
        for name in names:
            await presets.save(connection, chat.ada.id, name, look=Look(), style_blob=blob, limit=50, now=0.0)
