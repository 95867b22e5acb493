"""Names that collide, hide something or are too long: each is one preset, or one refusal, and never both."""

from contextlib import suppress

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.styles import named_styles, presets, server_presets, share_codes
from bot.domain.styles.names import MAX_KEY_CHARS, MAX_NAME_CHARS, name_key
from bot.domain.styles.style import Look
from bot.errors import Refusal
from tests.support.hostile_names import PAIRS
from tests.support.presets import save
from tests.support.rows import ADA, BEN, NOW

SERVER = 10


async def kept_of(connection: AsyncConnection, names: tuple[str, str]) -> list[str]:
    """The names under which these were kept, in their order; the others were refused."""
    kept = []
    for strength, name in enumerate(names):
        with suppress(Refusal):
            kept.append((await save(connection, name, look=Look(strength=strength))).name)
    return kept


@pytest.mark.parametrize("pair", PAIRS)
async def test_each_kept_name_leads_to_its_own_preset(
    connection: AsyncConnection, pair: tuple[str, str]
) -> None:
    kept = await kept_of(connection, pair)
    assert len({name_key(name) for name in kept}) == len(kept)
    assert len(await presets.of_user(connection, ADA)) == len(kept)
    for name in kept:
        assert 0 < len(name) <= MAX_NAME_CHARS
        assert 0 < len(name_key(name)) <= MAX_KEY_CHARS
        found = await named_styles.resolve(connection, ADA, SERVER, name)
        assert found is not None
        assert found.name == name
        assert await named_styles.resolve(connection, BEN, SERVER, name) is None


@pytest.mark.parametrize("pair", PAIRS)
async def test_a_pair_s_names_are_shared_copied_renamed_and_removed_apart(
    connection: AsyncConnection, pair: tuple[str, str]
) -> None:
    for name in await kept_of(connection, pair):
        preset = await presets.require(connection, ADA, name)
        shared = await server_presets.share(connection, SERVER, preset, limit=50, now=NOW)
        code = await share_codes.code_of(connection, preset)
        copy = await share_codes.take(connection, BEN, code, name=None, limit=20, now=NOW)
        assert (shared.name, copy.name) == (name, name)
        assert (shared.look, copy.look) == (preset.look, preset.look)
        assert (await presets.rename(connection, BEN, name, "plain")).id == copy.id
        assert (await presets.rename(connection, BEN, "plain", name)).name == name
        await presets.delete(connection, ADA, name)
        left = await named_styles.resolve(connection, ADA, SERVER, name)
        assert left is not None
        assert left.kept == shared
        await server_presets.remove(connection, SERVER, name, user_id=ADA, moderator=False)
        assert await named_styles.resolve(connection, ADA, SERVER, name) is None
    assert await presets.of_user(connection, ADA) == []


def test_there_are_twenty_pairs_and_more() -> None:
    assert len(set(PAIRS)) == len(PAIRS) > 20
