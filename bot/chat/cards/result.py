"""`/result`: your newest finished pictures, private to you; also those that could not be delivered."""

import discord
from discord import app_commands

from bot.chat.cards import card
from bot.chat.cards.access import check_age
from bot.chat.cards.card import card_picture
from bot.chat.cards.how_made import job_settings
from bot.chat.cards.reuse import largest_px
from bot.chat.ui.interaction import Services, services_of
from bot.domain.gallery import hanging
from bot.domain.jobs import model, queue
from bot.domain.jobs.model import Job
from bot.domain.outbox import deliveries
from bot.domain.styles.style import title_of
from bot.errors import Refusal
from bot.language import _
from bot.media.blobs.protocol import BlobMissing


@app_commands.command(name="result", description="Your newest finished pictures, shown only to you")
@app_commands.describe(picture="Which one; the newest, if left out")
async def result_command(interaction: discord.Interaction, picture: int | None = None) -> None:
    """`/result`. The way to pictures whose card, channel or direct messages are closed to us."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    services = services_of(interaction)
    job, undelivered = await _choose(services, interaction.user.id, picture)
    check_age(interaction, job)
    try:
        shown = await card_picture(job, services.picture_store, limit_bytes=interaction.filesize_limit)
    except BlobMissing as error:
        raise Refusal(_("That picture is no longer kept here.")) from error
    remark = _("It could not be delivered in {channel}.", channel=f"<#{job.channel_id}>")
    largest = await largest_px(interaction)
    view = card.render(job, picture=shown, remark=remark if undelivered else None, largest_px=largest)
    await interaction.edit_original_response(view=view, attachments=[shown.as_file()] if shown else [])
    if undelivered:
        async with services.database.begin() as connection:
            await queue.deliver(connection, job.id)
            await hanging.hang(connection, job, now=services.clock())


async def _choose(services: Services, user_id: int, picture: int | None) -> tuple[Job, bool]:
    """The person's picture of that number, else the newest; and whether it could not be delivered.

    Raises:
        Refusal: there is none.
    """
    async with services.database.read() as connection:
        finished = await model.finished_of(connection, user_id, job_id=picture, limit=1)
        undelivered = await deliveries.undelivered_of(connection, user_id)
    if not finished and picture is not None:
        raise Refusal(_("You have no finished picture of that number: choose one from the list."))
    if not finished:
        raise Refusal(_("You have no finished picture yet: paint one with /stylize."))
    return finished[0], finished[0].id in undelivered


@result_command.autocomplete("picture")
async def _my_finished(interaction: discord.Interaction, current: str) -> list[app_commands.Choice[int]]:
    async with services_of(interaction).database.read() as connection:
        finished = await model.finished_of(connection, interaction.user.id, limit=100)
        undelivered = await deliveries.undelivered_of(connection, interaction.user.id)
    names = [(_name(job, undelivered=job.id in undelivered), job.id) for job in finished]
    found = [(name, job_id) for name, job_id in names if current.casefold() in name.casefold()]
    return [app_commands.Choice(name=name, value=job_id) for name, job_id in found[:25]]


def _name(job: Job, *, undelivered: bool) -> str:
    parts = [_("number {number}", number=job.id), title_of(job)[:40]]
    parts += [_("not delivered")] if undelivered else []
    return " · ".join((*parts, job_settings(job)))[:100]
