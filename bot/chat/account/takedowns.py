"""Takes down the messages that `/mydata delete` has left, page by page, however many there are."""

from collections.abc import Mapping, Sequence

import discord
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.chat.ui.outbox_runner import OutboxRunner
from bot.chat.ui.services import Services
from bot.domain.outbox import takedowns
from bot.domain.outbox.takedowns import Takedown
from bot.tables import takedowns as takedowns_table

PAGE = 10
"""Messages in one round: Discord lets a bot delete about five a second in a channel."""


class TakedownRunner(OutboxRunner[Takedown]):
    """Deletes left messages through `client`, `page` of them at once."""

    table = takedowns_table
    poll_s = 2.0
    timeout_s = 45.0  # discord.py waits that long where Discord tells it to

    def __init__(self, *, client: discord.Client, services: Services, page: int = PAGE) -> None:
        super().__init__(client=client, services=services)
        self.limit = page

    async def claim(self, *, now: float, limit: int) -> Sequence[Takedown]:
        """The newest first."""
        async with self._services.database.read() as connection:
            if not await takedowns.anything_due(connection, now=now):
                return []
        async with self._services.database.begin() as connection:
            return await takedowns.claim_due(connection, now=now, limit=limit, holder=self._name)

    def context(self, row: Takedown) -> Mapping[str, object]:
        return {"message": row.message_id}

    async def send(self, row: Takedown) -> None:
        channel = self._client.get_partial_messageable(row.channel_id)
        await channel.get_partial_message(row.message_id).delete()
        async with self._services.database.begin() as connection:
            await takedowns.forget(connection, row.message_id)

    async def give_up(self, connection: AsyncConnection, row: Takedown, _error: Exception) -> None:
        """It is gone, or Discord will never let us."""
        await takedowns.forget(connection, row.message_id)
