"""`/quota` through discord.py's real machinery."""

from typing import Any

from bot.features import guilds
from tests.bot.chat.conftest import Studio, card


async def keep(studio: Studio, **given: Any) -> None:
    async with studio.rooms.database.begin() as connection:
        await guilds.change(connection, studio.ada.guild.id, **given)


async def test_it_shows_what_is_left_in_private(studio: Studio) -> None:
    await studio.stylize()
    result = await studio.ada.slash(studio.channel, "quota")
    assert result.ephemeral
    assert "Your pictures in the line" in card(result)
    assert "▰▰▰▰▰▰▱▱▱▱▱▱ 1 of 2 left" in card(result)
    assert "24 hours" not in card(result), "there is no such limit here"


async def test_a_spent_day_says_when_it_returns(studio: Studio) -> None:
    await keep(studio, jobs_per_day=1, jobs_per_day_of_server=4, jobs_at_once=1)
    await studio.stylize()
    shown = card(await studio.ada.slash(studio.channel, "quota"))
    assert "in this server**\n▱▱▱▱▱▱▱▱▱▱▱▱ 0 of 1 left · the next <t:" in shown
    assert "3 of 4 left" in shown
    ben = card(await studio.ben.slash(studio.channel, "quota"))
    assert "1 of 1 left" in ben
    assert "the next" not in ben


async def test_it_names_the_places_that_the_server_has_opened(studio: Studio) -> None:
    await keep(
        studio, allowed_channels=(studio.channel.id,), allowed_roles=(7,), max_size_px=96, max_quality="draft"
    )
    shown = card(await studio.ada.slash(studio.channel, "quota"))
    for part in (f"<#{studio.channel.id}>", "<@&7>", "At most 96 px", "“draft”"):
        assert part in shown


async def test_the_best_role_counts(studio: Studio) -> None:
    guild = studio.ada.guild
    role = guild.create_role("patrons")
    await keep(studio, jobs_per_day=1, jobs_per_day_of_role={str(role.id): 9})
    patron = guild.add_member(studio.env.create_user("pat"), roles=[role])
    assert "9 of 9 left" in card(await patron.slash(studio.channel, "quota"))
    assert "1 of 1 left" in card(await studio.ada.slash(studio.channel, "quota"))
    await studio.stylize(patron)
    await studio.stylize(patron)
    assert await studio.count_jobs() == 2


async def test_in_direct_messages_only_the_installation_s_limits_hold(studio: Studio) -> None:
    await keep(studio, jobs_per_day=1)
    user = studio.env.create_user("solo")
    shown = card(await user.slash("quota"))
    assert "2 of 2 left" in shown
    assert "server" not in shown
