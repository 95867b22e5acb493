"""The picture that a job's card shows, made to fit the file limit where it goes."""

import asyncio
from io import BytesIO

from PIL import Image

from bot.chat.ui.components import Picture
from bot.domain.jobs.model import WAITING, Job, State
from bot.language import _
from bot.media.blobs import BlobMissing, Blobs

JPEG_QUALITIES = (92, 85, 75, 60)
SHRINK = 0.7
REQUEST_LIMIT_BYTES = 24 * 1024 * 1024
"""What fits into one request of at most 25 MiB. Source: Discord's documentation, "Uploading Files"."""


async def album(job: Job, blobs: Blobs, *, limit_bytes: int) -> Picture | None:
    """The preview of a running job, the result of a rendered one, None otherwise.

    limit_bytes: what Discord accepts as one file here.
    """
    if job.state in WAITING and job.preview_blob:
        try:
            data = await blobs.get(job.preview_blob)
        except BlobMissing:
            return None  # a newer preview has taken its place meanwhile
        description = _("Preview of a picture in the style of {style}", style=job.style_name)[:1024]
        name = filename(f"preview-{job.id}", "jpg", spoiler=job.spoiler)
        return Picture(filename=name, data=data, description=description, spoiler=job.spoiler)
    if job.state in {State.RENDERED, State.DELIVERED} and job.result_blob:
        return await _result(job, await blobs.get(job.result_blob), min(limit_bytes, REQUEST_LIMIT_BYTES))
    return None


async def _result(job: Job, png: bytes, limit_bytes: int) -> Picture:
    data, ending = await asyncio.to_thread(fitted, png, limit_bytes)
    reduced = ending != "png"
    note = _("Sent as JPEG: the full picture is larger than this channel's file limit.")
    return Picture(
        filename=filename(f"easel-{job.id}", ending, spoiler=job.spoiler),
        data=data,
        description=alt_text(job),
        note=note if reduced else None,
        spoiler=job.spoiler,
        reduced=reduced,
    )


def alt_text(job: Job) -> str:
    """What a result shows, for those who cannot see it."""
    return _("A picture painted in the style of {style}", style=job.style_name)[:1024]


def filename(stem: str, ending: str, *, spoiler: bool) -> str:
    """Discord hides a file whose name begins so."""
    return f"{'SPOILER_' if spoiler else ''}{stem}.{ending}"


def fitted(png: bytes, limit_bytes: int) -> tuple[bytes, str]:
    """The picture as it is where it fits, else as a JPEG; and the ending of its file's name."""
    return (png, "png") if len(png) <= limit_bytes else (shrink(png, limit_bytes), "jpg")


def shrink(png: bytes, limit_bytes: int) -> bytes:
    """The picture as a JPEG of at most `limit_bytes`: first at lower quality, then smaller."""
    picture = _opaque(Image.open(BytesIO(png)))
    while True:
        for quality in JPEG_QUALITIES:
            out = BytesIO()
            picture.save(out, "JPEG", quality=quality, optimize=True)
            if out.tell() <= limit_bytes or max(picture.size) <= 64:
                return out.getvalue()
        picture = picture.resize((max(1, int(picture.width * SHRINK)), max(1, int(picture.height * SHRINK))))


def _opaque(picture: Image.Image) -> Image.Image:
    """Without transparency, which JPEG has not: over white, as most pages show it."""
    if "A" not in picture.getbands():
        return picture.convert("RGB")
    ground = Image.new("RGBA", picture.size, "white")
    ground.alpha_composite(picture.convert("RGBA"))
    return ground.convert("RGB")
