"""What a card's message holds, made to fit what Discord takes there."""

from collections.abc import Awaitable, Callable

import discord
import structlog

from bot.chat.cards import card
from bot.chat.cards.album import album
from bot.chat.cards.card import Picture
from bot.chat.rooms import Rooms
from bot.features import estimates, exhibits
from bot.features.deliveries import Delivery
from bot.features.exhibits import Hanging
from bot.features.jobs import WAITING
from bot.language import _, speaking

log = structlog.get_logger(__name__)

DEFAULT_LIMIT_BYTES = 10 * 1024 * 1024
"""What Discord takes as one file where nobody pays for more. Source: its documentation, "Uploading Files"."""
SMALL_BYTES = 256 * 1024
"""No picture of this size is what Discord finds too large."""
TOO_LARGE = 40005

Send = Callable[[discord.ui.LayoutView, list[discord.File]], Awaitable[int]]
"""Puts a card on Discord and returns its message's id."""


async def upload(
    rooms: Rooms, delivery: Delivery, send: Send, limit_bytes: int, *, remark: str | None = None
) -> int:
    """Sends the card; a picture that is too large after all is made smaller and sent again."""
    while True:
        view, picture = await _card(rooms, delivery, limit_bytes, remark)
        try:
            return await send(view, [picture.as_file()] if picture else [])
        except discord.HTTPException as error:
            too_large = error.code == TOO_LARGE or error.status == 413
            if not too_large or picture is None or len(picture.data) <= SMALL_BYTES:
                raise
            limit_bytes = len(picture.data) // 2
            log.info("the limit is smaller than we thought", size_bytes=len(picture.data))


async def _card(
    rooms: Rooms, delivery: Delivery, limit_bytes: int, remark: str | None
) -> tuple[discord.ui.LayoutView, Picture | None]:
    job, standing = delivery.job, None
    async with rooms.database.read() as connection:
        if job.state in WAITING:
            standing = await estimates.standing(connection, job, now=rooms.clock(), workers=rooms.workers)
        hanging = await exhibits.hangs_at(connection, job)
    with speaking(job.language):
        if hanging is not None:
            return card.render(job, remark=place_of(hanging)), None
        picture = await album(job, rooms.intake.blobs, limit_bytes=limit_bytes)
        return card.render(job, standing=standing, picture=picture, remark=remark), picture


def place_of(hanging: Hanging) -> str:
    """Where a picture hangs that its card does not show."""
    channel = f"<#{hanging.channel_id}>"
    if hanging.removed:
        return _("This picture was taken down from {channel}.", channel=channel)
    if hanging.link:
        return _("This picture hangs in {channel}: {link}", channel=channel, link=hanging.link)
    return _("This picture hangs in {channel}.", channel=channel)
