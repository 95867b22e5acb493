"""Stopping a job: by the button of its card, or in `/queue`."""

from typing import Any

import discord

from bot.chat.ui.interaction import Services, services_of
from bot.domain.jobs import model, queue
from bot.domain.jobs.model import STATE_WORDS
from bot.domain.privacy import blob_refs
from bot.errors import Refusal
from bot.language import _


async def press_cancel(interaction: discord.Interaction[Any], job_id: int) -> None:
    """The card follows by itself; a person who may not cancel gets a private sentence."""
    await cancel_job(services_of(interaction), job_id, user_id=interaction.user.id)
    await interaction.response.defer()


async def cancel_job(services: Services, job_id: int, *, user_id: int) -> None:
    """Cancels a waiting job. What it was to be made of goes at once: its card has no button that needs it.

    Raises:
        Refusal: it is somebody else's, ended, or unknown.
    """
    async with services.database.begin() as connection:
        job = await model.get(connection, job_id)
        done = await queue.cancel(connection, job_id, user_id=user_id, now=services.clock())
        if done:
            await blob_refs.forget_inputs(connection, [job_id])
    services.news.set()
    if done and job is not None:
        await services.picture_store.storage.discard(blob_refs.inputs_of(job), stored_before=job.created_at)
        return
    if job is None:
        raise Refusal(_("That picture is no longer known: there is nothing to cancel."))
    if job.user_id != user_id:
        raise Refusal(_("Only the person who asked for this picture can cancel it."))
    raise Refusal(
        _("That picture is already {state}: there is nothing to cancel.", state=_(STATE_WORDS[job.state]))
    )
