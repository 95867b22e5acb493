"""Again, Stronger, Softer, Bigger, Try again: a new job of kept pictures, for whoever presses."""

from typing import Any

import discord

from bot.chat.cards.access import answers_privately, kept, require_job, require_picture
from bot.chat.cards.asking import ask
from bot.chat.rooms import rooms_of
from bot.features import guilds, remakes
from bot.features.jobs import Job
from bot.features.remakes import Recipe


async def press_again(interaction: discord.Interaction[Any], job_id: int) -> None:
    job = await require_picture(interaction, job_id)
    await remake(interaction, job, remakes.again(job))


async def press_stronger(interaction: discord.Interaction[Any], job_id: int) -> None:
    job = await require_picture(interaction, job_id)
    await remake(interaction, job, remakes.stronger(job))


async def press_softer(interaction: discord.Interaction[Any], job_id: int) -> None:
    job = await require_picture(interaction, job_id)
    await remake(interaction, job, remakes.softer(job))


async def press_bigger(interaction: discord.Interaction[Any], job_id: int) -> None:
    job = await require_picture(interaction, job_id)
    recipe = remakes.bigger(job, max_size_px=await largest_px(interaction))
    await remake(interaction, job, recipe)


async def press_retry(interaction: discord.Interaction[Any], job_id: int) -> None:
    job = await require_job(interaction, job_id)
    await remake(interaction, job, remakes.retry(job, user_id=interaction.user.id))


async def largest_px(interaction: discord.Interaction[Any]) -> int:
    """The longest edge that may be asked for here: the installation's, or the server's own."""
    rooms = rooms_of(interaction)
    async with rooms.database.read() as connection:
        server = await guilds.settings_of(connection, interaction.guild_id)
    return min(rooms.limits.max_size_px, server.max_size_px or rooms.limits.max_size_px)


async def remake(interaction: discord.Interaction[Any], job: Job, recipe: Recipe) -> None:
    """Queues `job` anew after `recipe`; the new one is the clicker's, and private where the old one is.

    Raises:
        Refusal: a picture is gone, or a limit is reached; then there is no job.
    """
    private = answers_privately(interaction, job)
    await interaction.response.defer(ephemeral=private, thinking=True)
    if recipe.start_blob is not None:
        await kept(interaction, recipe.start_blob)
    await ask(
        interaction,
        private=private,
        content=remakes.content_of(job),
        styles=remakes.styles_of(job),
        mask=remakes.mask_of(job),
        chosen=recipe.chosen,
        seed=recipe.seed,
        start_blob=recipe.start_blob,
        spoiler=job.spoiler,
        age_restricted=job.age_restricted,
        parent_id=job.id,
    )
