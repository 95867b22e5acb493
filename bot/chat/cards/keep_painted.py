"""Stopping a clip of which something is painted already: its owner is asked whether to keep that."""

import time
from typing import Any, Final

import discord
import structlog
from discord import ui

from bot.chat.cards.access import require_job
from bot.chat.cards.card import Verb, button
from bot.chat.ui.components import layout
from bot.chat.ui.interaction import Services, services_of
from bot.domain.jobs import model, queue
from bot.domain.jobs.clip_costs import frames_painted
from bot.domain.jobs.model import STATE_WORDS, Job
from bot.domain.privacy import blob_refs
from bot.domain.privacy.storage import delete_unnamed
from bot.domain.requests.clips import can_be_kept, store_frames
from bot.errors import Refusal
from bot.language import _
from bot.media.blobs.protocol import BlobMissing

log = structlog.get_logger(__name__)

TRIES: Final = 5
"""A frame that is finished meanwhile takes the place of the last one's checkpoint."""


async def question_before_cancel(interaction: discord.Interaction[Any], job_id: int) -> ui.LayoutView | None:
    """What the owner of a clip is asked, with both answers; None: nothing to keep, or it is not theirs."""
    async with services_of(interaction).database.read() as connection:
        job = await model.get(connection, job_id)
    if job is None or job.user_id != interaction.user.id or not can_be_kept(job):
        return None
    answers: ui.ActionRow[Any] = ui.ActionRow(button(Verb.KEEP, job.id), button(Verb.STOP, job.id))
    return layout(ui.TextDisplay(_question(job)), answers)


def _question(job: Job) -> str:
    painted = frames_painted(job)
    if painted < job.frames:
        return _(
            "{painted} of its {frames} frames are painted. Keep them as a shorter clip, or throw them away? "
            "Painting goes on until you choose.",
            painted=painted,
            frames=job.frames,
        )
    return _(
        "All of its {frames} frames are painted, and are being gone over once more. Keep them as they are, "
        "or throw them away? Painting goes on until you choose.",
        frames=job.frames,
    )


async def press_keep(interaction: discord.Interaction[Any], job_id: int) -> None:
    """Ends the clip with what is painted, and says so in the question's place; its card follows by itself."""
    job = await require_job(interaction, job_id)
    if job.user_id != interaction.user.id:
        raise Refusal(_("Only the person who asked for this picture can keep what is painted of it."))
    if not can_be_kept(job):
        raise _nothing_to_keep(job)
    await interaction.response.defer()
    services = services_of(interaction)
    kept = await _keep(services, job)
    if kept is None:
        raise _nothing_to_keep(await require_job(interaction, job_id))
    services.news.set()
    sentence = _("Kept: its card shows the {count} frames that were painted.", count=kept.frames)
    await interaction.edit_original_response(view=layout(ui.TextDisplay(sentence)))


async def _keep(services: Services, job: Job) -> Job | None:
    """Ends a clip with the frames that are painted; None: it has ended otherwise meanwhile."""
    store, since = services.picture_store, time.time()
    for _try in range(TRIES):
        try:
            values = await store_frames(store, job)
        except BlobMissing:
            values = {}
        async with services.database.begin() as connection:
            brief = await blob_refs.brief_blobs(connection, job.id)
            kept = bool(values) and await queue.keep_painted(
                connection, job.id, user_id=job.user_id, now=services.clock(), **values
            )
            unused = await blob_refs.unused(connection, brief) if kept else set()
            found = await model.get(connection, job.id)
        if kept:
            await delete_unnamed(store.blobs, unused)
            log.info("a clip is kept as far as it is painted", job=job.id, frames=values["frames"])
            return found
        stored = [values[name] for name in ("result_blob", "result_clip_blob") if values.get(name)]
        await store.storage.discard(stored, stored_before=since)
        if found is None or not can_be_kept(found):
            return None
        job = found
    raise BlobMissing(job.checkpoint_blob or "")


def _nothing_to_keep(job: Job) -> Refusal:
    state = _(STATE_WORDS[job.state])
    return Refusal(_("That picture is already {state}: there is nothing to cancel.", state=state))
