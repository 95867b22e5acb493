"""What an interaction carries: the services that answer it, where it came from, and where its answer goes."""

import asyncio
import os
import secrets
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, cast

import discord
import structlog

from bot.db import Database
from bot.domain.jobs.model import Address, Job
from bot.domain.requests.pictures import PictureStore
from bot.domain.requests.request import Limits, Request
from bot.language import nearest

log = structlog.get_logger(__name__)

DRAIN_S = 10.0


def new_holder() -> str:
    """A name for leases that nobody else has: of this machine, this process, and a part of it."""
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"[-100:]


class InHand:
    """One per process.

    holder: the name under which it leases requests; requests: the keys of those that it is working on, whose
    leases `bot.chat.cards.request_runner` renews.
    """

    def __init__(self, *, drain_s: float = DRAIN_S) -> None:
        """drain_s: how long the end waits for what is in hand."""
        self.holder = new_holder()
        self.requests: set[tuple[Any, ...]] = set()
        self._drain_s = drain_s
        self._tasks: set[asyncio.Task[Any]] = set()

    def add_current_task(self) -> None:
        """It answers an interaction, until it ends."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def hold(self, interaction_id: int) -> bool:
        """The current task works on a request, until it ends. False: another one does."""
        key = (interaction_id,)
        if key in self.requests:
            return False
        self.requests.add(key)
        task = asyncio.current_task()
        assert task is not None
        task.add_done_callback(lambda _task: self.requests.discard(key))
        return True

    async def run(self) -> None:
        """Waits until cancelled, then for what is in hand; what takes longer is left to the next start."""
        try:
            await asyncio.Event().wait()
        finally:
            await self._drain()

    async def _drain(self) -> None:
        if not self._tasks:
            return
        log.info("answering what is in hand", interactions=len(self._tasks))
        _done, late = await asyncio.wait(self._tasks, timeout=self._drain_s)
        for task in late:
            task.cancel()
        if late:
            log.warning("left to the next start", interactions=len(late))
            await asyncio.wait(late, timeout=self._drain_s)


TOKEN_LIFE_S = 15 * 60 - 30
"""How long an interaction token is used; Discord accepts it for 15 minutes.

Source: Discord's documentation, "Receiving and Responding to Interactions".
"""


class Submitter(Protocol):
    """See `bot.domain.requests.submitter.Submitter`."""

    async def write_down(self, request: Request) -> bool: ...
    async def accept(self, request: Request) -> Job | None: ...


DEFER_AFTER_S: Final = 1.5
"""How long the database may hold up a first answer, for which Discord waits 3 s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What the composition root hands to the chat.

    workers: how many this machine has; news: wakes the card updater after a change made here.
    in_hand: the interactions that this process is answering.
    defer_after_s: after how long a first answer that waits for the database is deferred.
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
    defer_after_s: float = DEFER_AFTER_S
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


LOADING: Final = 1 << 7
"""The flag of an answer that says "thinking …". Source: Discord's documentation, "Message Flags"."""


def webhook_of(client: discord.Client, token: str) -> discord.Webhook:
    """As `discord.Interaction.followup`: an application's webhook, which may also speak privately."""
    kind = discord.WebhookType.application.value
    data: Any = {"id": client.application_id or 0, "type": kind, "token": token}
    return discord.Webhook.from_state(data, state=client._connection)  # noqa: SLF001 - the only way


async def fetch_original(client: discord.Client, webhook: discord.Webhook) -> dict[str, Any]:
    """The answer as Discord has it, with `id` and `flags`; after a crash neither may have been noted."""
    path = "/webhooks/{webhook_id}/{webhook_token}/messages/@original"
    route = discord.http.Route("GET", path, webhook_id=webhook.id, webhook_token=webhook.token)
    answer: dict[str, Any] = await client.http.request(route)
    return answer
