"""Interactions as discord.py makes them of what Discord sends, without a client that is logged in."""

from typing import Any, Protocol, cast

import discord
from discord import Permissions

from bot.db import Database
from tests.support.rows import BEN

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


def asked_with(database: Database) -> Asked:
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
