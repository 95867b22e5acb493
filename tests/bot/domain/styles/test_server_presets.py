"""Servers' presets: shared by members, for that server alone, with names as strict as people's own."""

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.styles import presets, server_presets
from bot.domain.styles.style import Look, Preset, ServerPreset
from bot.errors import Refusal
from tests.bot.domain.styles.test_presets import DIFFERENT, SAME
from tests.support.presets import save
from tests.support.rows import ADA, BEN, BLOB, NOW

SERVER, ELSEWHERE = 10, 11


async def share(connection: AsyncConnection, preset: Preset, *, limit: int = 50) -> ServerPreset:
    return await server_presets.share(connection, SERVER, preset, limit=limit, now=NOW)


async def names(connection: AsyncConnection, guild_id: int | None = SERVER) -> list[str]:
    return [one.name for one in await server_presets.of_guild(connection, guild_id)]


async def test_a_shared_preset_is_a_copy_in_one_server(connection: AsyncConnection) -> None:
    look = Look(strength=75, init="noise")
    shared = await share(connection, await save(connection, "Night", look=look))
    await presets.delete(connection, ADA, "Night")
    assert (shared.user_id, shared.look, shared.style_blob) == (ADA, look, BLOB)
    assert await server_presets.find(connection, SERVER, "NIGHT") == shared
    assert await server_presets.find(connection, ELSEWHERE, "Night") is None
    assert await server_presets.find(connection, None, "Night") is None
    assert await names(connection, ELSEWHERE) == await names(connection, None) == []


async def test_sharing_again_brings_the_copy_up_to_date(connection: AsyncConnection) -> None:
    first = await share(connection, await save(connection, "Night"), limit=1)
    changed = await presets.change_look(connection, ADA, "Night", {"strength": 90})
    again = await share(connection, changed, limit=1)
    assert (again.id, again.look.strength) == (first.id, 90)


@pytest.mark.parametrize(("one", "other"), SAME)
async def test_somebody_else_s_name_is_taken_in_every_disguise(
    connection: AsyncConnection, one: str, other: str
) -> None:
    await share(connection, await save(connection, one, user_id=ADA))
    with pytest.raises(Refusal, match="already has a preset called"):
        await share(connection, await save(connection, other, user_id=BEN))
    assert len(await names(connection)) == 1


async def test_names_that_differ_are_shared_side_by_side(connection: AsyncConnection) -> None:
    wanted = {name for pair in DIFFERENT for name in pair}
    for name in wanted:
        await share(connection, await save(connection, name, limit=100))
    assert set(await names(connection)) == wanted


async def test_no_more_than_the_limit_and_a_removed_one_makes_room(connection: AsyncConnection) -> None:
    for name in ("bee", "Ant"):
        await share(connection, await save(connection, name), limit=2)
    third = await save(connection, "cat")
    with pytest.raises(Refusal, match="This server has 2 presets, which is the limit"):
        await share(connection, third, limit=2)
    await server_presets.remove(connection, SERVER, "BEE", user_id=ADA, moderator=False)
    await share(connection, third, limit=2)
    assert await names(connection) == ["Ant", "cat"]


async def test_only_the_sharer_and_moderators_remove(connection: AsyncConnection) -> None:
    await share(connection, await save(connection, "Night"))
    with pytest.raises(Refusal, match="Only moderators and whoever shared"):
        await server_presets.remove(connection, SERVER, "Night", user_id=BEN, moderator=False)
    assert await names(connection) == ["Night"]
    await server_presets.remove(connection, SERVER, "Night", user_id=BEN, moderator=True)
    assert await names(connection) == []
    assert await presets.find(connection, ADA, "Night") is not None, "the sharer's own stays"


async def test_what_is_not_there_cannot_be_removed(connection: AsyncConnection) -> None:
    shared = await share(connection, await save(connection, "Night"))
    with pytest.raises(Refusal, match="This server has no preset called “Night”"):
        await server_presets.remove(connection, ELSEWHERE, " Night ", user_id=ADA, moderator=True)
    assert await server_presets.of_id(connection, SERVER, shared.id) == shared
    for guild_id, preset_id in ((ELSEWHERE, shared.id), (None, shared.id), (SERVER, shared.id + 1)):
        with pytest.raises(Refusal, match="no longer has that preset"):
            await server_presets.of_id(connection, guild_id, preset_id)
