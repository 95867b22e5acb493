"""Takes down the messages that `/mydata delete` has left, page by page, however many there are.

Like the courier it works from the database alone, so that a restart goes on where it stopped.
"""

import asyncio

import discord
import structlog

from bot.chat.ui.polling import poll
from bot.chat.ui.retry import TROUBLES
from bot.chat.ui.services import Services
from bot.domain.outbox import takedowns
from bot.domain.outbox.takedowns import Takedown

log = structlog.get_logger(__name__)

ROUND_S = 2.0
PAGE = 10
"""Messages in one round: Discord lets a bot delete about five a second in a channel."""
DELETE_TIMEOUT_S = 45.0
"""Less than the lease of a claim; discord.py waits that long where Discord tells it to."""
MAX_TRIES = 40
MAX_PAUSE_S = 300.0


class TakedownRunner:
    """Deletes left messages through `client`, `page` of them at once."""

    def __init__(self, *, client: discord.Client, services: Services, page: int = PAGE) -> None:
        self._client = client
        self._services = services
        self._page = page

    async def run(self) -> None:
        """Works until cancelled, waiting for the client to be ready first."""
        await poll(self._client, self.round, every_s=ROUND_S, what="leftovers")

    async def round(self) -> int:
        """Takes a page of messages down, and returns how many it tried."""
        now, database = self._services.clock(), self._services.database
        async with database.read() as connection:
            if not await takedowns.anything_due(connection, now=now):
                return 0
        async with database.begin() as connection:
            claimed = await takedowns.claim_due(connection, now=now, limit=self._page)
        await asyncio.gather(*map(self._remove, claimed))
        return len(claimed)

    async def _remove(self, one: Takedown) -> None:
        message = self._client.get_partial_messageable(one.channel_id).get_partial_message(one.message_id)
        hopeless = one.tries >= MAX_TRIES
        try:
            async with asyncio.timeout(DELETE_TIMEOUT_S):
                await message.delete()
        except (discord.NotFound, discord.Forbidden) as error:
            log.info("a message cannot be taken down", status=error.status, code=error.code)
        except TROUBLES as error:
            log.warning(
                "a message is still there", error=type(error).__name__, tries=one.tries, given_up=hopeless
            )
            if not hopeless:
                await self._try_later(one)
                return
        async with self._services.database.begin() as connection:
            await takedowns.forget(connection, one.message_id)

    async def _try_later(self, one: Takedown) -> None:
        retry_at = self._services.clock() + min(MAX_PAUSE_S, 2.0**one.tries)
        async with self._services.database.begin() as connection:
            await takedowns.postpone(connection, one.message_id, retry_at=retry_at)
