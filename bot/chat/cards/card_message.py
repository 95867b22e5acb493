"""The message of a card: sent with a picture that fits, or found where an earlier try has posted it."""

from datetime import UTC, datetime
from typing import Any, Final

import discord
import structlog

from bot.chat.cards import card
from bot.chat.cards.card import Verb
from bot.chat.cards.card_picture import card_picture
from bot.chat.ui.components import custom_ids
from bot.chat.ui.interaction import Services
from bot.chat.ui.uploads import Message, Send, made_to_fit
from bot.domain.gallery import hanging as hanging_rules
from bot.domain.gallery.hanging import Hanging
from bot.domain.jobs import eta
from bot.domain.jobs.model import WAITING
from bot.domain.outbox.deliveries import Delivery
from bot.domain.requests.request import largest_px
from bot.domain.servers import server_settings
from bot.language import _, speaking

log = structlog.get_logger(__name__)


async def upload(
    services: Services, delivery: Delivery, send: Send[int], limit_bytes: int, *, remark: str | None = None
) -> int:
    """Sends the card by `send`, which returns its message's id, with a picture that fits."""

    async def make(limit_bytes: int) -> Message:
        return await _card(services, delivery, limit_bytes, remark)

    return await made_to_fit(limit_bytes, make, send)


async def _card(services: Services, delivery: Delivery, limit_bytes: int, remark: str | None) -> Message:
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
            return card.render(job, remark=place_of(hanging), **known), []
        picture = await card_picture(job, services.picture_store, limit_bytes=limit_bytes)
        view = card.render(job, picture=picture, remark=remark, offer=offer, **known)
        return view, [picture] if picture else []


def place_of(hanging: Hanging) -> str:
    """Where a picture hangs that its card does not show."""
    channel = f"<#{hanging.channel_id}>"
    if hanging.removed:
        return _("This picture was taken down from {channel}.", channel=channel)
    if hanging.link:
        return _("This picture hangs in {channel}: {link}", channel=channel, link=hanging.link)
    return _("This picture hangs in {channel}.", channel=channel)


LOOK_THROUGH: Final = 300
"""How many messages are read, from shortly before the card was posted."""
CLOCKS_S: Final = 60.0
"""How far this machine's clock and Discord's may be apart."""


async def find_card(
    client: discord.Client, target: discord.abc.Messageable, delivery: Delivery
) -> discord.Message | None:
    """The card that an earlier try has posted there; None: there is none, or no try came so far."""
    if delivery.posting_since is None:
        return None
    since = datetime.fromtimestamp(delivery.posting_since - CLOCKS_S, UTC)
    ours = {f"easel:{verb.value}:{delivery.job.id}" for verb in Verb}
    try:
        async for message in target.history(limit=LOOK_THROUGH, after=since, oldest_first=True):
            # The card that this one takes the place of may be there, too.
            old = message.id == delivery.address.message_id
            if message.author == client.user and not old and ours & set(custom_ids(message.components)):
                log.info("the card was posted already", message=message.id)
                return message
    except discord.Forbidden as error:
        log.info("the channel's history is closed", code=error.code)  # the nonce has to do
    return None
