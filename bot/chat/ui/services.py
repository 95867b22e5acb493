"""What the chat needs of the house, handed over by the composition root."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, cast

import discord

from bot.db import Database
from bot.domain.requests.pictures import PictureStore
from bot.domain.requests.request import Limits
from bot.domain.requests.submit import Submitter


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """`workers` is how many this machine has; `news` wakes the courier after a change made here.

    privacy_url: where the operator says what is kept.
    """

    database: Database
    submitter: Submitter
    picture_store: PictureStore
    limits: Limits
    workers: int
    privacy_url: str | None = None
    news: asyncio.Event = field(default_factory=asyncio.Event)
    clock: Callable[[], float] = time.time


class _HasServices(Protocol):
    services: Services


def services_of(interaction: discord.Interaction) -> Services:
    """The rooms of the client that received `interaction`."""
    return cast("_HasServices", interaction.client).services
