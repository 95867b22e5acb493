"""Interactions as discord.py makes them of what Discord sends, without a client that is logged in."""

from typing import Any, Protocol

import discord
from discord import Permissions

from bot.chat.ui.interaction import InHand
from bot.db import Database
from bot.media.blobs.protocol import Blobs
from tests.support.rows import BEN

SERVER, ELSEWHERE, ARTISTS, CURATORS = 10, 11, 71, 72
"""Two servers that the bot is in, and two roles of the first."""
PUBLIC, SECRET, ADULT, GONE = 20, 21, 22, 29
"""Channels of SERVER: for everybody, for ARTISTS alone, age-restricted, and one that there is no more."""
DIRECT = 40
"""A channel with the bot alone."""

NONE = Permissions.none()
MESSAGES = Permissions(manage_messages=True)
EVENTS = Permissions(manage_events=True)
MANAGER = Permissions(manage_guild=True)
EVERYTHING_ELSE = Permissions(~(MESSAGES | EVENTS | MANAGER).value & Permissions.all().value)


class Asked(Protocol):
    """Makes an interaction of Ben's."""

    def __call__(
        self,
        rights: Permissions,
        *roles: int,
        guild_id: int | None = SERVER,
        user_id: int = BEN,
        channel_id: int | None = None,
        ephemeral: bool | None = None,
    ) -> discord.Interaction[Any]:
        """ephemeral: whether only the person sees the message that was pressed; None: none was pressed."""


class Client(discord.Client):
    """Never logged in; it has the few services that are asked for here."""

    def __init__(self, database: Database, blobs: Blobs | None) -> None:
        super().__init__(intents=discord.Intents(guilds=True))
        self.services = self.picture_store = self
        self.in_hand = InHand()
        self.database = database
        self.blobs = blobs


def user(user_id: int) -> Any:
    return {"id": user_id, "username": "somebody", "discriminator": "0", "avatar": None}


def channels(guild_id: int) -> list[dict[str, Any]]:
    """Of SERVER and of no other."""

    def channel(channel_id: int, role: int, **given: Any) -> dict[str, Any]:
        sees = {"id": role, "type": 0, "allow": str(Permissions(view_channel=True).value), "deny": "0"}
        named = {"name": str(channel_id), "type": 0, "position": 0}
        return {"id": channel_id, **named, "permission_overwrites": [sees], **given}

    if guild_id != SERVER:
        return []
    return [channel(PUBLIC, SERVER), channel(SECRET, ARTISTS), channel(ADULT, SERVER, nsfw=True)]


def message(channel_id: int, *, ephemeral: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {"content": "", "attachments": [], "embeds": [], "edited_timestamp": None}
    flags = discord.MessageFlags(ephemeral=ephemeral).value
    about = {"type": 0, "pinned": False, "mention_everyone": False, "tts": False, "author": user(2)}
    return {"id": 5, "channel_id": channel_id, "flags": flags, **shown, **about}


def asked_with(database: Database, blobs: Blobs | None = None) -> Asked:
    state: Any = Client(database, blobs)._connection
    state.user = discord.ClientUser(state=state, data=user(2))
    for guild_id in (SERVER, ELSEWHERE):
        roles = [
            {"id": role, "name": str(role), "permissions": "0"} for role in (guild_id, ARTISTS, CURATORS)
        ]
        data: Any = {"id": guild_id, "roles": roles, "channels": channels(guild_id)}
        state._add_guild(discord.Guild(data=data, state=state))

    def ask(
        rights: Permissions,
        *roles: int,
        guild_id: int | None = SERVER,
        user_id: int = BEN,
        channel_id: int | None = None,
        ephemeral: bool | None = None,
    ) -> discord.Interaction[Any]:
        who: dict[str, Any] = {"user": user(user_id)}
        if guild_id is not None:
            member = {**who, "roles": roles, "permissions": str(rights.value), "joined_at": None, "flags": 0}
            who = {"guild_id": guild_id, "member": member}
        where: dict[str, Any] = {}
        if channel_id is not None:
            direct = {"type": 1, "recipients": [user(user_id)]} if guild_id is None else {}
            where["channel"] = {"id": channel_id, **direct}
            if ephemeral is not None:
                where["message"] = message(channel_id, ephemeral=ephemeral)
        envelope = {"id": 1, "type": 2, "token": "t", "version": 1, "application_id": 2}
        data: Any = {**envelope, "attachment_size_limit": 1, **who, **where}
        return discord.Interaction(data=data, state=state)

    return ask
