"""The weekly digest's post: claimed before it is sent, so that no crash sends it twice."""

import asyncio

import discord
import structlog
from discord import ui

from bot.chat.community.exhibit import ACCENT
from bot.chat.ui.components import layout
from bot.chat.ui.retry import TROUBLES
from bot.chat.ui.services import Services
from bot.chat.ui.text import plain
from bot.chat.ui.thumbnails import described, gallery_of, thumbnail
from bot.domain.gallery import digest
from bot.domain.gallery.digest import Due, Week
from bot.domain.gallery.exhibits import Exhibit
from bot.language import _, n_, nearest, speaking

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 60.0
POST_TIMEOUT_S = 60.0


class DigestTeller:
    """Posts each server's digest of a week in its art channel, once."""

    def __init__(self, *, client: discord.Client, services: Services) -> None:
        self._client = client
        self._services = services
        self._next_look_at = 0.0

    async def tell(self) -> None:
        """Posts what is due; looks once a minute."""
        now = self._services.clock()
        if now < self._next_look_at:
            return
        self._next_look_at = now + LOOK_EVERY_S
        week = digest.told_week(now)
        async with self._services.database.read() as connection:
            due = await digest.due(connection, week)
        for one in due:
            if self._client.get_guild(one.guild_id) is None:
                continue  # another process's shard, or the bot was removed
            with structlog.contextvars.bound_contextvars(guild=one.guild_id, week=week.name):
                await self._tell_one(one, week)

    async def _tell_one(self, due: Due, week: Week) -> None:
        database = self._services.database
        async with database.begin() as connection:
            if not await digest.claim(connection, due.guild_id, week, now=self._services.clock()):
                return
        try:
            async with asyncio.timeout(POST_TIMEOUT_S):
                message_id = await self._post(due, week)
        except (discord.Forbidden, discord.NotFound) as error:
            log.warning("digest not posted", status=error.status, code=error.code)
        except TROUBLES as error:
            log.warning("digest put off", error=type(error).__name__)
            async with database.begin() as connection:
                await digest.release(connection, due.guild_id, week)
        except Exception:
            log.exception("digest broken")
        else:
            if message_id is not None:
                async with database.begin() as connection:
                    await digest.posted(connection, due.guild_id, week, message_id=message_id)
                log.info("digest posted", message=message_id)

    async def _post(self, due: Due, week: Week) -> int | None:
        """None where the week has nothing to tell of."""
        guild = self._client.get_guild(due.guild_id)
        channel = guild and guild.get_channel(due.settings.art_channel or 0)
        if guild is None or not isinstance(channel, discord.TextChannel):
            return None
        async with self._services.database.read() as connection:
            best = await digest.best(connection, due.guild_id, week, age_restricted=channel.is_nsfw())
        with speaking(nearest(due.settings.language or str(guild.preferred_locale))):
            view, files = await self._message(due, best)
        if not files:
            return None
        return (await channel.send(view=view, files=files, nonce=f"week-{due.guild_id}")).id

    async def _message(self, due: Due, best: list[Exhibit]) -> tuple[ui.LayoutView, list[discord.File]]:
        lines, files = [], []
        for number, exhibit in enumerate(best, start=1):
            job = exhibit.job
            description = described(job, number)
            file = await thumbnail(job, self._services.picture_store, number=number, description=description)
            if file is not None:
                files.append(file)
                lines.append(line_of(exhibit, number))
        container: ui.Container[ui.LayoutView] = ui.Container(accent_colour=ACCENT)
        container.add_item(ui.TextDisplay("### " + _("The most starred pictures of the week")))
        if files:
            container.add_item(gallery_of(files))
            container.add_item(ui.TextDisplay("\n".join(lines)))
        if due.settings.weekly_style:
            style = plain(due.settings.weekly_style)
            container.add_item(ui.TextDisplay(_("The style of the week: **{style}**", style=style)))
        return layout(container), files


def line_of(exhibit: Exhibit, number: int) -> str:
    """An exhibit in a list: its number, style, artist, stars, and the way there."""
    job = exhibit.job
    stars = n_("★ {count} star", "★ {count} stars", exhibit.stars)
    way = f"[{_('see it')}]({exhibit.link})"
    return f"**{number}.** {plain(job.style_name)} · <@{job.user_id}> · {stars} · {way}"
