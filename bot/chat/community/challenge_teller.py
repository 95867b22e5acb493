"""Keeps challenges to their deadlines: closes entries and votes, reminds of it, and shows what came of it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

import discord
import structlog
from discord import ui
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.chat.community.challenge_posts import post, reminder
from bot.chat.community.pictures import may_show_restricted
from bot.chat.community.vote_messages import without_menu
from bot.chat.ui.outbox_runner import OutboxRunner, describe
from bot.domain.challenges import challenges, deadlines, voting
from bot.domain.challenges.challenges import Challenge
from bot.domain.challenges.deadlines import Appointment, Step
from bot.domain.servers import server_settings
from bot.language import nearest, speaking
from bot.tables import challenges as challenges_table

log = structlog.get_logger(__name__)


class ChallengeTeller(OutboxRunner[Appointment]):
    """Takes each challenge's next step when it is due."""

    table = challenges_table
    poll_s = 2.0
    timeout_s = 120.0
    limit = 5

    async def claim(self, *, now: float, limit: int) -> Sequence[Appointment]:
        """Those of servers that this process is in."""
        async with self._services.database.read() as connection:
            due = await deadlines.due_guilds(connection, now=now)
        own = [guild_id for guild_id in due if self._client.get_guild(guild_id)]
        if not own:
            return []
        async with self._services.database.begin() as connection:
            return await deadlines.claim_due(connection, own, now=now, limit=limit, holder=self._name)

    def context(self, row: Appointment) -> Mapping[str, object]:
        return {"challenge": row.challenge.id, "guild": row.challenge.guild_id}

    async def send(self, row: Appointment) -> None:
        """The step that is due; after a deadline also the message that follows from it."""
        ways: dict[Step, Callable[[Challenge], Awaitable[None]]] = {
            Step.CLOSE: self._close,
            Step.POST: self._post,
            Step.REMIND: self._remind,
            Step.CLEAR_MENU: self._clear_menu,
            Step.NOTHING: self._rest,
        }
        with speaking(await self._language(row.challenge)):
            await ways[deadlines.step_of(row.challenge, now=self._services.clock())](row.challenge)

    async def give_up(self, connection: AsyncConnection, row: Appointment, error: Exception) -> None:
        await deadlines.give_up(connection, row.challenge, error=describe(error))

    # The steps ---------------------------------------------------------------------------------------

    async def _close(self, challenge: Challenge) -> None:
        async with self._services.database.begin() as connection:
            closed = await deadlines.close(connection, challenge, now=self._services.clock())
        if closed is not None:
            log.info("challenge closed by itself", state=closed.state)
            await self._post(closed)

    async def _post(self, challenge: Challenge) -> None:
        channel = await self._channel(challenge)

        async def send(view: ui.LayoutView, files: list[discord.File], nonce: str) -> int:
            return (await channel.send(view=view, files=files, nonce=nonce)).id

        restricted = may_show_restricted(channel)
        await post(self._services, challenge.id, send, age_restricted=restricted)
        async with self._services.database.begin() as connection:
            current = await challenges.get(connection, challenge.id)
            if current is not None:
                await deadlines.rest(connection, current)

    async def _remind(self, challenge: Challenge) -> None:
        async with self._services.database.read() as connection:
            entries = await voting.entries_of(connection, challenge.id)
        nonce = f"remind-{challenge.id}-{challenge.state}"[:25]
        await (await self._channel(challenge)).send(view=reminder(challenge, len(entries)), nonce=nonce)
        async with self._services.database.begin() as connection:
            await deadlines.reminded(connection, challenge)

    async def _clear_menu(self, challenge: Challenge) -> None:
        channel = self._client.get_partial_messageable(challenge.channel_id)
        try:
            message = await channel.fetch_message(challenge.menu_message_id or 0)
            await message.edit(view=without_menu(message), attachments=message.attachments)
        except discord.NotFound:
            log.info("the vote's message is gone")
        async with self._services.database.begin() as connection:
            await deadlines.menu_cleared(connection, challenge)

    async def _rest(self, challenge: Challenge) -> None:
        async with self._services.database.begin() as connection:
            await deadlines.rest(connection, challenge)

    async def _channel(self, challenge: Challenge) -> discord.abc.Messageable:
        """Raises `discord.NotFound` or `discord.Forbidden` where it is gone, or closed to the bot."""
        channel = self._client.get_channel(challenge.channel_id)
        channel = channel or await self._client.fetch_channel(challenge.channel_id)
        assert isinstance(channel, discord.abc.Messageable)
        return channel

    async def _language(self, challenge: Challenge) -> str:
        async with self._services.database.read() as connection:
            settings = await server_settings.settings_of(connection, challenge.guild_id)
        guild = self._client.get_guild(challenge.guild_id)
        return nearest(settings.language or str(guild.preferred_locale if guild else ""))
