"""The curator hangs pictures in art channels, counts their stars, and takes them down again.

Like the courier it works from the database alone. An exhibit is claimed before anything is sent. Who claims
one for the second time looks for its message first: a crash may have come between posting and recording it,
and Discord remembers a nonce only for some minutes.
"""

import asyncio
from collections.abc import Awaitable, Callable

import discord
import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot.chat.community.digest import DigestTeller
from bot.chat.community.exhibit import is_message_of, message_of, picture_of
from bot.chat.ui.polling import poll
from bot.chat.ui.retry import TROUBLES, UNKNOWN_MESSAGE
from bot.chat.ui.services import Services
from bot.domain.gallery import exhibits
from bot.domain.gallery.exhibits import Exhibit, Step
from bot.domain.servers import server_settings
from bot.domain.servers.server_settings import GuildSettings
from bot.language import speaking
from bot.media.blobs.protocol import BlobMissing

log = structlog.get_logger(__name__)

ROUND_S = 1.0
STEP_TIMEOUT_S = 45.0
"""Less than the lease of a claim."""
MAX_TRIES = 40
MAX_PAUSE_S = 300.0
LOOK_BACK = 100
"""How many of the channel's newest messages are searched for one that a crash left unrecorded."""


class GalleryUpdater:
    """Brings art channels up to date through `client`."""

    def __init__(self, *, client: discord.Client, services: Services) -> None:
        self._client = client
        self._services = services
        self._digests = DigestTeller(client=client, services=services)

    async def run(self) -> None:
        """Works until cancelled, waiting for the client to be ready first."""
        await poll(self._client, self.round, every_s=ROUND_S, what="exhibits")

    async def round(self) -> int:
        """Does everything that may be done now, and returns how many exhibits that were."""
        claimed = await self._claim()
        await asyncio.gather(*map(self._do, claimed))
        await self._digests.tell()
        return len(claimed)

    async def _claim(self) -> list[Exhibit]:
        now, database = self._services.clock(), self._services.database
        async with database.read() as connection:
            if not await exhibits.anything_due(connection, now=now):
                return []
        async with database.begin() as connection:
            return await exhibits.claim_due(connection, now=now)

    async def _do(self, exhibit: Exhibit) -> None:
        job = exhibit.job
        ways: dict[Step, Callable[[Exhibit], Awaitable[None]]] = {
            Step.HANG: self._hang,
            Step.TAKE_DOWN: self._take_down,
            Step.RECOUNT: self._recount,
            Step.NOTHING: self._leave,
        }
        with (
            structlog.contextvars.bound_contextvars(job=job.id, guild=exhibit.guild_id),
            speaking(job.language),
        ):
            try:
                await self._try(ways[exhibit.step], exhibit)
            except SQLAlchemyError as error:
                log.warning("an exhibit could not be written", error=type(error).__name__)  # its lease ends

    async def _try(self, way: Callable[[Exhibit], Awaitable[None]], exhibit: Exhibit) -> None:
        try:
            async with asyncio.timeout(STEP_TIMEOUT_S):
                await way(exhibit)
        except SQLAlchemyError:
            raise
        except Exception as error:  # noqa: BLE001 - one exhibit must not stop the others
            await self._after(exhibit, error)

    async def _after(self, exhibit: Exhibit, error: Exception) -> None:
        """Tries again later, or ends the tries where there is no hope."""
        note = f"{type(error).__name__} {getattr(error, 'status', '')} {getattr(error, 'code', '')}".strip()
        hopeless = exhibit.tries >= MAX_TRIES or isinstance(
            error, discord.Forbidden | discord.NotFound | BlobMissing
        )
        foreseen = isinstance(error, (*TROUBLES, BlobMissing))
        log.warning(
            "exhibit not done",
            step=exhibit.step.name,
            error=note,
            tries=exhibit.tries,
            given_up=hopeless,
            exc_info=None if foreseen else error,
        )
        now = self._services.clock()
        async with self._services.database.begin() as connection:
            if not hopeless:
                pause_s = min(MAX_PAUSE_S, 2.0**exhibit.tries)
                await exhibits.postpone(connection, exhibit.job.id, retry_at=now + pause_s)
            elif exhibit.step is Step.HANG:
                await exhibits.give_up(connection, exhibit.job.id)
            else:
                gone = getattr(error, "code", None) == UNKNOWN_MESSAGE
                down = exhibit.step is Step.TAKE_DOWN
                await exhibits.settle(
                    connection,
                    exhibit,
                    message_id=None if gone or down else exhibit.message_id,
                    # Somebody deleted the message by hand: that is taking it down.
                    removed=not exhibit.held and (gone or down),
                    now=now,
                )

    # The steps ---------------------------------------------------------------------------------------

    async def _settings(self, exhibit: Exhibit) -> GuildSettings:
        async with self._services.database.read() as connection:
            return await server_settings.settings_of(connection, exhibit.guild_id)

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
            await exhibits.settle(
                connection, exhibit, message_id=message.id, channel_id=channel.id, now=self._services.clock()
            )
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
        limit_bytes = channel.guild.filesize_limit
        file = await picture_of(exhibit, self._services.picture_store, limit_bytes=limit_bytes)
        weekly = exhibit.job.style_name == settings.weekly_style
        view = message_of(exhibit, discord.MediaGalleryItem(file), weekly=weekly)
        return await channel.send(view=view, file=file, nonce=f"hang-{exhibit.job.id}")

    async def _open_thread(self, exhibit: Exhibit, message: discord.Message) -> None:
        """A thread for talking about the picture; without one it hangs just as well."""
        try:
            await message.create_thread(name=f"{exhibit.job.style_name[:80]} · {exhibit.job.id}")
        except TROUBLES as error:
            log.warning("no thread opened", error=type(error).__name__, code=getattr(error, "code", None))

    async def _recount(self, exhibit: Exhibit) -> None:
        channel = self._client.get_partial_messageable(exhibit.channel_id)
        message = await channel.fetch_message(exhibit.message_id or 0)
        settings = await self._settings(exhibit)
        (file,) = message.attachments
        item = discord.MediaGalleryItem(
            f"attachment://{file.filename}", description=file.description, spoiler=exhibit.job.spoiler
        )
        weekly = exhibit.job.style_name == settings.weekly_style
        await message.edit(view=message_of(exhibit, item, weekly=weekly), attachments=[file])
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
