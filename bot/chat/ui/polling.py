"""Work that is done in rounds for as long as the client lives."""

import asyncio
from collections.abc import Awaitable, Callable

import discord
import structlog
from sqlalchemy.exc import SQLAlchemyError

log = structlog.get_logger(__name__)


async def poll(
    client: discord.Client, work: Callable[[], Awaitable[object]], *, every_s: float, what: str
) -> None:
    """Works until cancelled, once `client` is ready; the next round makes up for one whose database was away.

    what: is worked on, for the log.
    """
    await client.wait_until_ready()
    while True:
        try:
            await work()
        except (SQLAlchemyError, OSError) as error:
            log.warning("a round could not be worked", what=what, error=type(error).__name__)
        await asyncio.sleep(every_s)
