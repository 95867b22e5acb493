"""Takes down messages that must not be seen any more: of deleted pictures, and outdated cards."""

from collections.abc import Mapping, Sequence

import discord
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.chat.ui.interaction import Services
from bot.chat.ui.outbox_runner import OutboxRunner
from bot.chat.ui.troubles import ARCHIVED, open_again
from bot.domain.outbox import takedowns
from bot.domain.outbox.takedowns import Takedown
from bot.tables.people import takedowns as takedowns_table

TAKEDOWNS_AT_ONCE = 10
"""Messages at a time: Discord lets a bot delete about five a second in a channel."""


class TakedownRunner(OutboxRunner[Takedown]):
    """Takes down what `/mydata delete` and replaced cards have left, `page` messages at a time."""

    table = takedowns_table
    poll_s = 2.0
    timeout_s = 45.0  # discord.py may wait that long when Discord tells it to

    def __init__(self, *, client: discord.Client, services: Services, page: int = TAKEDOWNS_AT_ONCE) -> None:
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
        if row.interaction_token is None:
            await self._delete_in_channel(row)
        elif self._services.clock() < (row.token_until or 0.0):
            token = row.interaction_token
            webhook = discord.Webhook.partial(self._client.application_id or 0, token, client=self._client)
            await webhook.delete_message(row.message_id)
        # Once its token has expired, a message for one person alone is out of reach for everybody else.
        async with self._services.database.begin() as connection:
            await takedowns.forget(connection, row.message_id)

    async def _delete_in_channel(self, row: Takedown) -> None:
        message = self._client.get_partial_messageable(row.channel_id).get_partial_message(row.message_id)
        try:
            await message.delete()
        except discord.HTTPException as error:
            if error.code != ARCHIVED or not await open_again(self._client, row.channel_id):
                raise
            await message.delete()

    async def give_up(self, connection: AsyncConnection, row: Takedown, _error: Exception) -> None:
        """It is gone, or Discord will never let us delete it."""
        await takedowns.forget(connection, row.message_id)
