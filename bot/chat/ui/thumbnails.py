"""Small pictures for galleries: made by Pillow in a thread, described for those who cannot see them."""

import asyncio
import re
from collections.abc import Sequence
from io import BytesIO
from typing import Any

import discord
import structlog
from discord import ui
from PIL import Image, ImageDraw, ImageFont

from bot.domain.jobs.model import Job
from bot.language import _
from bot.media.blobs import BlobMissing, Blobs

log = structlog.get_logger(__name__)

EDGE_PX = 640
JPEG_QUALITY = 85
MAX_DESCRIPTION_CHARS = 256
"""Of a gallery's item. Source: discord.py's documentation of `MediaGalleryItem`."""


async def thumbnail(job: Job, blobs: Blobs, *, number: int, description: str) -> discord.File | None:
    """The job's result with its number in a corner; a spoiler stays one. None where its blob is gone."""
    try:
        data = await blobs.get(job.result_blob or "")
    except BlobMissing:
        log.warning("a picture of a gallery is missing", job=job.id)
        return None
    small = await asyncio.to_thread(shrunk, data, str(number))
    # Neither the job's id nor its artist is in the name: a vote's pictures are anonymous.
    return discord.File(
        BytesIO(small),
        filename=f"picture-{number}.jpg",
        spoiler=job.spoiler,
        description=description[:MAX_DESCRIPTION_CHARS],
    )


def number_of(filename: str) -> int | None:
    """The number of the picture that `thumbnail` has made a file of this name for."""
    found = re.fullmatch(r"(?:SPOILER_)?picture-([0-9]{1,6})\.jpg", filename)
    return int(found[1]) if found else None


def described(job: Job, number: int) -> str:
    return _("Picture {number}, painted in the style of {style}", number=number, style=job.style_name)


def shrunk(data: bytes, badge: str = "", *, edge_px: int = EDGE_PX) -> bytes:
    """A JPEG of at most `edge_px`; a `badge` stands dark on light in its corner."""
    with Image.open(BytesIO(data)) as opened:
        picture = opened.convert("RGB")
    picture.thumbnail((edge_px, edge_px))
    if badge:
        _stamp(picture, badge)
    out = BytesIO()
    picture.save(out, "JPEG", quality=JPEG_QUALITY)
    return out.getvalue()


def _stamp(picture: Image.Image, badge: str) -> None:
    size_px = max(12, max(picture.size) // 14)
    font = ImageFont.load_default(size_px)
    draw = ImageDraw.Draw(picture)
    left, top, right, bottom = draw.textbbox((size_px * 0.4, size_px * 0.2), badge, font=font)
    pad = size_px * 0.3
    draw.rounded_rectangle((left - pad, top - pad, right + pad, bottom + pad), radius=pad, fill="white")
    draw.text((size_px * 0.4, size_px * 0.2), badge, font=font, fill="black")


def gallery_of(files: Sequence[discord.File]) -> ui.MediaGallery[Any]:
    """Shows up to ten uploaded pictures; each keeps its description and its spoiler."""
    return ui.MediaGallery(*(discord.MediaGalleryItem(file) for file in files))
