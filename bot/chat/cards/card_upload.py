"""Sends a card with its picture, made to fit what Discord accepts there."""

from collections.abc import Awaitable, Callable
from typing import Any

import discord
import structlog

from bot.chat.cards import card
from bot.chat.cards.card import card_picture
from bot.chat.ui.components import Picture
from bot.chat.ui.interaction import Services
from bot.chat.ui.uploads import SMALL_BYTES, is_too_large
from bot.domain.gallery import hanging as hanging_rules
from bot.domain.gallery.hanging import Hanging
from bot.domain.jobs import eta
from bot.domain.jobs.model import WAITING
from bot.domain.outbox.deliveries import Delivery
from bot.domain.requests.request import largest_px
from bot.domain.servers import server_settings
from bot.language import _, speaking

log = structlog.get_logger(__name__)

Send = Callable[[discord.ui.LayoutView, list[discord.File]], Awaitable[int]]
"""Puts a card on Discord and returns its message's id."""


async def upload(
    services: Services, delivery: Delivery, send: Send, limit_bytes: int, *, remark: str | None = None
) -> int:
    """Sends the card; a picture that turns out too large is made smaller and sent again."""
    while True:
        view, picture = await _card(services, delivery, limit_bytes, remark)
        try:
            return await send(view, [picture.as_file()] if picture else [])
        except discord.HTTPException as error:
            if not is_too_large(error) or picture is None or len(picture.data) <= SMALL_BYTES:
                raise
            limit_bytes = len(picture.data) // 2
            log.info("the file limit is smaller than expected", size_bytes=len(picture.data))


async def _card(
    services: Services, delivery: Delivery, limit_bytes: int, remark: str | None
) -> tuple[discord.ui.LayoutView, Picture | None]:
    job, position = delivery.job, None
    async with services.database.read() as connection:
        if job.state in WAITING:
            position = await eta.queue_position(
                connection, job, now=services.clock(), workers=services.workers
            )
        hanging = await hanging_rules.hangs_at(connection, job)
        offer = await hanging_rules.offered(connection, job)
        server = await server_settings.settings_of(connection, job.guild_id)
    known: dict[str, Any] = {"position": position, "largest_px": largest_px(server, services.limits)}
    with speaking(job.language):
        if hanging is not None:
            return card.render(job, remark=place_of(hanging), **known), None
        picture = await card_picture(job, services.picture_store, limit_bytes=limit_bytes)
        return card.render(job, picture=picture, remark=remark, offer=offer, **known), picture


def place_of(hanging: Hanging) -> str:
    """Where a picture hangs that its card does not show."""
    channel = f"<#{hanging.channel_id}>"
    if hanging.removed:
        return _("This picture was taken down from {channel}.", channel=channel)
    if hanging.link:
        return _("This picture hangs in {channel}: {link}", channel=channel, link=hanging.link)
    return _("This picture hangs in {channel}.", channel=channel)
