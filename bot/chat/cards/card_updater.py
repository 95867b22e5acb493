"""Brings every card up to date with its job, whatever Discord, the network or a restart did.

A card lags behind when its job's revision is higher than the one shown. Edits may be repeated safely. The one
message that may have to be posted anew carries the job's id as its nonce, which Discord remembers for some
minutes; after that the channel's history tells whether it was posted, see `card_history`.
"""

from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import discord
import structlog
from aiolimiter import AsyncLimiter
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.chat.cards.card_message import find_card, upload
from bot.chat.ui.interaction import Services, webhook_of
from bot.chat.ui.outbox_runner import OutboxRunner, describe
from bot.chat.ui.troubles import ARCHIVED, GONE, Outcome, open_again, outcome_of
from bot.chat.ui.uploads import DEFAULT_LIMIT_BYTES
from bot.domain.gallery import hanging
from bot.domain.jobs import queue
from bot.domain.jobs.model import WAITING, Job, State
from bot.domain.outbox import deliveries, mentions, takedowns
from bot.domain.outbox.deliveries import Delivery
from bot.language import _, speaking
from bot.tables.pictures import deliveries as deliveries_table

log = structlog.get_logger(__name__)

EDIT_EVERY_S = 3.0
EDITS_PER_CHANNEL = 4
EDITS_PERIOD_S = 5.0
"""Edits of running cards per channel and 5 s; Discord allows about 5, and final edits need some of them."""
TOKEN, CHANNEL = "interaction token", "channel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The message that shows a card; channel_id: where it is, if not in the job's channel."""

    message_id: int
    channel_id: int | None = None


class _Original:
    """In the place of a message's id: an interaction's first answer. No `str`, which discord.py would quote.

    Source: Discord's documentation, "Edit Original Interaction Response".
    """

    def __str__(self) -> str:
        return "@original"


Way = Callable[[Delivery], Awaitable[Shown]]


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
        self._unchangeable: set[int] = set()

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
        job, shown = row.job, await self._show(row)
        if job.state not in WAITING:
            self._silent.discard(job.id)
            self._unchangeable.discard(job.id)
        async with self._services.database.begin() as connection:
            if not await self._record(connection, row, shown):
                return
            if job.state is State.RENDERED:
                await queue.deliver(connection, job.id)
                await hanging.hang(connection, job, now=self._services.clock())
                await mentions.add(connection, job, now=self._services.clock())
                log.info("job delivered", message=shown.message_id if shown else None)
            elif job.state not in WAITING:
                await deliveries.close(connection, job.id)
                log.info("job ended", state=job.state)

    async def _record(self, connection: AsyncConnection, row: Delivery, shown: Shown | None) -> bool:
        """Records where the card is; what it replaces is taken down. False: its job was deleted meanwhile."""
        before = await deliveries.address_of(connection, row.job.id)
        known = await deliveries.shown(
            connection,
            row.job.id,
            revision=row.job.revision,
            message_id=shown.message_id if shown else None,
            channel_id=shown.channel_id if shown else None,
        )
        if shown is not None and before is None:
            await takedowns.add(connection, {shown.message_id: shown.channel_id or row.job.channel_id})
        elif shown is not None and before is not None and before.message_id not in {None, shown.message_id}:
            await takedowns.add_card(connection, before, channel_id=row.channel_id)
        return known

    def is_hopeless(self, row: Delivery, error: Exception) -> bool:
        """What waits or runs is shown again at its end."""
        return row.job.state not in WAITING and super().is_hopeless(row, error)

    async def give_up(self, connection: AsyncConnection, row: Delivery, error: Exception) -> None:
        """Nowhere left to show it: the picture stays in our records."""
        await deliveries.close(connection, row.job.id, error=describe(error))

    # The ways to a person, best first ---------------------------------------------------------------

    async def _show(self, delivery: Delivery) -> Shown | None:
        """Shows the card by the first way that Discord still allows."""
        job = delivery.job
        for name, way in self._ways(delivery):
            try:
                return await self._go(delivery, way)
            except discord.HTTPException as error:
                outcome = outcome_of(error)
                if outcome not in {Outcome.OTHER_WAY, Outcome.OTHER_MESSAGE}:
                    raise
                log.info("this way is closed", way=name, code=error.code)
                await self._forget(delivery, name, error.code, outcome)
        if job.state in WAITING:
            self._silent.add(job.id)
        if job.state in WAITING or job.state is State.CANCELLED:
            return None  # not worth a new message
        return await self._post_to_user(delivery)

    async def _go(self, delivery: Delivery, way: Way) -> Shown:
        """One way. A card that others see comes out of the archive at its end."""
        try:
            return await way(delivery)
        except discord.HTTPException as error:
            worth_it = delivery.job.state not in WAITING and delivery.address.by_channel
            if error.code != ARCHIVED or not worth_it:
                raise
            if not await open_again(self._client, delivery.channel_id):
                raise
        return await way(delivery)

    async def _forget(self, delivery: Delivery, way: str, code: int, outcome: Outcome) -> None:
        """Does not try again what is gone for good: Discord counts refused requests."""
        if outcome is Outcome.OTHER_MESSAGE:
            self._unchangeable.add(delivery.job.id)
            return
        async with self._services.database.begin() as connection:
            if way == TOKEN:
                await deliveries.forget_token(connection, delivery.job.id)
            elif way == CHANNEL and code in GONE:
                await deliveries.forget_message(connection, delivery.job.id)

    def _ways(self, delivery: Delivery) -> Iterator[tuple[str, Way]]:
        """One after the other; which come next depends on how the earlier ones ended.

        A card that somebody deleted is not posted again in the same place. One that could not show a preview
        is left alone until the end.
        """
        address, ended = delivery.address, delivery.job.state not in WAITING
        silent = delivery.job.id in self._silent
        valid = self._services.clock() < address.token_until and address.message_channel_id is None
        if valid and (ended or delivery.job.id not in self._unchangeable):
            yield TOKEN, self._edit_by_token
        if not address.by_channel:
            return
        if address.message_id is not None and (ended or not silent):
            yield CHANNEL, self._edit_in_channel
        if ended and (address.message_id is None or delivery.job.id in self._unchangeable):
            yield "new message", self._post_in_channel

    async def _post_in_channel(self, delivery: Delivery) -> Shown:
        channel = self._client.get_partial_messageable(delivery.channel_id)
        message_id = await self._post(delivery, channel, self._channel_limit(delivery))
        return Shown(message_id=message_id, channel_id=delivery.address.message_channel_id)

    async def _post_to_user(self, delivery: Delivery) -> Shown:
        user = await self._client.fetch_user(delivery.job.user_id)
        channel = user.dm_channel or await user.create_dm()
        with speaking(delivery.job.language):
            remark = _("It could not be shown in {channel}.", channel=f"<#{delivery.job.channel_id}>")
        message_id = await self._post(delivery, channel, DEFAULT_LIMIT_BYTES, remark=remark)
        return Shown(message_id=message_id, channel_id=channel.id)

    async def _edit_by_token(self, delivery: Delivery) -> Shown:
        address = delivery.address
        webhook = webhook_of(self._client, address.interaction_token)
        known: Any = address.message_id or _Original()  # a fast worker was ahead of the first card's record

        async def edit(view: discord.ui.LayoutView, files: list[discord.File]) -> int:
            return (await webhook.edit_message(known, view=view, attachments=files)).id

        return Shown(message_id=await upload(self._services, delivery, edit, address.filesize_limit))

    async def _edit_in_channel(self, delivery: Delivery) -> Shown:
        channel = self._client.get_partial_messageable(delivery.channel_id)
        message = channel.get_partial_message(delivery.address.message_id or 0)

        async def edit(view: discord.ui.LayoutView, files: list[discord.File]) -> int:
            return (await message.edit(view=view, attachments=files)).id

        message_id = await upload(self._services, delivery, edit, self._channel_limit(delivery))
        return Shown(message_id=message_id, channel_id=delivery.address.message_channel_id)

    async def _post(
        self,
        delivery: Delivery,
        target: discord.abc.Messageable,
        limit_bytes: int,
        *,
        remark: str | None = None,
    ) -> int:
        """A new message, or the one that an earlier try has posted and not recorded."""
        posted = await find_card(self._client, target, delivery)

        async def post(view: discord.ui.LayoutView, files: list[discord.File]) -> int:
            if posted is not None:
                return (await posted.edit(view=view, attachments=files)).id
            async with self._services.database.begin() as connection:
                await deliveries.posting(connection, delivery.job.id, now=self._services.clock())
            return (await target.send(view=view, files=files, nonce=f"easel-{delivery.job.id}")).id

        return await upload(self._services, delivery, post, limit_bytes, remark=remark)

    def _channel_limit(self, delivery: Delivery) -> int:
        """What the bot itself may upload there: a person's own limit ends with the interaction."""
        guild = self._client.get_guild(delivery.job.guild_id or 0)
        allowed = guild.filesize_limit if guild else DEFAULT_LIMIT_BYTES
        return min(delivery.address.filesize_limit, allowed)
