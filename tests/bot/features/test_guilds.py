"""Servers' and people's own settings come back as they were kept."""

from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.features import guilds, people
from bot.features.guilds import GuildSettings
from bot.features.people import CurrentStyle, PersonSettings
from tests.bot.builders import ADA, BEN

SERVER = 10


async def test_a_server_that_set_nothing_has_the_defaults(connection: AsyncConnection) -> None:
    assert await guilds.settings_of(connection, SERVER) == GuildSettings()
    assert await guilds.settings_of(connection, None) == GuildSettings()


async def test_settings_come_back_and_can_be_changed(connection: AsyncConnection) -> None:
    chosen = GuildSettings(allowed_channels=(1, 2), jobs_per_day_of_role={"7": 3}, art_threads=True)
    await guilds.keep(connection, SERVER, chosen)
    assert await guilds.settings_of(connection, SERVER) == chosen
    await guilds.keep(connection, SERVER, replace(chosen, allowed_channels=()))
    assert (await guilds.settings_of(connection, SERVER)).allowed_channels == ()
    assert await guilds.settings_of(connection, SERVER + 1) == GuildSettings()


def test_settings_of_other_versions_are_passed_over() -> None:
    assert GuildSettings.from_dict({"of_tomorrow": 1, "art_only": True}) == GuildSettings(art_only=True)
    assert PersonSettings.from_dict({"of_tomorrow": 1}) == PersonSettings()


async def test_a_persons_style_and_settings_do_not_disturb_each_other(connection: AsyncConnection) -> None:
    await people.use_style(connection, ADA, CurrentStyle(name="waves", blob="a" * 64))
    await people.keep(connection, ADA, PersonSettings(show_in_gallery=False))
    await people.use_style(connection, ADA, CurrentStyle(name="stars", blob="b" * 64))
    assert await people.current_style(connection, ADA) == CurrentStyle(name="stars", blob="b" * 64)
    assert not (await people.settings_of(connection, ADA)).show_in_gallery
    assert await people.current_style(connection, BEN) is None
    assert (await people.settings_of(connection, BEN)).show_in_gallery
