"""Your newest finished pictures, private to you; also those that could not be delivered."""

from collections.abc import Sequence
from typing import Any, Final

import discord
from discord import ui
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.chat.cards import card
from bot.chat.cards.access import check_age
from bot.chat.cards.card import card_picture
from bot.chat.cards.how_made import job_settings
from bot.chat.cards.remake import largest_px
from bot.chat.ui.answers import handles_errors
from bot.chat.ui.components import Persistent
from bot.chat.ui.interaction import Services, services_of
from bot.domain.gallery import hanging
from bot.domain.jobs import model, queue
from bot.domain.jobs.model import Job
from bot.domain.outbox import deliveries
from bot.domain.styles.style import title_of
from bot.errors import Refusal
from bot.language import _
from bot.media.blobs.protocol import BlobMissing

MOST_OPTIONS: Final = 25


class ResultSelect(Persistent, ui.DynamicItem[ui.Select[Any]], template=r"easel:result"):
    """Shows one of the person's finished pictures, to them alone."""

    def __init__(self, options: Sequence[discord.SelectOption] = ()) -> None:
        super().__init__(
            ui.Select(
                custom_id="easel:result",
                placeholder=_("See a finished picture of yours"),
                options=list(options),
            )
        )

    @handles_errors
    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        chosen = self.item.values[0]
        await show_result(interaction, int(chosen) if chosen.isdecimal() else 0)


async def show_result(interaction: discord.Interaction[Any], picture: int) -> None:
    """The way to pictures whose card, channel or direct messages are closed to us."""
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


async def _choose(services: Services, user_id: int, picture: int) -> tuple[Job, bool]:
    """The person's picture of that number, and whether it could not be delivered.

    Raises:
        Refusal: there is none.
    """
    async with services.database.read() as connection:
        finished = await model.finished_of(connection, user_id, job_id=picture, limit=1)
        undelivered = await deliveries.undelivered_of(connection, user_id)
    if not finished:
        raise Refusal(_("You have no finished picture of that number: choose one from the list."))
    return finished[0], finished[0].id in undelivered


async def finished_options(connection: AsyncConnection, user_id: int) -> list[discord.SelectOption]:
    """The person's newest finished pictures, those that could not be delivered first."""
    finished = await model.finished_of(connection, user_id, limit=100)
    undelivered = await deliveries.undelivered_of(connection, user_id)
    ordered = sorted(finished, key=lambda job: job.id not in undelivered)
    return [
        discord.SelectOption(
            label=title_of(job)[:100],
            value=str(job.id),
            description=_described(job, undelivered=job.id in undelivered),
        )
        for job in ordered[:MOST_OPTIONS]
    ]


def _described(job: Job, *, undelivered: bool) -> str:
    parts = [_("not delivered")] if undelivered else []
    return " · ".join([*parts, _("number {number}", number=job.id), job_settings(job)])[:100]
