"""The simulated Discord of the chat's tests, for hostile words and for people who overstep."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.app import House, open_house
from bot.media.decode import Clean, DecodeLimits, outcome
from bot.media.reading import load_libraries, serve
from bot.playground import SimulatedCdn
from bot.settings import Settings
from tests.bot.chat.conftest import env, settings, source, studio

__all__ = ["env", "house", "settings", "source", "studio"]


class ReaderInHouse:
    """Reads pictures as the decoder's children do, without a process for each; only ours are read here."""

    def __init__(self) -> None:
        load_libraries()

    async def clean(self, data: bytes) -> Clean:
        limits = DecodeLimits()
        output, status = await asyncio.to_thread(serve, data, limits)
        return outcome(status, output, "", limits)


@pytest.fixture
async def house(settings: Settings, source: SimulatedCdn) -> AsyncIterator[House]:
    async with open_house(settings, source=source, decoder=ReaderInHouse()) as opened:
        yield opened
