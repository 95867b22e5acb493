"""Who may decide what, on interactions as discord.py makes them of what Discord sends."""

from typing import Any, Protocol, cast

import discord
import pytest
from discord import Permissions

from bot.chat.ui import permissions
from bot.db import Database
from bot.domain.jobs.model import Job
from bot.domain.servers import server_settings
from bot.errors import Refusal
from tests.support.rows import ADA, BEN, add, job_of

SERVER, ELSEWHERE, ARTISTS, CURATORS = 10, 11, 71, 72
"""Two servers that the bot is in, and two roles of the first."""

NONE = Permissions.none()
MESSAGES = Permissions(manage_messages=True)
EVENTS = Permissions(manage_events=True)
MANAGER = Permissions(manage_guild=True)
EVERYTHING_ELSE = Permissions(~(MESSAGES | EVENTS | MANAGER).value & Permissions.all().value)


class Asked(Protocol):
    """Makes an interaction of Ben's."""

    def __call__(
        self, rights: Permissions, *roles: int, guild_id: int | None = SERVER, user_id: int = BEN
    ) -> discord.Interaction[Any]: ...


class Client(discord.Client):
    """Never logged in; it has the one service that is asked for here."""

    def __init__(self, database: Database) -> None:
        super().__init__(intents=discord.Intents(guilds=True))
        self.services = self
        self.database = database


def user(user_id: int) -> Any:
    return {"id": user_id, "username": "somebody", "discriminator": "0", "avatar": None}


@pytest.fixture
def asked(database: Database) -> Asked:
    state: Any = Client(database)._connection
    state.user = discord.ClientUser(state=state, data=user(2))
    for guild_id in (SERVER, ELSEWHERE):
        roles = [
            {"id": role, "name": str(role), "permissions": "0"} for role in (guild_id, ARTISTS, CURATORS)
        ]
        state._add_guild(discord.Guild(data=cast("Any", {"id": guild_id, "roles": roles}), state=state))

    def ask(
        rights: Permissions, *roles: int, guild_id: int | None = SERVER, user_id: int = BEN
    ) -> discord.Interaction[Any]:
        who: dict[str, Any] = {"user": user(user_id)}
        if guild_id is not None:
            member = {**who, "roles": roles, "permissions": str(rights.value), "joined_at": None, "flags": 0}
            who = {"guild_id": guild_id, "member": member}
        envelope = {"id": 1, "type": 2, "token": "t", "version": 1, "application_id": 2}
        data: Any = {**envelope, "attachment_size_limit": 1, **who}
        return discord.Interaction(data=data, state=state)

    return ask


@pytest.fixture
async def picture(database: Database) -> Job:
    """Ada's, made in SERVER."""
    async with database.begin() as connection:
        return await job_of(connection, await add(connection, ADA, guild_id=SERVER))


@pytest.mark.parametrize(
    ("rights", "moderator", "host"),
    [
        (NONE, False, False),
        (EVERYTHING_ELSE, False, False),
        (MESSAGES, True, False),
        (EVENTS, False, True),
        (MANAGER, True, True),
    ],
)
def test_each_right_makes_what_it_should(
    asked: Asked, rights: Permissions, moderator: bool, host: bool
) -> None:
    assert permissions.is_moderator(asked(rights)) is moderator
    assert permissions.is_host(asked(rights)) is host


def test_nobody_has_a_right_in_direct_messages(asked: Asked) -> None:
    alone = asked(NONE, guild_id=None)
    alone._permissions = Permissions.all().value
    assert not permissions.is_moderator(alone)
    assert not permissions.is_host(alone)


@pytest.mark.parametrize("rights", [NONE, EVERYTHING_ELSE, MESSAGES, EVENTS])
def test_others_than_managers_are_told_so(asked: Asked, rights: Permissions) -> None:
    with pytest.raises(Refusal, match=r"^Only those who may manage this server can do that\.$"):
        permissions.require_manager(asked(rights))


def test_a_manager_gets_the_server(asked: Asked) -> None:
    assert permissions.require_manager(asked(MANAGER)).id == SERVER


def test_direct_messages_have_no_settings(asked: Asked) -> None:
    with pytest.raises(Refusal, match=r"^Only a server that Easel is in has settings\.$"):
        permissions.require_manager(asked(NONE, guild_id=None))


@pytest.mark.parametrize("rights", [EVENTS, MANAGER])
def test_a_host_may_start_a_challenge(asked: Asked, rights: Permissions) -> None:
    permissions.require_host(asked(rights))


@pytest.mark.parametrize("rights", [NONE, EVERYTHING_ELSE, MESSAGES])
def test_others_may_start_no_challenge(asked: Asked, rights: Permissions) -> None:
    sentence = r"^Only those who may manage this server or its events can start a challenge\.$"
    with pytest.raises(Refusal, match=sentence):
        permissions.require_host(asked(rights))


@pytest.mark.parametrize(("rights", "starter"), [(NONE, BEN), (MESSAGES, ADA), (EVENTS, ADA), (MANAGER, ADA)])
def test_a_challenge_is_led_by_its_starter_hosts_and_moderators(
    asked: Asked, rights: Permissions, starter: int
) -> None:
    permissions.require_host_of(asked(rights), starter)


@pytest.mark.parametrize("rights", [NONE, EVERYTHING_ELSE])
def test_others_lead_no_challenge(asked: Asked, rights: Permissions) -> None:
    sentence = r"^Only its starter, moderators, and managers of the server or its events can do that\.$"
    with pytest.raises(Refusal, match=sentence):
        permissions.require_host_of(asked(rights), ADA)


@pytest.mark.parametrize("guild_id", [SERVER, ELSEWHERE, None])
async def test_the_owner_deletes_a_picture_anywhere(asked: Asked, picture: Job, guild_id: int | None) -> None:
    await permissions.require_deleter(asked(NONE, guild_id=guild_id, user_id=ADA), picture)


async def test_moderators_delete_what_was_made_in_their_server(asked: Asked, picture: Job) -> None:
    await permissions.require_deleter(asked(MESSAGES), picture)
    await permissions.require_deleter(asked(MANAGER), picture)


async def test_chosen_roles_delete_what_was_made_in_their_server(
    asked: Asked, picture: Job, database: Database
) -> None:
    async with database.begin() as connection:
        await server_settings.change(connection, SERVER, deleting_roles=(CURATORS,))
        await server_settings.change(connection, ELSEWHERE, deleting_roles=(ARTISTS, CURATORS))
    await permissions.require_deleter(asked(NONE, ARTISTS, CURATORS), picture)
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
        await permissions.require_deleter(interaction, job)
