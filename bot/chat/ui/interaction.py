"""What an interaction carries: the services that answer it, where it came from, and where its answer goes."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

import discord

from bot.chat.ui.in_hand import InHand
from bot.db import Database
from bot.domain.jobs.model import Job
from bot.domain.outbox.deliveries import Address
from bot.domain.requests.pictures import PictureStore
from bot.domain.requests.request import Limits, Request
from bot.language import nearest

TOKEN_LIFE_S = 15 * 60 - 30
"""How long an interaction token is used; Discord accepts it for 15 minutes.

Source: Discord's documentation, "Receiving and Responding to Interactions".
"""


class Submitter(Protocol):
    """See `bot.domain.requests.submitter.Submitter`."""

    async def write_down(self, request: Request) -> bool: ...
    async def accept(self, request: Request) -> Job | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What the composition root hands to the chat.

    workers: how many this machine has; news: wakes the card updater after a change made here.
    in_hand: the interactions that this process is answering.
    privacy_url: where the operator says what is stored.
    """

    database: Database
    submitter: Submitter
    picture_store: PictureStore
    limits: Limits
    workers: int
    privacy_url: str | None = None
    news: asyncio.Event = field(default_factory=asyncio.Event)
    in_hand: InHand = field(default_factory=InHand)
    clock: Callable[[], float] = time.time


class _HasServices(Protocol):
    services: Services


def services_of(interaction: discord.Interaction) -> Services:
    """The services of the client that received `interaction`."""
    return cast("_HasServices", interaction.client).services


def is_age_restricted(interaction: discord.Interaction) -> bool:
    """Whether it came from an age-restricted channel, or a thread in one."""
    asked = getattr(interaction.channel, "is_nsfw", None)
    return bool(asked and asked())


def roles_of(interaction: discord.Interaction[Any]) -> tuple[int, ...]:
    """The person's roles in this server, "everyone" among them; none in direct messages."""
    user = interaction.user
    return tuple(role.id for role in user.roles) if isinstance(user, discord.Member) else ()


def parent_of(interaction: discord.Interaction[Any]) -> int | None:
    """The channel that this thread belongs to, None outside of threads."""
    channel = interaction.channel
    return channel.parent_id if isinstance(channel, discord.Thread) else None


def language_of(interaction: discord.Interaction, *, private: bool) -> str:
    """A card's language: the person's own where only they see it, else Discord's for the server.

    A server that has chosen a language in its settings gets that one for its public cards, see `submit`.
    """
    public = None if private else interaction.guild_locale
    return nearest(str(public or interaction.locale))


def address_of(interaction: discord.Interaction, *, private: bool) -> Address:
    """Where the answer to `interaction` can be edited, now and after its token has expired."""
    # In a server that only the user brought the app to, the bot is no member and sees no channel.
    in_guild = interaction.guild_id is not None and interaction.client.get_guild(interaction.guild_id)
    return Address(
        interaction_token=interaction.token,
        token_until=services_of(interaction).clock() + TOKEN_LIFE_S,
        filesize_limit=interaction.filesize_limit,
        channel_reachable=not private and bool(in_guild or interaction.context.dm_channel),
    )
