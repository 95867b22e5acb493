"""How was this made? The settings of a picture of ours, and its seed, told to the person who asks."""

from collections.abc import Sequence
from typing import Any

import discord
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.chat.cards.access import require_job
from bot.chat.ui.components import layout, panel, plain
from bot.chat.ui.interaction import services_of
from bot.chat.ui.style_options import settings_line
from bot.domain.jobs import provenance
from bot.domain.jobs.model import STATE_WORDS, Job
from bot.domain.styles.style import Look, public_title_of, styles_of
from bot.language import _, n_
from nst_core.params import AS_IT_IS


async def press_how_made(interaction: discord.Interaction[Any], job_id: int) -> None:
    job = await require_job(interaction, job_id)
    async with services_of(interaction).database.read() as connection:
        lines = await recorded(connection, job)
    await interaction.response.send_message(view=layout(panel(*lines)), ephemeral=True)


def job_settings(job: Job) -> str:
    return settings_line(Look.from_dict(job.look), size_px=job.params["size"], seed=job.params["seed"])


async def recorded(connection: AsyncConnection, job: Job) -> list[str]:
    """What our own records say."""
    anonymous = await provenance.is_anonymous(connection, job)
    person = _("somebody in a challenge") if anonymous else f"<@{job.user_id}>"
    lines = [
        _(
            "Painted in the style of **{style}**, for {person}",
            style=plain(public_title_of(job)),
            person=person,
        ),
        job_settings(job),
    ]
    if job.more_styles:
        parts = [(one.picture.title, one.weight) for one in styles_of(job)]
        whole = sum(weight for _name, weight in parts)
        shares = [f"{plain(name[:40])} {weight / whole:.0%}" for name, weight in parts]
        lines.append(_("Styles: {shares}", shares=" · ".join(shares)))
    if job.look.get("style_scale", AS_IT_IS) is None:
        lines.append(texture((job.figures or {}).get("style_scales", ())))
    if job.mask_blob:
        lines.append(_("Painted under a mask."))
    if job.start_blob:
        lines.append(_("Begun from an earlier picture."))
    if job.result_blob:
        lines.append(_("The same picture again: press **Edit…** on its card, and send the form as it is."))
    lines.append(f"-# {_how_long(job)}")
    return lines


def texture(scales: Sequence[float]) -> str:
    """The texture of each style, measured; none are known before the picture is finished."""
    if not scales:
        return _("Texture scale: measured from the style's strokes.")
    listed = " · ".join(f"{scale:g}" for scale in scales)
    return _("Texture scale, measured from the style's strokes: {scales}", scales=listed)


def _how_long(job: Job) -> str:
    if job.ended_at is None or job.started_at is None or not job.result_blob:
        return _("number {number} · {state}", number=job.id, state=_(STATE_WORDS[job.state]))
    steps = int((job.figures or {}).get("iterations", 0))
    how = [_("in {seconds:.0f} s", seconds=max(1, job.ended_at - job.started_at))]
    how += [n_("{count} step", "{count} steps", steps)] if steps else []
    return _(
        "number {number} · painted {when} {how}",
        number=job.id,
        when=f"<t:{round(job.ended_at)}:D>",
        how=", ".join(how),
    )
