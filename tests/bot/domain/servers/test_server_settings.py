"""Servers' and people's own settings come back as they were kept."""

from dataclasses import replace

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.servers import server_settings, users
from bot.domain.servers.server_settings import GuildSettings
from bot.domain.servers.users import CurrentStyle, PersonSettings
from bot.errors import Refusal
from tests.support.rows import ADA, BEN

SERVER = 10


async def test_a_server_that_set_nothing_has_the_defaults(connection: AsyncConnection) -> None:
    assert await server_settings.settings_of(connection, SERVER) == GuildSettings()
    assert await server_settings.settings_of(connection, None) == GuildSettings()


async def test_settings_come_back_and_can_be_changed(connection: AsyncConnection) -> None:
    chosen = GuildSettings(allowed_channels=(1, 2), jobs_per_day_of_role={"7": 3}, art_threads=True)
    await server_settings.keep(connection, SERVER, chosen)
    assert await server_settings.settings_of(connection, SERVER) == chosen
    await server_settings.keep(connection, SERVER, replace(chosen, allowed_channels=()))
    assert (await server_settings.settings_of(connection, SERVER)).allowed_channels == ()
    assert await server_settings.settings_of(connection, SERVER + 1) == GuildSettings()


def test_settings_of_other_versions_are_passed_over() -> None:
    assert GuildSettings.from_dict({"of_tomorrow": 1, "art_only": True}) == GuildSettings(art_only=True)
    assert PersonSettings.from_dict({"of_tomorrow": 1}) == PersonSettings()


async def test_a_persons_style_and_settings_do_not_disturb_each_other(connection: AsyncConnection) -> None:
    await users.use_style(connection, ADA, CurrentStyle(name="waves", blob="a" * 64))
    await users.keep(connection, ADA, PersonSettings(show_in_gallery=False))
    await users.use_style(connection, ADA, CurrentStyle(name="stars", blob="b" * 64))
    assert await users.current_style(connection, ADA) == CurrentStyle(name="stars", blob="b" * 64)
    assert not (await users.settings_of(connection, ADA)).show_in_gallery
    assert await users.current_style(connection, BEN) is None
    assert (await users.settings_of(connection, BEN)).show_in_gallery


async def test_one_change_leaves_the_other_settings(connection: AsyncConnection) -> None:
    await server_settings.change(connection, SERVER, language="de")
    changed = await server_settings.change(connection, SERVER, jobs_per_day=3)
    assert changed == await server_settings.settings_of(connection, SERVER)
    assert changed == GuildSettings(language="de", jobs_per_day=3)


async def test_roles_get_numbers_and_lose_them(connection: AsyncConnection) -> None:
    await server_settings.set_quota_of_roles(connection, SERVER, [7, 8], 5)
    await server_settings.set_quota_of_roles(connection, SERVER, [8, 9], 2)
    changed = await server_settings.set_quota_of_roles(connection, SERVER, [7], None)
    assert changed.jobs_per_day_of_role == {"8": 2, "9": 2}
    emptied = await server_settings.set_quota_of_roles(connection, SERVER, [8, 9], None)
    assert emptied.jobs_per_day_of_role is None


async def test_too_many_roles_with_numbers_are_refused(connection: AsyncConnection) -> None:
    most = server_settings.MAX_ROLE_QUOTAS
    await server_settings.set_quota_of_roles(connection, SERVER, range(most), 5)
    with pytest.raises(Refusal, match=f"At most {most} roles"):
        await server_settings.set_quota_of_roles(connection, SERVER, [most], 5)
    changed = await server_settings.set_quota_of_roles(connection, SERVER, [0], 6)
    assert changed.jobs_per_day_of_role is not None
    assert (len(changed.jobs_per_day_of_role), changed.jobs_per_day_of_role["0"]) == (most, 6)
