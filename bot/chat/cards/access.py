"""Who may press what on a card, and where: every button asks here, whatever its `custom_id` says."""

from typing import Any

import discord

from bot.chat.ui.interaction import is_age_restricted, roles_of, services_of
from bot.chat.ui.permissions import is_moderator
from bot.domain.jobs import model
from bot.domain.jobs.model import Job, State
from bot.domain.servers import server_settings
from bot.errors import Refusal
from bot.language import _
from bot.media.blobs.protocol import BlobMissing


async def require_job(interaction: discord.Interaction[Any], job_id: int) -> Job:
    """The job of a button that was pressed where its card can be seen.

    Raises:
        Refusal: it is unknown, private to somebody else, or belongs to another place.
    """
    async with services_of(interaction).database.read() as connection:
        job = await model.get(connection, job_id)
    if job is None:
        raise Refusal(_("That picture is no longer known."))
    owner = job.user_id == interaction.user.id
    if job.private and not owner:
        raise Refusal(_("That picture is private to the person who asked for it."))
    # A card that could not stay in its server comes to its owner by direct message.
    sent_home = owner and interaction.guild_id is None
    if interaction.guild_id != job.guild_id and not sent_home:
        raise Refusal(_("That picture belongs to another place: press its buttons there."))
    if not owner and not _sees(interaction, job.channel_id):
        raise Refusal(_("That picture belongs to another channel: press its buttons there."))
    check_age(interaction, job)
    return job


async def require_picture(interaction: discord.Interaction[Any], job_id: int) -> Job:
    """As `require_job`, for what needs a finished picture."""
    job = await require_job(interaction, job_id)
    if job.state not in {State.RENDERED, State.DELIVERED}:
        raise Refusal(_("This picture is not finished."))
    if job.result_blob is None:
        raise Refusal(_("That picture is no longer kept here."))
    return job


def check_age(interaction: discord.Interaction[Any], job: Job) -> None:
    """Raises `Refusal` where an age-restricted picture would leave age-restricted places."""
    if job.age_restricted and interaction.guild_id is not None and not is_age_restricted(interaction):
        raise Refusal(_("That picture is age-restricted: open it in an age-restricted channel."))


async def require_deleter(interaction: discord.Interaction[Any], job: Job) -> None:
    """Raises `Refusal` for others than the owner, moderators where the picture was made, and chosen roles."""
    if job.user_id == interaction.user.id:
        return
    if interaction.guild_id is not None and interaction.guild_id == job.guild_id:
        if is_moderator(interaction):
            return
        async with services_of(interaction).database.read() as connection:
            settings = await server_settings.settings_of(connection, interaction.guild_id)
        if set(roles_of(interaction)) & set(settings.deleting_roles):
            return
    raise Refusal(_("Only the person who asked for this picture and moderators can delete it."))


def answers_privately(interaction: discord.Interaction[Any], job: Job) -> bool:
    """Whether what comes of a click is for the person alone: the job is, or the card that was pressed."""
    message = interaction.message
    return job.private or bool(message and message.flags.ephemeral)


async def read_blob(interaction: discord.Interaction[Any], key: str) -> bytes:
    """A blob that may have been swept away.

    Raises:
        Refusal: it has been.
    """
    try:
        return await services_of(interaction).picture_store.blobs.get(key)
    except BlobMissing as error:
        raise Refusal(_("That picture is no longer kept here.")) from error


def _sees(interaction: discord.Interaction[Any], channel_id: int) -> bool:
    """Whether the person sees the channel that a public card was made in."""
    if interaction.channel_id == channel_id:
        return True
    guild, member = interaction.guild, interaction.user
    channel = guild.get_channel_or_thread(channel_id) if guild else None
    if channel is None or not isinstance(member, discord.Member):
        return False
    return channel.permissions_for(member).view_channel
