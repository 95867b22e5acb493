"""Message menu "How was this made?": the parameters of a picture, for the person who asks."""

from collections.abc import Sequence

import discord
import structlog
from discord import app_commands
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.chat.cards.card import job_settings
from bot.chat.painting.message_pictures import pictures_in
from bot.chat.ui.components import layout, panel, plain
from bot.chat.ui.interaction import Services, services_of
from bot.chat.ui.style_options import settings_line
from bot.domain.jobs.model import STATE_WORDS, Job
from bot.domain.privacy import provenance
from bot.domain.styles.style import Look
from bot.errors import Refusal
from bot.language import _, n_
from nst_core.params import AS_IT_IS, Params

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
        recorded = await _recorded(connection, job) if job else None
    lines = recorded or await _from_files(interaction, message)
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
            return await _recorded(connection, job)
    params = provenance.written_in(data)
    return _written(params) if params else []


async def _recorded(connection: AsyncConnection, job: Job) -> list[str]:
    """What our own records say."""
    anonymous = await provenance.is_anonymous(connection, job)
    person = _("somebody in a challenge") if anonymous else f"<@{job.user_id}>"
    lines = [
        _(
            "Painted in the style of **{style}**, for {person}",
            style=plain(job.style_name),
            person=person,
        ),
        job_settings(job),
    ]
    if job.more_styles:
        parts = [(job.style_name.split(" + ", 1)[0], job.style_weight)]
        parts += [(str(one["name"]), float(one["weight"])) for one in job.more_styles]
        whole = sum(weight for _name, weight in parts)
        shares = [f"{plain(name[:40])} {weight / whole:.0%}" for name, weight in parts]
        lines.append(_("Styles: {shares}", shares=" · ".join(shares)))
    if job.look.get("style_scale", AS_IT_IS) is None:
        lines.append(_texture((job.figures or {}).get("style_scales", ())))
    if job.mask_blob:
        lines.append(_("Painted under a mask."))
    if job.start_blob:
        lines.append(_("Begun from an earlier picture."))
    lines.append(f"-# {_how_long(job)}")
    return lines


def _texture(scales: Sequence[float]) -> str:
    """The texture of each style, measured; none are known before the picture is finished."""
    if not scales:
        return _("Texture scale: measured from the style's strokes.")
    listed = " · ".join(f"{scale:g}" for scale in scales)
    return _("Texture scale, measured from the style's strokes: {scales}", scales=listed)


def _how_long(job: Job) -> str:
    if job.ended_at is None or job.started_at is None or not job.result_blob:
        return _("number {number} · {state}", number=job.id, state=_(STATE_WORDS[job.state]))
    steps = int((job.figures or {}).get("iterations", 0))
    return _(
        "number {number} · painted {when} in {seconds:.0f} s, {steps}",
        number=job.id,
        when=f"<t:{round(job.ended_at)}:D>",
        seconds=job.ended_at - job.started_at,
        steps=n_("{count} step", "{count} steps", steps),
    )


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
        *([_texture(())] if params.style_scale is None else []),
        "-# " + _("It is not in our records, so nobody can vouch for this."),
    ]
