"""Hang it: an artist's picture goes to the server's art channel."""

from typing import Any

import discord
import structlog

from bot.chat.cards.access import require_picture
from bot.chat.ui.interaction import services_of
from bot.domain.gallery import hanging
from bot.errors import Refusal
from bot.language import _

log = structlog.get_logger(__name__)


async def press_hang(interaction: discord.Interaction[Any], job_id: int) -> None:
    """For whoever asked for the picture alone."""
    job = await require_picture(interaction, job_id)
    if job.user_id != interaction.user.id:
        raise Refusal(_("Only the person who asked for this picture can hang it."))
    services = services_of(interaction)
    async with services.database.begin() as connection:
        channel_id = await hanging.hang_asked(connection, job, now=services.clock())
    log.info("picture to be hung", job=job.id)
    sentence = _("It will hang in {channel} in a moment.", channel=f"<#{channel_id}>")
    await interaction.response.send_message(sentence, ephemeral=True)
