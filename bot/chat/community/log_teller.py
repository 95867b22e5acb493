"""Posts what a server's moderators are told, in the log channel that the server has chosen."""

from collections.abc import Mapping, Sequence
from typing import Final

import discord
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.chat.ui.components import plain
from bot.chat.ui.outbox_runner import OutboxRunner
from bot.domain.outbox import moderation_log
from bot.domain.outbox.moderation_log import Entry, Kind
from bot.domain.servers import server_settings
from bot.language import N_, _, nearest, speaking
from bot.tables.people import log_entries

SENTENCES: Final = {
    Kind.ASKED: N_("{person} asked for a picture in {channel}: {subject}"),
    Kind.REFUSED: N_("{person} was refused in {channel}: {subject}"),
    Kind.CANCELLED: N_("{moderator} cancelled a picture of {person}: {subject}"),
    Kind.DELETED: N_("{moderator} deleted a picture of {person}: {subject}"),
    Kind.TAKEN_DOWN: N_("{moderator} took a picture of {person} down from the gallery: {subject}"),
    Kind.LEFT_OUT: N_("{moderator} took a picture of {person} out of the challenge: {subject}"),
    Kind.BLOCKED: N_("{moderator} blocked {person}: {subject}"),
    Kind.UNBLOCKED: N_("{moderator} unblocked {person}."),
}


def sentence_of(entry: Entry) -> str:
    """An entry in words; who did it to a picture of their own is named once."""
    return _(
        SENTENCES[entry.kind],
        person=f"<@{entry.user_id}>",
        moderator=f"<@{entry.moderator_id or entry.user_id}>",
        channel=f"<#{entry.channel_id}>" if entry.channel_id else "",
        subject=plain(entry.subject),
    )


class LogTeller(OutboxRunner[Entry]):
    """Posts each entry once its server's process sees it."""

    table = log_entries
    poll_s = 2.0
    timeout_s = 45.0
    limit = 1  # so that they stand in their order

    async def claim(self, *, now: float, limit: int) -> Sequence[Entry]:
        """Those of servers that this process is in."""
        async with self._services.database.read() as connection:
            due = await moderation_log.due_guilds(connection, now=now)
        own = [guild_id for guild_id in due if self._client.get_guild(guild_id)]
        if not own:
            return []
        async with self._services.database.begin() as connection:
            return await moderation_log.claim_due(connection, own, now=now, limit=limit, holder=self._name)

    def context(self, row: Entry) -> Mapping[str, object]:
        return {"entry": row.id, "guild": row.guild_id}

    async def send(self, row: Entry) -> None:
        async with self._services.database.read() as connection:
            settings = await server_settings.settings_of(connection, row.guild_id)
        guild = self._client.get_guild(row.guild_id)
        channel = guild and guild.get_channel(settings.log_channel or 0)
        if guild is not None and isinstance(channel, discord.TextChannel):
            with speaking(nearest(settings.language or str(guild.preferred_locale))):
                await channel.send(sentence_of(row), nonce=f"log-{row.id}", suppress_embeds=True)
        async with self._services.database.begin() as connection:
            await moderation_log.forget(connection, row)
        self._notice.set()  # the next one need not wait for the next poll

    async def give_up(self, connection: AsyncConnection, row: Entry, _error: Exception) -> None:
        """Its channel is gone, or closed to the bot."""
        await moderation_log.forget(connection, row)
