"""The courier brings every card up to date with its job, whatever Discord, the network or a restart did.

It works from the ledger alone: a card lags behind when its job's revision is higher than the one shown. Edits
may be repeated safely, and the one message that may have to be posted anew carries the job's id as its nonce.
"""

import asyncio
import os
import secrets
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress

import discord
import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot.chat.cards.card_upload import DEFAULT_LIMIT_BYTES, upload
from bot.chat.cards.edit_rate_limit import EditRateLimit
from bot.chat.ui.retry import TROUBLES
from bot.chat.ui.services import Services
from bot.domain.gallery import exhibits
from bot.domain.jobs import queue
from bot.domain.jobs.model import WAITING, State
from bot.domain.outbox import deliveries
from bot.domain.outbox.deliveries import HOLD_S, Delivery
from bot.language import _, speaking

log = structlog.get_logger(__name__)

ROUND_S = 0.5
MAX_TRIES = 40
MAX_PAUSE_S = 300.0
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
TOKEN, CHANNEL = "interaction token", "channel"


class CardUpdater:
    """Shows jobs on their cards through `client`."""

    def __init__(self, *, client: discord.Client, services: Services) -> None:
        self._client = client
        self._services = services
        self._name = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"[-100:]
        self._in_flight: set[int] = set()
        self._renewed_at = 0.0
        self._pace = EditRateLimit()
        self._silent: set[int] = set()
        self._worn_out: set[int] = set()

    async def run(self) -> None:
        """Works until cancelled, waiting for the client to be ready first."""
        await self._client.wait_until_ready()
        async with asyncio.TaskGroup() as group:
            while True:
                for delivery in await self._next_or_none():
                    group.create_task(self._show(delivery))
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._services.news.wait(), ROUND_S)
                self._services.news.clear()

    async def round(self) -> int:
        """Shows everything that may be shown now, and returns how many cards that were."""
        due = await self._next()
        await asyncio.gather(*map(self._show, due))
        return len(due)

    async def _next_or_none(self) -> list[Delivery]:
        try:
            return await self._next()
        except (SQLAlchemyError, OSError) as error:
            log.warning("the ledger could not be read", error=type(error).__name__)
            return []

    async def _next(self) -> list[Delivery]:
        now = self._services.clock()
        async with self._services.database.read() as connection:
            due = await deliveries.due(connection, now=now, holder=self._name)
        self._pace.forget(now=now, busy_channels={delivery.job.channel_id for delivery in due})
        chosen = await self._hold([one for one in due if await self._may_show(one, now)], now)
        self._in_flight |= {delivery.job.id for delivery in chosen}
        return chosen

    async def _hold(self, chosen: list[Delivery], now: float) -> list[Delivery]:
        """Those that no other gateway shows at the same moment; also renews the hold on slow ones."""
        renewing = self._in_flight and now - self._renewed_at >= HOLD_S / 4
        if not chosen and not renewing:
            return []
        cards = {delivery.job.id: delivery.shown_revision for delivery in chosen}
        async with self._services.database.begin() as connection:
            await deliveries.keep_holding(connection, self._in_flight, holder=self._name, now=now)
            held = await deliveries.hold(connection, cards, holder=self._name, now=now)
        self._renewed_at = now
        return [delivery for delivery in chosen if delivery.job.id in held]

    async def _may_show(self, delivery: Delivery, now: float) -> bool:
        job = delivery.job
        if job.id in self._in_flight:
            return False
        return await self._pace.take(job.id, job.channel_id, now=now, ended=job.state not in WAITING)

    async def _show(self, delivery: Delivery) -> None:
        job = delivery.job
        try:
            with structlog.contextvars.bound_contextvars(job=job.id, user=job.user_id, guild=job.guild_id):
                await self._try_to_show(delivery)
        except (SQLAlchemyError, OSError) as error:
            # The next round shows the same card again, which does no harm.
            log.warning("the ledger could not be written", error=type(error).__name__)
        finally:
            self._in_flight.discard(job.id)

    async def _try_to_show(self, delivery: Delivery) -> None:
        try:
            message_id = await self._send(delivery)
        except TROUBLES as error:
            await self._put_off(delivery, error)
        except Exception as error:
            log.exception("card broken")
            await self._put_off(delivery, error)
        else:
            await self._record(delivery, message_id)

    async def _record(self, delivery: Delivery, message_id: int | None) -> None:
        job = delivery.job
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

    async def _put_off(self, delivery: Delivery, error: Exception) -> None:
        job, tries = delivery.job, delivery.tries + 1
        note = f"{type(error).__name__} {getattr(error, 'status', '')} {getattr(error, 'code', '')}".strip()
        log.warning("card not shown", error=note, tries=tries)
        hopeless = tries >= MAX_TRIES or isinstance(error, discord.Forbidden | discord.NotFound)
        async with self._services.database.begin() as connection:
            if hopeless and job.state not in WAITING:
                # Nowhere left to show it: the picture stays in our records.
                await deliveries.close(connection, job.id, note=note)
                return
            pause_s = min(MAX_PAUSE_S, 2.0**tries)
            await deliveries.postpone(
                connection, job.id, retry_at=self._services.clock() + pause_s, note=note
            )

    # The ways to a person, best first ---------------------------------------------------------------

    async def _send(self, delivery: Delivery) -> int | None:
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
        """One after the other, as what came of the ones before tells.

        A card that somebody deleted is not posted again in the same place; one that refused a preview is left
        alone until the end.
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
        webhook = discord.Webhook.partial(
            self._client.application_id or 0, address.interaction_token, client=self._client
        )
        message_id = address.message_id or await self._find_original(webhook)

        async def edit(view: discord.ui.LayoutView, files: list[discord.File]) -> int:
            return (await webhook.edit_message(message_id, view=view, attachments=files)).id

        return await upload(self._services, delivery, edit, address.filesize_limit)

    async def _find_original(self, webhook: discord.Webhook) -> int:
        """The id of an interaction's first answer, not known after a crash right behind the acceptance."""
        path = "/webhooks/{webhook_id}/{webhook_token}/messages/@original"
        route = discord.http.Route("GET", path, webhook_id=webhook.id, webhook_token=webhook.token)
        return int((await self._client.http.request(route))["id"])

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
