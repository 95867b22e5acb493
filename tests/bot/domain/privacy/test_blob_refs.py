"""Which blobs are in use, however many are asked about."""

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.privacy import blob_refs
from bot.domain.privacy.blob_refs import AT_ONCE
from tests.support.rows import BLOB, add


async def test_a_key_beyond_the_first_query_is_looked_up_too(connection: AsyncConnection) -> None:
    keys = [f"{number:064x}" for number in range(1, 2 * AT_ONCE + 2)]
    named = [keys[0], keys[AT_ONCE - 1], keys[AT_ONCE], keys[-1]]
    for key in named:
        await add(connection, content_blob=key)
    assert set(keys) - await blob_refs.unused(connection, keys) == set(named)


async def test_every_use_names_a_blend_s_further_styles(connection: AsyncConnection) -> None:
    styles = [{"blob": letter * 64, "name": letter, "weight": 0.5} for letter in "ab"]
    await add(connection, more_styles=styles)
    await add(connection, mask_blob="c" * 64, style_blob="")
    found = {key async for key in blob_refs.every_use(connection)}
    assert found == {BLOB, "a" * 64, "b" * 64, "c" * 64}
