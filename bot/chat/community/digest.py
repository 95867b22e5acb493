"""The weekly digest's post: claimed before it is sent, so that no crash sends it twice."""

import math
from collections.abc import Mapping, Sequence

import discord
import structlog
from discord import ui
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.chat.community.pictures import ACCENT, add_exhibits
from bot.chat.ui.components import layout, plain
from bot.chat.ui.outbox_runner import OutboxRunner, describe
from bot.chat.ui.troubles import TROUBLES
from bot.domain.gallery import digest
from bot.domain.gallery.digest import Due
from bot.domain.gallery.exhibits import Exhibit
from bot.domain.outbox import schedule
from bot.language import _, nearest, speaking
from bot.tables.people import digests as digests_table

log = structlog.get_logger(__name__)


class DigestTeller(OutboxRunner[Due]):
    """Posts each server's digest of a week in its art channel, once."""

    table = digests_table
    poll_s = 60.0
    timeout_s = 60.0
    limit = 5
    max_tries = math.inf  # until the next week's

    async def claim(self, *, now: float, limit: int) -> Sequence[Due]:
        """Servers of this process's shards that the bot is still in."""
        week = digest.told_week(now)
        async with self._services.database.read() as connection:
            due = await digest.due(connection, week, now=now)
        own = [one for one in due if self._client.get_guild(one.guild_id)][:limit]
        if not own:
            return []
        async with self._services.database.begin() as connection:
            return [one for one in own if await digest.claim(connection, one.guild_id, week, now=now)]

    def context(self, row: Due) -> Mapping[str, object]:
        return {"guild": row.guild_id, "week": row.week.name}

    async def send(self, row: Due) -> None:
        message_id = await self._post(row)
        async with self._services.database.begin() as connection:
            await digest.posted(connection, row.guild_id, row.week, message_id=message_id)
        if message_id is not None:
            log.info("digest posted", message=message_id)
        self._notice.set()  # the next servers need not wait for the next poll

    def is_hopeless(self, row: Due, error: Exception) -> bool:
        """A digest that may have been posted is not posted again."""
        return not isinstance(error, TROUBLES) or super().is_hopeless(row, error)

    async def give_up(self, connection: AsyncConnection, row: Due, error: Exception) -> None:
        await schedule.settle(connection, digests_table, row.key, due_at=None, last_error=describe(error))

    async def _post(self, due: Due) -> int | None:
        """None where nothing happened in the week."""
        guild = self._client.get_guild(due.guild_id)
        channel = guild and guild.get_channel(due.settings.art_channel or 0)
        if guild is None or not isinstance(channel, discord.TextChannel):
            return None
        async with self._services.database.read() as connection:
            best = await digest.best(connection, due.guild_id, due.week, age_restricted=channel.is_nsfw())
            weekly = await digest.style_of_week(
                connection, due.guild_id, due.settings, now=self._services.clock()
            )
        with speaking(nearest(due.settings.language or str(guild.preferred_locale))):
            view, files = await self._message(weekly, best)
        if not files:
            return None
        return (await channel.send(view=view, files=files, nonce=f"week-{due.guild_id}")).id

    async def _message(
        self, weekly: str | None, best: list[Exhibit]
    ) -> tuple[ui.LayoutView, list[discord.File]]:
        container: ui.Container[ui.LayoutView] = ui.Container(accent_colour=ACCENT)
        container.add_item(ui.TextDisplay("### " + _("The most starred pictures of the week")))
        files = await add_exhibits(container, best, self._services.picture_store)
        if weekly:
            words = _("The style of the week: **{style}**", style=plain(weekly))
            container.add_item(ui.TextDisplay(words))
        return layout(container), files
