"""What the chat needs of the house, handed over by the composition root."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, cast

import discord

from bot.db import Database
from bot.features.intake import Intake
from bot.features.submit import Limits, Submitter


@dataclass(frozen=True, slots=True, kw_only=True)
class Rooms:
    """`workers` is how many this machine has; `news` wakes the courier after a change made here.

    privacy_url: where the operator says what is kept.
    """

    database: Database
    submitter: Submitter
    intake: Intake
    limits: Limits
    workers: int
    privacy_url: str | None = None
    news: asyncio.Event = field(default_factory=asyncio.Event)
    clock: Callable[[], float] = time.time


class _HasRooms(Protocol):
    rooms: Rooms


def rooms_of(interaction: discord.Interaction) -> Rooms:
    """The rooms of the client that received `interaction`."""
    return cast("_HasRooms", interaction.client).rooms
