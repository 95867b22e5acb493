"""Compare, Full size, Time-lapse: a closer look at a picture, shown to one person."""

import asyncio
from typing import Any

import discord
from discord import ui

from bot.chat.cards.access import read_blob, require_picture
from bot.chat.cards.card import REQUEST_LIMIT_BYTES, alt_text, filename
from bot.chat.ui.components import Picture, gallery, layout, plain
from bot.chat.ui.interaction import services_of
from bot.chat.ui.promise import keep, promise_answer
from bot.chat.ui.uploads import made_to_fit
from bot.domain.jobs.model import Job
from bot.domain.styles.style import styles_of
from bot.errors import Refusal
from bot.language import _

MIB = 1024 * 1024


async def press_compare(interaction: discord.Interaction[Any], job_id: int) -> None:
    """Content, styles and result side by side."""
    job = await require_picture(interaction, job_id)
    if not await promise_answer(interaction, private=True):
        return
    shown = [("content", job.content_blob, _("The picture that was painted"))]
    shown += [
        (f"style-{number}", style.picture.blob or "", _("A style: {style}", style=style.picture.title))
        for number, style in enumerate(styles_of(job), start=1)
    ]
    shown += [("result", job.result_blob or "", alt_text(job))]
    data = [await read_blob(interaction, key) for _name, key, _words in shown]
    names = " + ".join(plain(style.picture.title) for style in styles_of(job))
    words = _("In this order: the picture, {styles}, and what came of them.", styles=names)

    async def answer(limit_bytes: int) -> None:
        editor = services_of(interaction).picture_store.editor
        files = await asyncio.gather(*(editor.within(one, limit_bytes) for one in data))
        pictures = [
            Picture(
                filename=filename(f"{name}-{job.id}", ending, spoiler=job.spoiler),
                data=picture,
                description=words[:1024],
                spoiler=job.spoiler,
            )
            for (name, _key, words), (picture, ending) in zip(shown, files, strict=True)
        ]
        await _answer(interaction, pictures, words)

    await made_to_fit(min(interaction.filesize_limit, REQUEST_LIMIT_BYTES // len(shown)), answer)


async def press_full_size(interaction: discord.Interaction[Any], job_id: int) -> None:
    """The PNG as it was painted, where Discord takes it."""
    job = await require_picture(interaction, job_id)
    if not await promise_answer(interaction, private=True):
        return
    data = await read_blob(interaction, job.result_blob or "")
    picture = _whole(interaction, job, data, ending="png", words=alt_text(job))
    await _answer(interaction, [picture], _("The picture in full size"))


async def press_time_lapse(interaction: discord.Interaction[Any], job_id: int) -> None:
    """The run as a short film."""
    job = await require_picture(interaction, job_id)
    if job.timelapse_blob is None:
        raise Refusal(_("There is no time-lapse of this picture."))
    if not await promise_answer(interaction, private=True):
        return
    data = await read_blob(interaction, job.timelapse_blob)
    words = _("How a picture in the style of {style} was painted, step by step", style=job.style_name)[:1024]
    picture = _whole(interaction, job, data, ending="webp", words=words)
    await _answer(interaction, [picture], _("How it was painted"))


def _whole(
    interaction: discord.Interaction[Any], job: Job, data: bytes, *, ending: str, words: str
) -> Picture:
    """The file as it is.

    Raises:
        Refusal: Discord takes no file of this size here.
    """
    limit = min(interaction.filesize_limit, REQUEST_LIMIT_BYTES)
    if len(data) > limit:
        raise _too_large(len(data), limit)
    return Picture(
        filename=filename(f"easel-{job.id}", ending, spoiler=job.spoiler),
        data=data,
        description=words,
        spoiler=job.spoiler,
    )


def _too_large(size_bytes: int, limit_bytes: int) -> Refusal:
    return Refusal(
        _(
            "This file has {size:.1f} MiB and Discord takes {limit:.1f} MiB here: "
            "the picture on the card is the largest that fits.",
            size=size_bytes / MIB,
            limit=limit_bytes / MIB,
        )
    )


async def _answer(interaction: discord.Interaction[Any], pictures: list[Picture], words: str) -> None:
    view = layout(gallery(*pictures), ui.TextDisplay(f"-# {words}"))
    files = [picture.as_file() for picture in pictures]
    await interaction.edit_original_response(view=view, attachments=files)
    await keep(interaction)
