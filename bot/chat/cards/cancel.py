"""Stopping a job: by the button of its card, or in `/queue`."""

from typing import Any

import discord

from bot.chat.ui.interaction import Services, services_of
from bot.chat.ui.permissions import is_moderator
from bot.domain.jobs import model, queue
from bot.domain.jobs.model import STATE_WORDS
from bot.domain.outbox import moderation_log
from bot.domain.outbox.moderation_log import Kind
from bot.domain.privacy import blob_refs
from bot.errors import Refusal
from bot.language import _


async def press_cancel(interaction: discord.Interaction[Any], job_id: int) -> None:
    """The card follows by itself; a person who may not cancel gets a private sentence."""
    moderates = interaction.guild_id if is_moderator(interaction) else None
    services = services_of(interaction)
    await cancel_job(services, job_id, user_id=interaction.user.id, moderates=moderates)
    await interaction.response.defer()


async def cancel_job(services: Services, job_id: int, *, user_id: int, moderates: int | None = None) -> None:
    """Cancels a waiting job. What it was to be made of goes at once: its card has no button that needs it.

    moderates: the server whose moderator the person is.

    Raises:
        Refusal: it is neither theirs nor in their server, ended, or unknown.
    """
    now = services.clock()
    async with services.database.begin() as connection:
        job = await model.get(connection, job_id)
        in_their_server = job is not None and moderates is not None and job.guild_id == moderates
        owner_id = job.user_id if job is not None and in_their_server else user_id
        done = await queue.cancel(connection, job_id, user_id=owner_id, now=now)
        if done:
            await blob_refs.forget_inputs(connection, [job_id])
        if done and job is not None and owner_id != user_id:
            await moderation_log.note(
                connection,
                job.guild_id,
                Kind.CANCELLED,
                user_id=owner_id,
                moderator_id=user_id,
                subject=job.style_name,
                now=now,
            )
    services.news.set()
    if done and job is not None:
        await services.picture_store.storage.discard(blob_refs.inputs_of(job), stored_before=job.created_at)
        return
    if job is None:
        raise Refusal(_("That picture is no longer known: there is nothing to cancel."))
    if job.user_id != owner_id:
        raise Refusal(_("Only the person who asked for this picture and moderators can cancel it."))
    raise Refusal(
        _("That picture is already {state}: there is nothing to cancel.", state=_(STATE_WORDS[job.state]))
    )
