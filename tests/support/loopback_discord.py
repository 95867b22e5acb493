"""The running stand-in Discord as fixtures. A conftest that imports both gives them to its folder."""

from collections.abc import AsyncIterator

import pytest

from testbed.discord.openapi import Description
from testbed.discord.server import DiscordServer


@pytest.fixture(scope="session")
def description() -> Description:
    return Description.load()


@pytest.fixture
async def discord(description: Description) -> AsyncIterator[DiscordServer]:
    """The stand-in; a breach of Discord's rules fails the test that led to it."""
    async with DiscordServer(description=description) as server:
        yield server
    assert server.violations == []


def secrets_of(discord: DiscordServer) -> list[str]:
    """What must never be logged: tokens, and the signatures that make a file's address work."""
    signatures = [attachment.signature for attachment in discord.world.attachments.values()]
    return [discord.token, *discord.world.interactions, *signatures]
