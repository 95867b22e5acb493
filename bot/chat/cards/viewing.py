"""A closer look at a picture, shown to one person: Compare, Full size, Time-lapse, How was this made?"""

from collections.abc import Sequence
from typing import Any

import discord
from discord import ui
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.chat.cards.access import read_blob, require_job, require_picture
from bot.chat.cards.card_picture import filename
from bot.chat.ui.answers import answer_with_files, promise_answer
from bot.chat.ui.components import Picture, gallery, layout, panel, plain
from bot.chat.ui.interaction import services_of
from bot.chat.ui.style_options import settings_line
from bot.chat.ui.uploads import Message
from bot.domain.jobs import provenance
from bot.domain.jobs.model import STATE_WORDS, Job
from bot.domain.styles.style import Look, description_of, public_title_of, styles_of
from bot.errors import Refusal
from bot.language import _, n_
from nst_core.params import AS_IT_IS


async def press_compare(interaction: discord.Interaction[Any], job_id: int) -> None:
    """Content, styles and result side by side in one picture, with words below."""
    job = await require_picture(interaction, job_id)
    if not await promise_answer(interaction):
        return
    shown = [(_("The picture"), job.content_blob)]
    shown += [
        (_("The style") if style.picture.is_own else style.picture.title, style.picture.blob or "")
        for style in styles_of(job)
    ]
    shown += [(_("The painting"), job.result_blob or "")]
    files = [(label, await read_blob(interaction, key)) for label, key in shown]
    editor = services_of(interaction).picture_store.editor
    strip = await editor.strip(files)
    words = _("From left to right: {pictures}", pictures=" · ".join(plain(label) for label, _key in shown))

    async def make(limit_bytes: int) -> Message:
        data, _ending = await editor.within(strip, limit_bytes)
        return _shown(job, data, ending="jpg", description=words, words=words)

    await answer_with_files(interaction, make)


async def press_full_size(interaction: discord.Interaction[Any], job_id: int) -> None:
    """The PNG as it was painted, or, where Discord takes no file so large, a JPEG of it."""
    job = await require_picture(interaction, job_id)
    if not await promise_answer(interaction):
        return
    png = await read_blob(interaction, job.result_blob or "")
    editor = services_of(interaction).picture_store.editor
    whole = _("The picture in full size")
    smaller = _("Discord takes no larger file here: this is a JPEG of it.")

    async def make(limit_bytes: int) -> Message:
        data, ending = await editor.within(png, limit_bytes)
        words = whole if ending == "png" else smaller
        return _shown(job, data, ending=ending, description=description_of(job), words=words)

    await answer_with_files(interaction, make)


async def press_time_lapse(interaction: discord.Interaction[Any], job_id: int) -> None:
    """The run as a short film, with a line that says what it shows."""
    job = await require_picture(interaction, job_id)
    if job.timelapse_blob is None:
        raise Refusal(_("There is no time-lapse of this picture."))
    if not await promise_answer(interaction):
        return
    film = await read_blob(interaction, job.timelapse_blob)
    editor = services_of(interaction).picture_store.editor
    words = _("How the picture grew while it was painted: from the first sketch to what is on the card.")

    async def make(limit_bytes: int) -> Message:
        data = await editor.film_within(film, limit_bytes)
        return _shown(job, data, ending="webp", description=words, words=words)

    await answer_with_files(interaction, make)


def _shown(job: Job, data: bytes, *, ending: str, description: str, words: str) -> Message:
    """The file, and a line that says what it is."""
    picture = Picture(
        filename=filename(f"easel-{job.id}", ending, spoiler=job.spoiler),
        data=data,
        description=description[:1024],
        spoiler=job.spoiler,
    )
    return layout(gallery(picture), ui.TextDisplay(f"-# {words}")), [picture]


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
