"""Looks for a card that was posted, but whose message is not on record: the gateway died in between."""

from datetime import UTC, datetime
from typing import Final

import discord
import structlog

from bot.chat.cards.buttons import Verb
from bot.chat.ui.components import custom_ids
from bot.domain.outbox.deliveries import Delivery

log = structlog.get_logger(__name__)

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
