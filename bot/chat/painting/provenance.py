"""Message menu "How was this made?": the parameters of a picture, for the person who asks."""

import discord
import structlog
from discord import app_commands

from bot.chat.cards.viewing import recorded, texture
from bot.chat.painting.message_pictures import pictures_in
from bot.chat.ui.components import layout, panel
from bot.chat.ui.interaction import Services, services_of
from bot.chat.ui.style_options import settings_line
from bot.domain.jobs import provenance
from bot.domain.styles.style import Look
from bot.errors import Refusal
from bot.language import _
from nst_core.params import Params

log = structlog.get_logger(__name__)

MOST_FILES = 4
"""Files of one message that are looked into."""


@app_commands.context_menu(name="How was this made?")
async def how_was_this_made(interaction: discord.Interaction, message: discord.Message) -> None:
    """Shows you the style, settings and seed of a picture that Easel has painted."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    services, viewer_id = services_of(interaction), interaction.user.id
    async with services.database.read() as connection:
        job = await provenance.of_message(connection, message.id, viewer_id=viewer_id)
        told = await recorded(connection, job) if job else None
    lines = told or await _from_files(interaction, message)
    await interaction.edit_original_response(view=layout(panel(*lines)))


async def _from_files(interaction: discord.Interaction, message: discord.Message) -> list[str]:
    services = services_of(interaction)
    found = pictures_in(message)
    if not found:
        raise Refusal(_("There is no picture in that message: choose one with an image in it."))
    refused: Refusal | None = None
    for one in found[:MOST_FILES]:
        try:
            async with services.picture_store.file(one.picture.url or "", by=interaction.user.id) as data:
                lines = await _told_by(services, data, viewer_id=interaction.user.id)
        except Refusal as refusal:
            refused = refusal
            continue
        if lines:
            return lines
    raise refused or Refusal(
        _("Nothing is known of that picture: Easel did not paint it, or its file was changed on the way.")
    )


async def _told_by(services: Services, data: bytes, *, viewer_id: int) -> list[str]:
    """What our records and the file itself say of a picture; nothing if it is none of ours."""
    async with services.database.read() as connection:
        job = await provenance.of_file(connection, data, viewer_id=viewer_id)
        if job:
            return await recorded(connection, job)
    params = provenance.written_in(data)
    return _written(params) if params else []


def _written(params: Params) -> list[str]:
    """What the file says."""
    look = Look(
        strength=params.strength,
        quality=params.quality,
        init=params.init,
        optimizer=params.optimizer,
        keep_colors=params.colors == "luminance",
        style_scale=params.style_scale,
        faces=params.faces,
    )
    return [
        _("The picture's own file says how it was painted:"),
        settings_line(look, size_px=params.size, seed=params.seed),
        *([texture(())] if params.style_scale is None else []),
        "-# " + _("It is not in our records, so nobody can vouch for this."),
    ]
