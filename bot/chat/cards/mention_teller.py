"""Tells people that a picture is ready which took long: a reply to its card that mentions them, once.

A second try looks for the reply first: the first one may have crashed between posting and recording it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import discord
import structlog
from discord import ui
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.chat.ui.answers import handles_errors, reply
from bot.chat.ui.components import Persistent, custom_ids
from bot.chat.ui.deferral import deferred_if_slow
from bot.chat.ui.interaction import services_of
from bot.chat.ui.outbox_runner import OutboxRunner
from bot.domain.outbox import mentions, takedowns
from bot.domain.outbox.mentions import Mention
from bot.domain.servers import users
from bot.language import _, speaking
from bot.tables.pictures import mentions as mentions_table

log = structlog.get_logger(__name__)

LOOK_THROUGH: Final = 300
"""How many messages after the card are searched for a reply that a crash left unrecorded."""


class NoMentionButton(
    Persistent, ui.DynamicItem[ui.Button[Any]], template=r"easel:mention:(?P<job>[0-9]{1,18})"
):
    """Switches mentions off for whoever presses it."""

    def __init__(self, job_id: int) -> None:
        style = discord.ButtonStyle.secondary
        super().__init__(
            ui.Button(label=_("Don't mention me"), style=style, custom_id=f"easel:mention:{job_id}")
        )

    @handles_errors
    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        async with deferred_if_slow(interaction), services_of(interaction).database.begin() as connection:
            settings = await users.settings_of(connection, interaction.user.id)
            await users.keep(connection, interaction.user.id, replace(settings, mention_when_ready=False))
        sentence = _(
            "You will not be mentioned any more when a picture of yours is ready. "
            "`/mydata mentions` switches it on again."
        )
        await reply(interaction, sentence)


class MentionTeller(OutboxRunner[Mention]):
    """Replies to cards through `client`."""

    table = mentions_table
    poll_s = 1.0
    timeout_s = 30.0
    limit = 10

    async def claim(self, *, now: float, limit: int) -> Sequence[Mention]:
        """The oldest first."""
        async with self._services.database.read() as connection:
            if not await mentions.anything_due(connection, now=now):
                return []
        async with self._services.database.begin() as connection:
            return await mentions.claim_due(connection, now=now, limit=limit, holder=self._name)

    def context(self, row: Mention) -> Mapping[str, object]:
        return {"job": row.job.id, "user": row.job.user_id, "guild": row.job.guild_id}

    async def send(self, row: Mention) -> None:
        message_id = None
        if row.card_id is not None:
            with speaking(row.job.language):
                message_id = await self._find(row, row.card_id) or await self._post(row, row.card_id)
        async with self._services.database.begin() as connection:
            known = await mentions.settle(connection, row.job.id, message_id=message_id)
            if not known and message_id is not None:  # the person had everything deleted meanwhile
                await takedowns.add(connection, {message_id: row.job.channel_id})
        log.info("person mentioned", message=message_id)

    async def give_up(self, connection: AsyncConnection, row: Mention, _error: Exception) -> None:
        """The picture is on its card all the same."""
        await mentions.settle(connection, row.job.id, message_id=None)

    async def _find(self, row: Mention, card_id: int) -> int | None:
        if row.tries <= 1:
            return None
        channel, ours = self._channel(row), f"easel:mention:{row.job.id}"
        try:
            after = discord.Object(card_id)
            async for message in channel.history(limit=LOOK_THROUGH, after=after, oldest_first=True):
                if message.author == self._client.user and ours in custom_ids(message.components):
                    return message.id
        except discord.Forbidden as error:
            log.info("the channel's history is closed", code=error.code)  # the nonce has to do
        return None

    async def _post(self, row: Mention, card_id: int) -> int:
        job, view = row.job, ui.View(timeout=None)
        view.add_item(NoMentionButton(job.id))
        view.stop()  # dynamic items answer its clicks
        message = await self._channel(row).send(
            _("{person} Your picture is ready.", person=f"<@{job.user_id}>"),
            view=view,
            reference=discord.MessageReference(
                message_id=card_id,
                channel_id=job.channel_id,
                guild_id=job.guild_id,
                fail_if_not_exists=False,
            ),
            allowed_mentions=discord.AllowedMentions(
                everyone=False, roles=False, users=[discord.Object(job.user_id)], replied_user=False
            ),
            nonce=f"ready-{job.id}",
        )
        return message.id

    def _channel(self, row: Mention) -> discord.PartialMessageable:
        return self._client.get_partial_messageable(row.job.channel_id)
