"""The courier brings every card up to date with its job, whatever Discord, the network or a restart did.

It works from the ledger alone: a card lags behind when its job's revision is higher than the one shown. Edits
may be repeated safely, and the one message that may have to be posted anew carries the job's id as its nonce.
"""

import asyncio
import os
import secrets
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress

import discord
import structlog
from aiolimiter import AsyncLimiter
from sqlalchemy.exc import SQLAlchemyError

from bot.chat import card
from bot.chat.album import album
from bot.chat.exhibit import point_to
from bot.chat.rooms import Rooms
from bot.features import deliveries, estimates, exhibits, jobs
from bot.features.deliveries import HOLD_S, Delivery
from bot.features.jobs import WAITING, State
from bot.language import speaking

log = structlog.get_logger(__name__)

ROUND_S = 0.5
EDIT_EVERY_S = 3.0
EDITS_PER_CHANNEL = 4
"""Edits of running cards per channel and 5 s; Discord allows about 5, and final edits need room."""
MAX_TRIES = 40
MAX_PAUSE_S = 300.0

CLOSED_WAYS = {
    10003,  # unknown channel
    10008,  # unknown message: somebody deleted the card
    10015,  # unknown webhook: the interaction is forgotten
    50001,  # no access
    50013,  # no permission
    50027,  # the interaction's token has expired
}
"""Error codes after which the next way is tried. Source: Discord's "Opcodes and Status Codes"."""

GONE = {10003, 10008}
TOKEN, CHANNEL = "interaction token", "channel"


class Courier:
    """Shows jobs on their cards through `client`."""

    def __init__(self, *, client: discord.Client, rooms: Rooms) -> None:
        self._client = client
        self._rooms = rooms
        self._name = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"[-100:]
        self._in_flight: set[int] = set()
        self._renewed_at = 0.0
        self._edited_at: dict[int, float] = {}
        self._channels: dict[int, AsyncLimiter] = {}

    async def run(self) -> None:
        """Works until cancelled, waiting for the client to be ready first."""
        await self._client.wait_until_ready()
        async with asyncio.TaskGroup() as group:
            while True:
                for delivery in await self._next_or_none():
                    group.create_task(self._show(delivery))
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._rooms.news.wait(), ROUND_S)
                self._rooms.news.clear()

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
        now = self._rooms.clock()
        async with self._rooms.database.read() as connection:
            due = await deliveries.due(connection, now=now, holder=self._name)
        self._edited_at = {job: at for job, at in self._edited_at.items() if at > now - EDIT_EVERY_S}
        chosen = await self._hold([delivery for delivery in due if self._may_show(delivery)], now)
        self._in_flight |= {delivery.job.id for delivery in chosen}
        return chosen

    async def _hold(self, chosen: list[Delivery], now: float) -> list[Delivery]:
        """Those that no other gateway shows at the same moment; also renews the hold on slow ones."""
        renewing = self._in_flight and now - self._renewed_at >= HOLD_S / 4
        if not chosen and not renewing:
            return []
        cards = {delivery.job.id: delivery.shown_revision for delivery in chosen}
        async with self._rooms.database.begin() as connection:
            await deliveries.keep_holding(connection, self._in_flight, holder=self._name, now=now)
            held = await deliveries.hold(connection, cards, holder=self._name, now=now)
        self._renewed_at = now
        return [delivery for delivery in chosen if delivery.job.id in held]

    def _may_show(self, delivery: Delivery) -> bool:
        """Ends are shown at once; the rest at most every 3 s per job, within the channel's budget."""
        job = delivery.job
        if job.id in self._in_flight:
            return False
        if job.state not in WAITING:
            return True
        limiter = self._channels.setdefault(job.channel_id, AsyncLimiter(EDITS_PER_CHANNEL, 5.0))
        return job.id not in self._edited_at and limiter.has_capacity()

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
        job = delivery.job
        self._edited_at[job.id] = self._rooms.clock()
        if job.channel_id in self._channels and job.state in WAITING:
            await self._channels[job.channel_id].acquire()
        try:
            message_id = await self._send(delivery)
        except (discord.HTTPException, discord.RateLimited, OSError, TimeoutError) as error:
            await self._put_off(delivery, error)
        except Exception as error:
            log.exception("card broken")
            await self._put_off(delivery, error)
        else:
            await self._record(delivery, message_id)

    async def _record(self, delivery: Delivery, message_id: int | None) -> None:
        job = delivery.job
        async with self._rooms.database.begin() as connection:
            await deliveries.shown(connection, job.id, revision=job.revision, message_id=message_id)
            if job.state is State.RENDERED:
                await jobs.deliver(connection, job.id)
                await exhibits.hang(connection, job, now=self._rooms.clock())
                log.info("job delivered", message=message_id)
            elif job.state not in WAITING:
                await deliveries.close(connection, job.id)
                log.info("job ended", state=job.state)

    async def _put_off(self, delivery: Delivery, error: Exception) -> None:
        job, tries = delivery.job, delivery.tries + 1
        note = f"{type(error).__name__} {getattr(error, 'status', '')} {getattr(error, 'code', '')}".strip()
        log.warning("card not shown", error=note, tries=tries)
        hopeless = tries >= MAX_TRIES or isinstance(error, discord.Forbidden | discord.NotFound)
        async with self._rooms.database.begin() as connection:
            if hopeless and job.state not in WAITING:
                # Nowhere left to show it: the picture stays in our records.
                await deliveries.close(connection, job.id, note=note)
                return
            pause_s = min(MAX_PAUSE_S, 2.0**tries)
            await deliveries.postpone(connection, job.id, retry_at=self._rooms.clock() + pause_s, note=note)

    # The ways to a person, best first ---------------------------------------------------------------

    async def _send(self, delivery: Delivery) -> int | None:
        """Shows the card by the first way that Discord still allows, and returns its message id."""
        for name, way in self._ways(delivery):
            try:
                return await way(delivery)
            except discord.HTTPException as error:
                if error.code not in CLOSED_WAYS:
                    raise
                log.info("this way is closed", way=name, code=error.code)
                await self._forget(delivery, name, error.code)
        if delivery.job.state in WAITING:
            return None  # a preview is not worth a new message
        return await self._post_to_user(delivery)

    async def _forget(self, delivery: Delivery, way: str, code: int) -> None:
        """Does not try again what is gone for good: Discord counts refused requests."""
        async with self._rooms.database.begin() as connection:
            if way == TOKEN:
                await deliveries.forget_token(connection, delivery.job.id)
            elif way == CHANNEL and code in GONE:
                await deliveries.forget_message(connection, delivery.job.id)

    def _ways(self, delivery: Delivery) -> list[tuple[str, Callable[[Delivery], Awaitable[int]]]]:
        address = delivery.address
        ways: list[tuple[str, Callable[[Delivery], Awaitable[int]]]] = []
        if self._rooms.clock() < address.token_until:
            ways.append((TOKEN, self._edit_by_token))
        if address.channel_reachable and address.message_id is not None:
            ways.append((CHANNEL, self._edit_in_channel))
        if address.channel_reachable and delivery.job.state not in WAITING:
            ways.append(("new message", self._post_in_channel))
        return ways

    async def _post_in_channel(self, delivery: Delivery) -> int:
        return await self._post(delivery, self._client.get_partial_messageable(delivery.job.channel_id))

    async def _post_to_user(self, delivery: Delivery) -> int:
        return await self._post(delivery, await self._client.fetch_user(delivery.job.user_id))

    async def _edit_by_token(self, delivery: Delivery) -> int:
        address = delivery.address
        webhook = discord.Webhook.partial(
            self._client.application_id or 0, address.interaction_token, client=self._client
        )
        message_id = address.message_id or await self._find_original(webhook)
        view, files = await self._card(delivery)
        return (await webhook.edit_message(message_id, view=view, attachments=files)).id

    async def _find_original(self, webhook: discord.Webhook) -> int:
        """The id of an interaction's first answer, not known after a crash right behind the acceptance."""
        path = "/webhooks/{webhook_id}/{webhook_token}/messages/@original"
        route = discord.http.Route("GET", path, webhook_id=webhook.id, webhook_token=webhook.token)
        return int((await self._client.http.request(route))["id"])

    async def _edit_in_channel(self, delivery: Delivery) -> int:
        view, files = await self._card(delivery)
        channel = self._client.get_partial_messageable(delivery.job.channel_id)
        message = channel.get_partial_message(delivery.address.message_id or 0)
        return (await message.edit(view=view, attachments=files)).id

    async def _post(self, delivery: Delivery, target: discord.abc.Messageable) -> int:
        view, files = await self._card(delivery)
        message = await target.send(view=view, files=files, nonce=f"easel-{delivery.job.id}")
        return message.id

    async def _card(self, delivery: Delivery) -> tuple[discord.ui.LayoutView, list[discord.File]]:
        with speaking(delivery.job.language):
            return await self._card_in_its_language(delivery)

    async def _card_in_its_language(
        self, delivery: Delivery
    ) -> tuple[discord.ui.LayoutView, list[discord.File]]:
        job, rooms = delivery.job, self._rooms
        standing = None
        if job.state in WAITING:
            async with rooms.database.read() as connection:
                standing = await estimates.standing(connection, job, now=rooms.clock(), workers=rooms.workers)
        async with rooms.database.read() as connection:
            hanging = await exhibits.hangs_at(connection, job)
        if hanging is not None:
            return point_to(card.render(job), hanging), []
        picture = await album(job, rooms.intake.blobs, limit_bytes=delivery.address.filesize_limit)
        view = card.render(job, standing=standing, picture=picture)
        return view, [picture.as_file()] if picture else []
