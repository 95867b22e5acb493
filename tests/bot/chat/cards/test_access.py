"""Who may delete a picture."""

from typing import Any

import discord
import pytest
from discord import Permissions

from bot.chat.cards import access
from bot.db import Database
from bot.domain.jobs.model import Job
from bot.domain.servers import server_settings
from bot.errors import Refusal
from tests.support.interactions import (
    ARTISTS,
    CURATORS,
    ELSEWHERE,
    EVENTS,
    MANAGER,
    MESSAGES,
    NONE,
    SERVER,
    Asked,
    asked_with,
)
from tests.support.rows import ADA, add, job_of


@pytest.fixture
def asked(database: Database) -> Asked:
    return asked_with(database)


@pytest.fixture
async def picture(database: Database) -> Job:
    """Ada's, made in SERVER."""
    async with database.begin() as connection:
        return await job_of(connection, await add(connection, ADA, guild_id=SERVER))


@pytest.mark.parametrize("guild_id", [SERVER, ELSEWHERE, None])
async def test_the_owner_deletes_a_picture_anywhere(asked: Asked, picture: Job, guild_id: int | None) -> None:
    await access.require_deleter(asked(NONE, guild_id=guild_id, user_id=ADA), picture)


async def test_moderators_delete_what_was_made_in_their_server(asked: Asked, picture: Job) -> None:
    await access.require_deleter(asked(MESSAGES), picture)
    await access.require_deleter(asked(MANAGER), picture)


async def test_chosen_roles_delete_what_was_made_in_their_server(
    asked: Asked, picture: Job, database: Database
) -> None:
    async with database.begin() as connection:
        await server_settings.change(connection, SERVER, deleting_roles=(CURATORS,))
        await server_settings.change(connection, ELSEWHERE, deleting_roles=(ARTISTS, CURATORS))
    await access.require_deleter(asked(NONE, ARTISTS, CURATORS), picture)
    await refused(asked(NONE, ARTISTS), picture)
    await refused(asked(NONE, CURATORS, guild_id=ELSEWHERE), picture)


@pytest.mark.parametrize(
    ("rights", "guild_id"), [(NONE, SERVER), (EVENTS, SERVER), (MANAGER, ELSEWHERE), (NONE, None)]
)
async def test_others_delete_nothing(
    asked: Asked, picture: Job, rights: Permissions, guild_id: int | None
) -> None:
    await refused(asked(rights, guild_id=guild_id), picture)


async def test_nobody_but_the_owner_deletes_what_was_made_in_direct_messages(
    asked: Asked, database: Database
) -> None:
    async with database.begin() as connection:
        alone = await job_of(connection, await add(connection, ADA, guild_id=None))
    await refused(asked(NONE, guild_id=None), alone)
    await refused(asked(MANAGER), alone)


async def refused(interaction: discord.Interaction[Any], job: Job) -> None:
    sentence = r"^Only the person who asked for this picture and moderators can delete it\.$"
    with pytest.raises(Refusal, match=sentence):
        await access.require_deleter(interaction, job)
