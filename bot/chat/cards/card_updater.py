"""Brings every card up to date with its job, whatever Discord, the network or a restart did.

A card lags behind when its job's revision is higher than the one shown. Edits may be repeated safely, and the
one message that may have to be posted anew carries the job's id as its nonce.
"""

from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress

import discord
import structlog
from aiolimiter import AsyncLimiter
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.chat.cards.card_upload import DEFAULT_LIMIT_BYTES, upload
from bot.chat.cards.original import fetch_original, webhook_of
from bot.chat.ui.interaction import Services
from bot.chat.ui.outbox_runner import OutboxRunner, describe
from bot.chat.ui.retry import TROUBLES
from bot.domain.gallery import exhibits
from bot.domain.jobs import queue
from bot.domain.jobs.model import WAITING, Job, State
from bot.domain.outbox import deliveries
from bot.domain.outbox.deliveries import Delivery
from bot.language import _, speaking
from bot.tables import deliveries as deliveries_table

log = structlog.get_logger(__name__)

WORN_OUT = 30046
"""Too many edits of a message older than an hour: this one cannot be edited for a while."""
CLOSED_WAYS = {
    10003,  # unknown channel
    10008,  # unknown message: somebody deleted the card
    10015,  # unknown webhook: the interaction is forgotten
    50001,  # no access
    50013,  # no permission
    50027,  # the interaction's token has expired
    WORN_OUT,
}
"""Error codes after which the next way is tried. Source: Discord's "Opcodes and Status Codes"."""

GONE = {10003, 10008}
EDIT_EVERY_S = 3.0
EDITS_PER_CHANNEL = 4
EDITS_PERIOD_S = 5.0
"""Edits of running cards per channel and 5 s; Discord allows about 5, and final edits need some of them."""
TOKEN, CHANNEL = "interaction token", "channel"


class EditRateLimit:
    """Remembers when each job's card was last edited, and what each channel has left."""

    def __init__(self) -> None:
        self._edited_at: dict[int, float] = {}
        self._channels: dict[int, AsyncLimiter] = {}

    def forget(self, *, now: float, busy_channels: Collection[int]) -> None:
        """Drops what no longer matters."""
        self._edited_at = {job: at for job, at in self._edited_at.items() if at > now - EDIT_EVERY_S}
        self._channels = {
            channel: limiter
            for channel, limiter in self._channels.items()
            if channel in busy_channels or not limiter.has_capacity(EDITS_PER_CHANNEL)
        }

    async def take(self, job_id: int, channel_id: int, *, now: float, ended: bool) -> bool:
        """Whether a card may be edited now; then the edit is counted.

        An end always may. The budget is spent here and never waited for, or an end would wait behind its own
        preview.
        """
        limiter = self._channels.setdefault(channel_id, AsyncLimiter(EDITS_PER_CHANNEL, EDITS_PERIOD_S))
        free = limiter.has_capacity()
        if not ended and (job_id in self._edited_at or not free):
            return False
        if free:
            await limiter.acquire()
        self._edited_at[job_id] = now
        return True


class CardUpdater(OutboxRunner[Delivery]):
    """Shows jobs on their cards through `client`."""

    table = deliveries_table
    poll_s = 0.5
    limit = 100

    def __init__(self, *, client: discord.Client, services: Services) -> None:
        super().__init__(client=client, services=services, notice=services.news)
        self._rate_limit = EditRateLimit()
        self._silent: set[int] = set()
        self._worn_out: set[int] = set()

    async def claim(self, *, now: float, limit: int) -> Sequence[Delivery]:
        """Ended jobs first; cards that are edited too often wait for a later poll."""
        async with self._services.database.read() as connection:
            due = await deliveries.due(connection, now=now, holder=self._name, limit=self.limit)
        self._rate_limit.forget(now=now, busy_channels={delivery.job.channel_id for delivery in due})
        waiting = [delivery.job for delivery in due if delivery.key not in self._in_flight][:limit]
        chosen = [job.id for job in waiting if await self._may_show(job, now)]
        if not chosen:
            return []
        async with self._services.database.begin() as connection:
            return await deliveries.claim(connection, chosen, holder=self._name, now=now)

    async def _may_show(self, job: Job, now: float) -> bool:
        return await self._rate_limit.take(job.id, job.channel_id, now=now, ended=job.state not in WAITING)

    def context(self, row: Delivery) -> Mapping[str, object]:
        return {"job": row.job.id, "user": row.job.user_id, "guild": row.job.guild_id}

    async def send(self, row: Delivery) -> None:
        job, message_id = row.job, await self._show(row)
        if job.state not in WAITING:
            self._silent.discard(job.id)
            self._worn_out.discard(job.id)
        async with self._services.database.begin() as connection:
            await deliveries.shown(connection, job.id, revision=job.revision, message_id=message_id)
            if job.state is State.RENDERED:
                await queue.deliver(connection, job.id)
                await exhibits.hang(connection, job, now=self._services.clock())
                log.info("job delivered", message=message_id)
            elif job.state not in WAITING:
                await deliveries.close(connection, job.id)
                log.info("job ended", state=job.state)

    def is_hopeless(self, row: Delivery, error: Exception) -> bool:
        """What waits or runs is shown again at its end."""
        return row.job.state not in WAITING and super().is_hopeless(row, error)

    async def give_up(self, connection: AsyncConnection, row: Delivery, error: Exception) -> None:
        """Nowhere left to show it: the picture stays in our records."""
        await deliveries.close(connection, row.job.id, error=describe(error))

    # The ways to a person, best first ---------------------------------------------------------------

    async def _show(self, delivery: Delivery) -> int | None:
        """Shows the card by the first way that Discord still allows, and returns its message id."""
        job = delivery.job
        for name, way in self._ways(delivery):
            try:
                return await way(delivery)
            except discord.HTTPException as error:
                if error.code not in CLOSED_WAYS:
                    raise
                log.info("this way is closed", way=name, code=error.code)
                await self._forget(delivery, name, error.code)
        if job.state in WAITING:
            self._silent.add(job.id)
        if job.state in WAITING or job.state is State.CANCELLED:
            return None  # not worth a new message
        return await self._post_to_user(delivery)

    async def _forget(self, delivery: Delivery, way: str, code: int) -> None:
        """Does not try again what is gone for good: Discord counts refused requests."""
        if code == WORN_OUT:
            self._worn_out.add(delivery.job.id)
            return
        async with self._services.database.begin() as connection:
            if way == TOKEN:
                await deliveries.forget_token(connection, delivery.job.id)
            elif way == CHANNEL and code in GONE:
                await deliveries.forget_message(connection, delivery.job.id)

    def _ways(self, delivery: Delivery) -> Iterator[tuple[str, Callable[[Delivery], Awaitable[int]]]]:
        """One after the other; which come next depends on how the earlier ones ended.

        A card that somebody deleted is not posted again in the same place. One that could not show a preview
        is left alone until the end.
        """
        address, ended = delivery.address, delivery.job.state not in WAITING
        silent = delivery.job.id in self._silent
        if self._services.clock() < address.token_until:
            yield TOKEN, self._edit_by_token
        if address.channel_reachable and address.message_id is not None and (ended or not silent):
            yield CHANNEL, self._edit_in_channel
        if address.channel_reachable and ended and address.message_id is None:
            yield "new message", self._post_in_channel
        elif ended and delivery.job.id in self._worn_out:
            yield "new message for a worn-out one", self._replace_in_channel

    async def _post_in_channel(self, delivery: Delivery) -> int:
        channel = self._client.get_partial_messageable(delivery.job.channel_id)
        return await self._post(delivery, channel, self._channel_limit(delivery))

    async def _replace_in_channel(self, delivery: Delivery) -> int:
        message_id = await self._post_in_channel(delivery)
        channel = self._client.get_partial_messageable(delivery.job.channel_id)
        with suppress(*TROUBLES):
            await channel.get_partial_message(delivery.address.message_id or 0).delete()
        return message_id

    async def _post_to_user(self, delivery: Delivery) -> int:
        user = await self._client.fetch_user(delivery.job.user_id)
        with speaking(delivery.job.language):
            remark = _("It could not be shown in {channel}.", channel=f"<#{delivery.job.channel_id}>")
        return await self._post(delivery, user, DEFAULT_LIMIT_BYTES, remark=remark)

    async def _edit_by_token(self, delivery: Delivery) -> int:
        address = delivery.address
        webhook = webhook_of(self._client, address.interaction_token)
        message_id = address.message_id or int((await fetch_original(self._client, webhook))["id"])

        async def edit(view: discord.ui.LayoutView, files: list[discord.File]) -> int:
            return (await webhook.edit_message(message_id, view=view, attachments=files)).id

        return await upload(self._services, delivery, edit, address.filesize_limit)

    async def _edit_in_channel(self, delivery: Delivery) -> int:
        channel = self._client.get_partial_messageable(delivery.job.channel_id)
        message = channel.get_partial_message(delivery.address.message_id or 0)

        async def edit(view: discord.ui.LayoutView, files: list[discord.File]) -> int:
            return (await message.edit(view=view, attachments=files)).id

        return await upload(self._services, delivery, edit, self._channel_limit(delivery))

    async def _post(
        self,
        delivery: Delivery,
        target: discord.abc.Messageable,
        limit_bytes: int,
        *,
        remark: str | None = None,
    ) -> int:
        async def post(view: discord.ui.LayoutView, files: list[discord.File]) -> int:
            return (await target.send(view=view, files=files, nonce=f"easel-{delivery.job.id}")).id

        return await upload(self._services, delivery, post, limit_bytes, remark=remark)

    def _channel_limit(self, delivery: Delivery) -> int:
        """What the bot itself may upload there: a person's own limit ends with the interaction."""
        guild = self._client.get_guild(delivery.job.guild_id or 0)
        allowed = guild.filesize_limit if guild else DEFAULT_LIMIT_BYTES
        return min(delivery.address.filesize_limit, allowed)
