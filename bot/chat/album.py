"""The picture that a job's card shows, made to fit the channel's file limit."""

import asyncio
from io import BytesIO

from PIL import Image

from bot.chat.card import Picture
from bot.features.jobs import WAITING, Job, State
from bot.language import _
from bot.media.blobs import BlobMissing, Blobs

JPEG_QUALITIES = (92, 85, 75, 60)
SHRINK = 0.7


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
        return Picture(filename=f"preview-{job.id}.jpg", data=data, description=description)
    if job.state in {State.RENDERED, State.DELIVERED} and job.result_blob:
        data = await blobs.get(job.result_blob)
        description = _("A picture painted in the style of {style}", style=job.style_name)[:1024]
        if len(data) <= limit_bytes:
            return Picture(filename=f"easel-{job.id}.png", data=data, description=description)
        data = await asyncio.to_thread(shrink, data, limit_bytes)
        note = _("Sent as JPEG: the full picture is larger than this channel's file limit.")
        return Picture(filename=f"easel-{job.id}.jpg", data=data, description=description, note=note)
    return None


def shrink(png: bytes, limit_bytes: int) -> bytes:
    """The picture as a JPEG of at most `limit_bytes`: first at lower quality, then smaller."""
    picture = Image.open(BytesIO(png)).convert("RGB")
    while True:
        for quality in JPEG_QUALITIES:
            out = BytesIO()
            picture.save(out, "JPEG", quality=quality, optimize=True)
            if out.tell() <= limit_bytes or max(picture.size) <= 64:
                return out.getvalue()
        picture = picture.resize((max(1, int(picture.width * SHRINK)), max(1, int(picture.height * SHRINK))))
