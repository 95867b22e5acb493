"""A request for a picture: its job, and its first card."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import discord
import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot.chat.cards import card
from bot.chat.ui.answers import leave, promise
from bot.chat.ui.interaction import (
    Services,
    address_of,
    is_age_restricted,
    language_of,
    parent_of,
    roles_of,
    services_of,
)
from bot.chat.ui.troubles import TROUBLES
from bot.db import AWAY
from bot.domain.jobs import eta
from bot.domain.jobs.model import Job
from bot.domain.outbox import deliveries
from bot.domain.requests.request import Request
from bot.domain.styles.style import PictureSource, Style
from bot.language import speaking

log = structlog.get_logger(__name__)


async def submit_request(
    interaction: discord.Interaction,
    *,
    private: bool,
    content: PictureSource,
    styles: tuple[Style, ...],
    chosen: Mapping[str, Any],
    age_restricted: bool = False,
    **more: Any,
) -> None:
    """Answers with "thinking …", queues a picture, and shows its card. `more`: other fields of `Request`.

    age_restricted: restricted even where the channel is not.

    Raises:
        Refusal: with the user's sentence.
    """
    services = services_of(interaction)
    request = Request(
        interaction_id=interaction.id,
        user_id=interaction.user.id,
        guild_id=interaction.guild_id,
        channel_id=interaction.channel_id or 0,
        parent_channel_id=parent_of(interaction),
        role_ids=roles_of(interaction),
        private=private,
        age_restricted=age_restricted or is_age_restricted(interaction),
        language=language_of(interaction, private=private),
        address=address_of(interaction, private=private),
        content=content,
        styles=styles,
        chosen=chosen,
        **more,
    )
    write = partial(services.submitter.write_down, request)
    if await promise(interaction, write, private=private):
        await _accept(interaction, services, request)


async def _accept(interaction: discord.Interaction, services: Services, request: Request) -> None:
    """What a database that is away puts off, or a lost lease, is left to `RequestRunner`."""
    try:
        job = await services.submitter.accept(request)
    except AWAY as error:
        log.warning("request put off", error=type(error).__name__)
        await leave(interaction)
        return
    if job is None:
        log.info("request no longer in hand")
        return
    log.info("job accepted", job=job.id, user=job.user_id, guild=job.guild_id)
    await show_first_card(interaction, services, job)


async def show_first_card(interaction: discord.Interaction, services: Services, job: Job) -> None:
    """The card with position and ETA. Should this fail, the card updater shows it: the job is stored."""
    try:
        async with services.database.read() as connection:
            position = await eta.queue_position(
                connection, job, now=services.clock(), workers=services.workers
            )
        with speaking(job.language):
            view = card.render(job, position=position)
        message = await interaction.edit_original_response(view=view)
        async with services.database.begin() as connection:
            await deliveries.shown(connection, job.id, revision=job.revision, message_id=message.id)
    except (*TROUBLES, SQLAlchemyError) as error:
        log.warning("first card not shown", job=job.id, error=type(error).__name__)
    services.news.set()


def attached(attachment: discord.Attachment) -> PictureSource:
    return PictureSource(
        name=attachment.filename,
        url=attachment.url,
        size_bytes=attachment.size,
        media_type=attachment.content_type,
    )
