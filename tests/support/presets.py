"""Presets for tests: saved in one line where only the name matters."""

from typing import Any

from simcord import InteractionResult, MemberActor, UserHandle
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


async def opened(chat: ChatHarness, name: str, who: MemberActor | None = None) -> InteractionResult:
    """The panel of a style on the first page of `/preset list`."""
    who = who or chat.ada
    return await open_in(who, await who.slash(chat.channel, "preset list"), name)


async def open_in(
    who: MemberActor | UserHandle, listed: InteractionResult, name: str, *, nth: int = 0
) -> InteractionResult:
    """The same, from a list that is shown already; nth: of several of that name."""
    assert listed.response is not None
    [select] = [one for one in parts(listed.response.components) if one["type"] == 3]
    values = [one["value"] for one in select["options"] if one["label"].removeprefix("★ ") == name]
    await who.select(listed.response.message, [values[nth]], custom_id=select["custom_id"])
    return listed


def parts(components: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """All components of a message, however deep."""
    found = []
    for one in components:
        found += [one, *parts(one.get("components", []))]
    return found


async def press(who: MemberActor | UserHandle, shown: InteractionResult, *labels: str) -> InteractionResult:
    """Presses the buttons of a panel one after the other."""
    assert shown.response is not None
    result = shown
    for label in labels:
        result = await who.click(shown.response.message, label=label)
    return result


async def delete(chat: ChatHarness, name: str) -> None:
    """Ada's preset, without a click."""
    async with chat.services.database.begin() as connection:
        await presets.delete(connection, chat.ada.id, name)
