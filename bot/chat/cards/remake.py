"""A picture painted anew from a job's own pictures: Again, Stronger, Softer, Bigger, Try again."""

from typing import Any

import discord

from bot.chat.cards.access import answers_privately, require_job, require_picture
from bot.chat.cards.submit_request import submit_request
from bot.chat.ui.interaction import services_of
from bot.domain.jobs.model import Job
from bot.domain.requests import request, rerun
from bot.domain.requests.rerun import Recipe
from bot.domain.servers import server_settings
from bot.domain.styles.style import PictureSource, Style, styles_of


async def press_again(interaction: discord.Interaction[Any], job_id: int) -> None:
    job = await require_picture(interaction, job_id)
    await remake(interaction, job, rerun.again(job))


async def press_stronger(interaction: discord.Interaction[Any], job_id: int) -> None:
    job = await require_picture(interaction, job_id)
    await remake(interaction, job, rerun.stronger(job))


async def press_softer(interaction: discord.Interaction[Any], job_id: int) -> None:
    job = await require_picture(interaction, job_id)
    await remake(interaction, job, rerun.softer(job))


async def press_bigger(interaction: discord.Interaction[Any], job_id: int) -> None:
    job = await require_picture(interaction, job_id)
    recipe = rerun.bigger(job, max_size_px=await largest_px(interaction))
    await remake(interaction, job, recipe)


async def press_retry(interaction: discord.Interaction[Any], job_id: int) -> None:
    job = await require_job(interaction, job_id)
    await remake(interaction, job, rerun.retry(job, user_id=interaction.user.id))


async def largest_px(interaction: discord.Interaction[Any]) -> int:
    """As `request.largest_px`, where the button was pressed."""
    services = services_of(interaction)
    async with services.database.read() as connection:
        server = await server_settings.settings_of(connection, interaction.guild_id)
    return request.largest_px(server, services.limits)


async def remake(
    interaction: discord.Interaction[Any],
    job: Job,
    recipe: Recipe,
    *,
    styles: tuple[Style, ...] | None = None,
    mask: PictureSource | None = None,
) -> None:
    """Queues `job` anew after `recipe`; the new one is the clicker's, and private where the old one is.

    styles, mask: others in place of the job's.

    Raises:
        Refusal: a picture is gone, or a limit is reached; then there is no job.
    """
    await submit_request(
        interaction,
        private=answers_privately(interaction, job),
        content=rerun.content_of(job),
        styles=styles or styles_of(job),
        mask=mask or rerun.mask_of(job),
        chosen=recipe.chosen,
        seed=recipe.seed,
        start_blob=recipe.start_blob,
        spoiler=job.spoiler,
        age_restricted=job.age_restricted,
        parent_id=job.id,
    )
