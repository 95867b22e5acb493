"""What a name means to whom, and where."""

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.styles import named_styles, presets, server_presets
from bot.domain.styles.builtin import BUILT_IN
from bot.domain.styles.named_styles import at_hand, reachable, require, resolve
from bot.domain.styles.style import Look, Origin
from bot.errors import Refusal
from tests.support.presets import save
from tests.support.rows import ADA, BEN, BLOB, NOW

SERVER, ELSEWHERE = 10, 11


async def share(connection: AsyncConnection, name: str, *, user_id: int = BEN, strength: float = 10) -> None:
    preset = await save(connection, name, user_id=user_id, look=Look(strength=strength))
    await server_presets.share(connection, SERVER, preset, limit=50, now=NOW)


async def test_ones_own_goes_before_the_server_s(connection: AsyncConnection) -> None:
    await share(connection, "Night")
    await save(connection, "night", look=Look(strength=90))
    mine = await resolve(connection, ADA, SERVER, "NIGHT")
    assert mine is not None
    assert (mine.origin, mine.look) == (Origin.OWN, Look(strength=90))
    theirs = await resolve(connection, 3, SERVER, "NIGHT")
    assert theirs is not None
    assert (theirs.origin, theirs.look, theirs.picture.blob) == (Origin.SERVER, Look(strength=10), BLOB)


@pytest.mark.parametrize("guild_id", [ELSEWHERE, None])
async def test_a_server_s_preset_means_nothing_elsewhere(
    connection: AsyncConnection, guild_id: int | None
) -> None:
    await share(connection, "Night")
    assert await resolve(connection, ADA, guild_id, "Night") is None


async def test_a_painting_is_known_everywhere(connection: AsyncConnection) -> None:
    found = await resolve(connection, ADA, None, "the scream")
    assert found is not None
    assert (found.origin, found.name, found.look) == (Origin.BUILT_IN, "The Scream", None)
    assert found.picture.painting is not None
    assert await resolve(connection, ADA, None, "nothing of the kind") is None


async def test_favourites_come_first_then_ones_own_the_server_s_and_the_paintings(
    connection: AsyncConnection,
) -> None:
    await share(connection, "server's")
    for name in ("ant", "bee", "cat"):
        await save(connection, name)
    bee = await presets.require(connection, ADA, "bee")
    assert (await presets.mark_favourite(connection, bee, favourite=True)).favourite
    found = await at_hand(connection, ADA, SERVER)
    assert [style.name for style in found[:4]] == ["bee", "ant", "cat", "server's"]
    assert [style.name for style in found[4:]] == [one.name for one in BUILT_IN]
    assert [style.favourite for style in found[:2]] == [True, False]
    await presets.mark_favourite(connection, bee, favourite=False)
    assert (await at_hand(connection, ADA, SERVER))[0].name == "ant"


async def test_a_hidden_name_is_not_offered(connection: AsyncConnection) -> None:
    await share(connection, "Night")
    await save(connection, "night")
    found = reachable(await at_hand(connection, ADA, SERVER))
    assert [style.origin for style in found[:2]] == [Origin.OWN, Origin.BUILT_IN]
    for style in found:
        assert await named_styles.resolve(connection, ADA, SERVER, style.name) == style


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("Scream", "The Scream"),
        ("screem", "The Scream"),
        ("great wave off kanagawa", "The Great Wave"),
        ("stary night", "Starry Night"),
        ("cafe terrace", "Café Terrace at Night"),
        ("le holidays", "Holidays"),
    ],
)
async def test_a_name_that_is_not_quite_right_counts(
    connection: AsyncConnection, typed: str, name: str
) -> None:
    await save(connection, "Holidays")
    assert (await require(connection, ADA, None, typed)).name == name


async def test_a_name_that_may_mean_several_is_asked_about(connection: AsyncConnection) -> None:
    with pytest.raises(Refusal, match="could be one of these: Composition VII · Composition VIII"):
        await require(connection, ADA, None, "composition")


@pytest.mark.parametrize("typed", ["nothing of the kind", "xy", "a"])
async def test_a_name_unlike_all_others_is_refused(connection: AsyncConnection, typed: str) -> None:
    with pytest.raises(Refusal, match=f"no preset called “{typed}”"):
        await require(connection, ADA, None, typed)
