"""Stopping a job, and deleting a finished picture with its card, after asking whoever pressed."""

from typing import Any

import discord
import structlog
from discord import ui

from bot.chat.cards.access import require_deleter, require_picture
from bot.chat.cards.card import Verb, button
from bot.chat.cards.keep_painted import question_before_cancel
from bot.chat.ui.components import layout, plain
from bot.chat.ui.deferral import deferred_if_slow
from bot.chat.ui.interaction import Services, services_of
from bot.chat.ui.permissions import is_moderator
from bot.chat.ui.troubles import TROUBLES
from bot.domain.jobs import model, queue
from bot.domain.jobs.model import STATE_WORDS, Address, Job
from bot.domain.outbox import deliveries, mentions, moderation_log
from bot.domain.outbox.moderation_log import Kind
from bot.domain.privacy import blob_refs, storage
from bot.domain.styles.style import public_title_of, title_of
from bot.errors import Refusal
from bot.language import _

log = structlog.get_logger(__name__)


async def press_cancel(interaction: discord.Interaction[Any], job_id: int) -> None:
    """The card follows by itself; a person who may not cancel gets a private sentence.

    The owner of a clip is asked first whether to keep what is painted of it.
    """
    question = await question_before_cancel(interaction, job_id)
    if question is not None:
        await interaction.response.send_message(view=question, ephemeral=True)
        return
    moderates = interaction.guild_id if is_moderator(interaction) else None
    services = services_of(interaction)
    async with deferred_if_slow(interaction, edits=True):
        await cancel_job(services, job_id, user_id=interaction.user.id, moderates=moderates)
    if not interaction.response.is_done():
        await interaction.response.defer()


async def press_stop(interaction: discord.Interaction[Any], job_id: int) -> None:
    """The question's other answer: nothing is kept."""
    async with deferred_if_slow(interaction, edits=True):
        await cancel_job(services_of(interaction), job_id, user_id=interaction.user.id)
    if not interaction.response.is_done():
        await interaction.response.defer()
    await interaction.edit_original_response(view=layout(ui.TextDisplay(_("Cancelled."))))


async def cancel_job(services: Services, job_id: int, *, user_id: int, moderates: int | None = None) -> None:
    """Cancels a waiting job. What it was to be made of goes at once: its card has no button that needs it.

    So does what is painted of it.

    moderates: the server whose moderator the person is.

    Raises:
        Refusal: it is neither theirs nor in their server, ended, or unknown.
    """
    now = services.clock()
    async with services.database.begin() as connection:
        job = await model.get(connection, job_id)
        in_their_server = job is not None and moderates is not None and job.guild_id == moderates
        owner_id = job.user_id if job is not None and in_their_server else user_id
        brief = await blob_refs.brief_blobs(connection, job_id)
        done = await queue.cancel(connection, job_id, user_id=owner_id, now=now)
        if done:
            await blob_refs.forget_inputs(connection, [job_id])
            brief = await blob_refs.unused(connection, brief)
        if done and job is not None and owner_id != user_id:
            await moderation_log.note(
                connection,
                job.guild_id,
                Kind.CANCELLED,
                user_id=owner_id,
                moderator_id=user_id,
                subject=public_title_of(job),
                now=now,
            )
    services.news.set()
    if done and job is not None:
        await storage.delete_unnamed(services.picture_store.blobs, brief)
        await services.picture_store.storage.discard(blob_refs.inputs_of(job), stored_before=job.created_at)
        return
    if job is None:
        raise Refusal(_("That picture is no longer known: there is nothing to cancel."))
    if job.user_id != owner_id:
        raise Refusal(_("Only the person who asked for this picture and moderators can cancel it."))
    raise Refusal(
        _("That picture is already {state}: there is nothing to cancel.", state=_(STATE_WORDS[job.state]))
    )


async def press_delete(interaction: discord.Interaction[Any], job_id: int) -> None:
    """Asks first."""
    job = await _require_deletable(interaction, job_id)
    question = _(
        "Delete this picture in the style of {style} for good, with its card? This cannot be undone.",
        style=plain(title_of(job)),
    )
    view = layout(ui.TextDisplay(question), ui.ActionRow(button(Verb.ERASE, job.id)))
    await interaction.response.send_message(view=view, ephemeral=True)


async def press_erase(interaction: discord.Interaction[Any], job_id: int) -> None:
    """Deletes, once the question was answered."""
    job = await _require_deletable(interaction, job_id)
    await interaction.response.defer()
    await erase(interaction, job)


async def erase(interaction: discord.Interaction[Any], job: Job) -> None:
    """Deletes the picture and its card, whosever it is, and says so in the place of the question."""
    services = services_of(interaction)
    async with services.database.begin() as connection:
        await moderation_log.note(
            connection,
            interaction.guild_id,
            Kind.DELETED,
            user_id=job.user_id,
            moderator_id=interaction.user.id,
            subject=public_title_of(job),
            now=services.clock(),
        )
        address = await deliveries.address_of(connection, job.id)
        unused = await blob_refs.forget_pictures(connection, job)
        await mentions.take_down(connection, job)
        await storage.forget_sizes(connection, unused)
    for key in unused:
        await services.picture_store.blobs.delete(key)
    log.info("pictures deleted", job=job.id, by=interaction.user.id, blobs=len(unused))
    gone = address is not None and await _delete_card(interaction, job, address)
    sentence = (
        _("Deleted.")
        if gone
        else _("The picture is deleted. Its card could not be removed: whoever sees it can dismiss it.")
    )
    await interaction.edit_original_response(view=layout(ui.TextDisplay(sentence)))


async def _require_deletable(interaction: discord.Interaction[Any], job_id: int) -> Job:
    job = await require_picture(interaction, job_id)
    await require_deleter(interaction, job)
    return job


async def _delete_card(interaction: discord.Interaction[Any], job: Job, address: Address) -> bool:
    """Through the channel, or with the token where the bot sees no channel. False: it is still there."""
    if address.message_id is None:
        return False
    client, message_id = interaction.client, address.message_id
    # A card that came by direct message is where its owner presses.
    pressed_id = job.channel_id if interaction.guild_id is not None else interaction.channel_id or 0
    channel_id = address.message_channel_id or pressed_id
    try:
        if address.by_channel or interaction.guild_id is None:
            await client.get_partial_messageable(channel_id).get_partial_message(message_id).delete()
            return True
        if services_of(interaction).clock() < address.token_until:
            token = address.interaction_token
            webhook = discord.Webhook.partial(client.application_id or 0, token, client=client)
            await webhook.delete_message(message_id)
            return True
    except discord.NotFound:
        return True
    except TROUBLES as error:
        code = getattr(error, "code", None)
        log.warning("card not deleted", job=job.id, error=type(error).__name__, code=code)
    return False
