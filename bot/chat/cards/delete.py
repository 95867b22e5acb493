"""Delete: removes a picture and its card for good, after asking whoever pressed."""

from typing import Any

import discord
import structlog
from discord import ui

from bot.chat.cards.access import require_deleter, require_picture
from bot.chat.cards.buttons import Verb, button
from bot.chat.ui.components import layout, plain
from bot.chat.ui.interaction import services_of
from bot.chat.ui.troubles import TROUBLES
from bot.domain.jobs.model import Job
from bot.domain.outbox import deliveries, mentions, moderation_log
from bot.domain.outbox.deliveries import Address
from bot.domain.outbox.moderation_log import Kind
from bot.domain.privacy import blob_refs, storage
from bot.domain.styles.style import title_of
from bot.language import _

log = structlog.get_logger(__name__)


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
            subject=job.style_name,
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
