"""Hangs pictures in art channels, updates their stars, and takes them down again.

A second try to hang an exhibit looks for its message first: the first one may have crashed between posting
and recording it, and Discord remembers a nonce only for some minutes.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace

import discord
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.chat.community.exhibit import is_message_of, message_of, picture_of
from bot.chat.ui.components import gallery
from bot.chat.ui.outbox_runner import OutboxRunner
from bot.chat.ui.troubles import TROUBLES, UNKNOWN_MESSAGE
from bot.chat.ui.uploads import Message, made_to_fit
from bot.domain.gallery import digest, exhibits
from bot.domain.gallery.exhibits import Exhibit, Step
from bot.domain.outbox import deliveries, takedowns
from bot.domain.servers import server_settings
from bot.domain.servers.server_settings import GuildSettings
from bot.domain.styles.style import description_of, public_title_of
from bot.language import speaking
from bot.media.blobs.protocol import BlobMissing
from bot.tables.people import exhibits as exhibits_table

log = structlog.get_logger(__name__)

LOOK_BACK = 100
"""How many of the channel's newest messages are searched for one that a crash left unrecorded."""


class GalleryUpdater(OutboxRunner[Exhibit]):
    """Brings art channels up to date through `client`."""

    table = exhibits_table
    poll_s = 1.0
    timeout_s = 45.0
    limit = 10

    async def claim(self, *, now: float, limit: int) -> Sequence[Exhibit]:
        """The oldest first."""
        async with self._services.database.read() as connection:
            if not await exhibits.anything_due(connection, now=now):
                return []
        async with self._services.database.begin() as connection:
            return await exhibits.claim_due(connection, now=now, limit=limit, holder=self._name)

    def context(self, row: Exhibit) -> Mapping[str, object]:
        return {"job": row.job.id, "guild": row.guild_id, "step": row.step.name}

    async def send(self, row: Exhibit) -> None:
        """Takes the step that the message needs."""
        ways: dict[Step, Callable[[Exhibit], Awaitable[None]]] = {
            Step.HANG: self._hang,
            Step.TAKE_DOWN: self._take_down,
            Step.RECOUNT: self._recount,
            Step.NOTHING: self._leave,
        }
        with speaking(row.job.language):
            await ways[row.step](row)

    def is_hopeless(self, row: Exhibit, error: Exception) -> bool:
        return isinstance(error, BlobMissing) or super().is_hopeless(row, error)

    async def give_up(self, connection: AsyncConnection, row: Exhibit, error: Exception) -> None:
        """Its card shows what cannot be hung; what cannot be changed stays as it is, or is gone."""
        if row.step is Step.HANG:
            await exhibits.give_up(connection, row.job.id)
            return
        gone = getattr(error, "code", None) == UNKNOWN_MESSAGE
        down = row.step is Step.TAKE_DOWN
        await exhibits.settle(
            connection,
            row,
            message_id=None if gone or down else row.message_id,
            # Somebody deleted the message by hand, which counts as taking it down.
            removed=not row.held and (gone or down),
            now=self._services.clock(),
        )

    # The steps ---------------------------------------------------------------------------------------

    async def _settings(self, exhibit: Exhibit) -> GuildSettings:
        """The server's settings, with the style of the week in which the picture was painted."""
        painted_at = exhibit.job.ended_at or self._services.clock()
        async with self._services.database.read() as connection:
            settings = await server_settings.settings_of(connection, exhibit.guild_id)
            weekly = await digest.style_of_week(connection, exhibit.guild_id, settings, now=painted_at)
        return replace(settings, weekly_style=weekly)

    async def _hang(self, exhibit: Exhibit) -> None:
        settings, job = await self._settings(exhibit), exhibit.job
        channel = await open_channel(self._client, settings.art_channel, guild_id=exhibit.guild_id)
        if channel is None or (job.age_restricted and not channel.is_nsfw()):
            log.info("picture not hung", channel=settings.art_channel, age_restricted=job.age_restricted)
            async with self._services.database.begin() as connection:
                await exhibits.give_up(connection, job.id)
            return
        message = await self._find(exhibit, channel) or await self._post(exhibit, channel, settings)
        async with self._services.database.begin() as connection:
            hangs = await exhibits.settle(
                connection, exhibit, message_id=message.id, channel_id=channel.id, now=self._services.clock()
            )
            if not hangs:  # its artist had everything deleted meanwhile
                await takedowns.add(connection, {message.id: channel.id})
                return
        log.info("picture hung", message=message.id)
        if settings.art_threads:
            await self._open_thread(exhibit, message)

    async def _find(self, exhibit: Exhibit, channel: discord.TextChannel) -> discord.Message | None:
        """The message that an earlier try has posted but not recorded."""
        if exhibit.tries <= 1:
            return None
        try:
            async for message in channel.history(limit=LOOK_BACK):
                if message.author == self._client.user and is_message_of(exhibit, message):
                    return message
        except discord.Forbidden as error:
            log.info("the channel's history is closed", code=error.code)  # the nonce has to do
        return None

    async def _post(
        self, exhibit: Exhibit, channel: discord.TextChannel, settings: GuildSettings
    ) -> discord.Message:
        weekly = exhibit.job.style_name == settings.weekly_style
        card = await self._card_link(exhibit)

        async def make(limit_bytes: int) -> Message:
            picture = await picture_of(exhibit, self._services.picture_store, limit_bytes=limit_bytes)
            return message_of(exhibit, gallery(picture), weekly=weekly, card=card), [picture]

        async def send(view: discord.ui.LayoutView, files: list[discord.File]) -> discord.Message:
            return await channel.send(view=view, files=files, nonce=f"hang-{exhibit.job.id}")

        return await made_to_fit(channel.guild.filesize_limit, make, send)

    async def _card_link(self, exhibit: Exhibit) -> str | None:
        """None where the card is not to be seen in the server."""
        async with self._services.database.read() as connection:
            address = await deliveries.address_of(connection, exhibit.job.id)
        if address is None or address.message_id is None or address.message_channel_id is not None:
            return None
        place = f"{exhibit.guild_id}/{exhibit.job.channel_id}/{address.message_id}"
        return f"https://discord.com/channels/{place}"

    async def _open_thread(self, exhibit: Exhibit, message: discord.Message) -> None:
        """A thread for talking about the picture; it hangs just as well without one."""
        try:
            await message.create_thread(name=f"{public_title_of(exhibit.job)[:80]} · {exhibit.job.id}")
        except TROUBLES as error:
            log.warning("no thread opened", error=type(error).__name__, code=getattr(error, "code", None))

    async def _recount(self, exhibit: Exhibit) -> None:
        channel = self._client.get_partial_messageable(exhibit.channel_id)
        message = await channel.fetch_message(exhibit.message_id or 0)
        settings = await self._settings(exhibit)
        (file,) = message.attachments
        item = discord.MediaGalleryItem(
            f"attachment://{file.filename}",
            description=description_of(exhibit.job)[:256],
            spoiler=exhibit.job.spoiler,
        )
        weekly = exhibit.job.style_name == settings.weekly_style
        view = message_of(
            exhibit, discord.ui.MediaGallery(item), weekly=weekly, card=await self._card_link(exhibit)
        )
        await message.edit(view=view, attachments=[file])
        await self._leave(exhibit)

    async def _take_down(self, exhibit: Exhibit) -> None:
        channel = self._client.get_partial_messageable(exhibit.channel_id)
        await channel.get_partial_message(exhibit.message_id or 0).delete()
        async with self._services.database.begin() as connection:
            removed = exhibit.removed or not exhibit.welcome
            now = self._services.clock()
            await exhibits.settle(connection, exhibit, message_id=None, removed=removed, now=now)
        log.info("picture taken down", message=exhibit.message_id)

    async def _leave(self, exhibit: Exhibit) -> None:
        async with self._services.database.begin() as connection:
            now = self._services.clock()
            await exhibits.settle(connection, exhibit, message_id=exhibit.message_id, now=now)


async def open_channel(
    client: discord.Client, channel_id: int | None, *, guild_id: int
) -> discord.TextChannel | None:
    """The server's art channel; None where there is none of that kind.

    Raises:
        discord.NotFound, discord.Forbidden: it is gone, or closed to the bot.
    """
    if channel_id is None:
        return None
    channel = client.get_channel(channel_id) or await client.fetch_channel(channel_id)
    return channel if isinstance(channel, discord.TextChannel) and channel.guild.id == guild_id else None
