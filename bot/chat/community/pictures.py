"""A server's pictures as its lists show them: small, numbered and described; and which may be shown where."""

import re
from collections.abc import Sequence
from io import BytesIO
from typing import Any

import discord
import structlog
from discord import ui

from bot.chat.ui.components import plain
from bot.domain.gallery.exhibits import Exhibit
from bot.domain.jobs.model import Job
from bot.domain.requests.pictures import PictureStore
from bot.domain.styles.style import names_of, public_title_of
from bot.language import _, n_
from bot.media.blobs.protocol import BlobMissing

log = structlog.get_logger(__name__)

ACCENT = discord.Colour(0xC8A24A)
EDGE_PX = 640
MAX_DESCRIPTION_CHARS = 256
"""Of a gallery's item. Source: discord.py's documentation of `MediaGalleryItem`."""


async def thumbnail(
    job: Job, picture_store: PictureStore, *, number: int, description: str, badge: bool = True
) -> discord.File | None:
    """The job's result, with a `badge` its number on it; a spoiler stays one. None where its blob is gone."""
    try:
        data = await picture_store.blobs.get(job.result_blob or "")
    except BlobMissing:
        log.warning("a picture of a gallery is missing", job=job.id)
        return None
    small = await picture_store.editor.thumbnail(data, EDGE_PX, badge=str(number) if badge else "")
    # Neither the job's id nor its artist is in the name: a vote's pictures are anonymous.
    return discord.File(
        BytesIO(small),
        filename=f"picture-{number}.jpg",
        spoiler=job.spoiler,
        description=description[:MAX_DESCRIPTION_CHARS],
    )


def number_of(filename: str) -> int | None:
    """The number of the picture in a file that `thumbnail` has named."""
    found = re.fullmatch(r"(?:SPOILER_)?picture-([0-9]{1,6})\.jpg", filename)
    return int(found[1]) if found else None


def described(job: Job, number: int) -> str:
    return _(
        "Picture {number}, painted in the style of {style}",
        number=number,
        style=names_of(job, _("another picture")),
    )


def gallery_of(files: Sequence[discord.File]) -> ui.MediaGallery[Any]:
    """Shows up to ten uploaded pictures; each keeps its description and its spoiler."""
    return ui.MediaGallery(*(discord.MediaGalleryItem(file) for file in files))


def again(attachment: discord.Attachment) -> discord.MediaGalleryItem:
    """An attachment of a message that is edited, as its gallery shows it."""
    return discord.MediaGalleryItem(
        f"attachment://{attachment.filename}",
        description=attachment.description,
        spoiler=attachment.is_spoiler(),
    )


async def add_exhibits(
    container: ui.Container[Any], exhibits: Sequence[Exhibit], picture_store: PictureStore, *, first: int = 1
) -> list[discord.File]:
    """Adds the pictures and a line for each, numbered from `first`; one whose blob is gone is left out."""
    files, lines = [], []
    for number, exhibit in enumerate(exhibits, start=first):
        description = described(exhibit.job, number)
        file = await thumbnail(exhibit.job, picture_store, number=number, description=description)
        if file is not None:
            files.append(file)
            lines.append(line_of(exhibit, number))
    if files:
        container.add_item(gallery_of(files))
        container.add_item(ui.TextDisplay("\n".join(lines)))
    return files


def line_of(exhibit: Exhibit, number: int) -> str:
    """An exhibit in a list: its number, style, artist, stars, and a link to it."""
    job = exhibit.job
    stars = n_("★ {count} star", "★ {count} stars", exhibit.stars)
    way = f"[{_('see it')}]({exhibit.link})"
    return f"**{number}.** {plain(public_title_of(job))} · <@{job.user_id}> · {stars} · {way}"


def may_show_restricted(channel: object) -> bool:
    """Whether this channel is age-restricted."""
    return isinstance(channel, discord.TextChannel | discord.VoiceChannel | discord.Thread) and (
        channel.is_nsfw()
    )
