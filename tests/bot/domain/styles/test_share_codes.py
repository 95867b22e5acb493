"""Presets by code: hard to guess, easy to type, and a copy for whoever takes one."""

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.styles import presets, share_codes
from bot.domain.styles.share_codes import ALPHABET, CODE_CHARS
from bot.domain.styles.style import Look, Preset
from bot.errors import Refusal
from tests.support.presets import save
from tests.support.rows import ADA, BEN, BLOB, NOW


async def take(connection: AsyncConnection, code: str, *, name: str | None = None, limit: int = 20) -> Preset:
    return await share_codes.take(connection, BEN, code, name=name, limit=limit, now=NOW)


async def test_a_code_is_long_readable_and_stays_the_same(connection: AsyncConnection) -> None:
    preset = await save(connection, "Night")
    code = await share_codes.code_of(connection, preset)
    assert len(code) == CODE_CHARS
    assert set(code) <= set(ALPHABET)
    assert not set(ALPHABET) & set("01OIL")
    again = await presets.require(connection, ADA, "Night")
    assert await share_codes.code_of(connection, again) == code
    assert await share_codes.code_of(connection, await save(connection, "Day")) != code


async def test_a_copy_is_the_taker_s_own(connection: AsyncConnection) -> None:
    look = Look(strength=75, keep_colors=True)
    code = await share_codes.code_of(connection, await save(connection, "Night", look=look))
    copy = await take(connection, code)
    await presets.delete(connection, ADA, "Night")
    assert (copy.user_id, copy.name, copy.look, copy.style_blob) == (BEN, "Night", look, BLOB)
    assert (copy.code, copy.favourite) == (None, False)
    assert await presets.find(connection, BEN, "night") == copy


@pytest.mark.parametrize("typed", ["{0}-{1}", "{0}{1}", " {0} {1} ", "`{0}-{1}`", "{0}—{1}"])
async def test_a_code_is_read_however_it_is_typed(connection: AsyncConnection, typed: str) -> None:
    code = await share_codes.code_of(connection, await save(connection, "Night"))
    first, second = share_codes.spaced(code).split("-")
    assert (await take(connection, typed.format(first, second).lower())).name == "Night"


@pytest.mark.parametrize("code", ["", "-", "2222222222", "%", "' OR 1=1 --", "x" * 100, "🎨"])
async def test_an_unknown_code_is_refused(connection: AsyncConnection, code: str) -> None:
    await save(connection, "not shared")
    with pytest.raises(Refusal, match="No preset has that code"):
        await take(connection, code)


async def test_a_stopped_code_leads_nowhere_and_the_next_is_another(connection: AsyncConnection) -> None:
    preset = await save(connection, "Night")
    code = await share_codes.code_of(connection, preset)
    stopped = await share_codes.stop(connection, await presets.require(connection, ADA, "Night"))
    with pytest.raises(Refusal, match="No preset has that code"):
        await take(connection, code)
    with pytest.raises(Refusal, match="“Night” is not shared by a code"):
        await share_codes.stop(connection, stopped)
    assert await share_codes.code_of(connection, stopped) != code


async def test_a_copy_may_have_another_name_and_obeys_the_same_rules(connection: AsyncConnection) -> None:
    code = await share_codes.code_of(connection, await save(connection, "Night"))
    await take(connection, code)
    with pytest.raises(Refusal, match="already have a preset called “Night”"):
        await take(connection, code)
    with pytest.raises(Refusal, match="built-in look"):
        await take(connection, code, name="the scream")
    assert (await take(connection, code, name="Nuit")).name == "Nuit"
    with pytest.raises(Refusal, match="You have 2 presets, which is the limit"):
        await take(connection, code, name="third", limit=2)
