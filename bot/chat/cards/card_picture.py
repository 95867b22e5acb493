"""The picture on a job's card: a preview, which may move, a finished one, or a clip as a GIF that fits."""

from dataclasses import replace
from typing import Final

from bot.chat.ui.components import Picture
from bot.chat.ui.uploads import REQUEST_LIMIT_BYTES
from bot.domain.jobs.model import WAITING, Job, State
from bot.domain.requests.pictures import PictureStore
from bot.domain.styles.style import description_of
from bot.language import _
from bot.media.blobs.protocol import BlobMissing

ANIMATION: Final = b"RIFF"
"""How a WebP begins; a still preview is a JPEG."""


async def card_picture(job: Job, picture_store: PictureStore, *, limit_bytes: int) -> Picture | None:
    """The preview of a running job, the result of a rendered one, None otherwise.

    limit_bytes: what Discord accepts as one file here.
    """
    if job.state in WAITING:
        return await preview_of(job, picture_store)
    if job.state in {State.RENDERED, State.DELIVERED} and job.result_blob:
        return await _result(job, picture_store, min(limit_bytes, REQUEST_LIMIT_BYTES))
    return None


async def preview_of(job: Job, picture_store: PictureStore) -> Picture | None:
    """The newest; of a clip, from its second frame on, an animation of those that are painted."""
    if job.preview_blob is None:
        return None
    try:
        data = await picture_store.blobs.get(job.preview_blob)
    except BlobMissing:
        return None  # a newer preview has taken its place meanwhile
    moves = data.startswith(ANIMATION)
    description = (
        _("The frames that are painted so far")
        if moves
        else _("A preview of the picture while it is painted")
    )
    name = filename(f"preview-{job.id}", "webp" if moves else "jpg", spoiler=job.spoiler)
    return Picture(filename=name, data=data, description=description, spoiler=job.spoiler)


async def _result(job: Job, picture_store: PictureStore, limit_bytes: int) -> Picture:
    if job.result_clip_blob:
        return await clip_picture(job, picture_store, limit_bytes=limit_bytes)
    return await _still(job, picture_store, limit_bytes)


async def clip_picture(job: Job, picture_store: PictureStore, *, limit_bytes: int) -> Picture:
    """A painted clip as a GIF, or its first frame where no GIF of it is small enough.

    Raises:
        BlobMissing: it is no longer stored.
    """
    file = await picture_store.blobs.get(job.result_clip_blob or "")
    gif = await picture_store.editor.clip_within(file, limit_bytes)
    if gif is None:
        still = await _still(job, picture_store, limit_bytes)
        note = _("Only its first frame: it is too large for this channel's file limit, however small.")
        return replace(still, note=note, reduced=False)
    notes = {
        (True, True): _("Smaller and with fewer frames, to keep this channel's file limit."),
        (True, False): _("Smaller, to keep this channel's file limit."),
        (False, True): _("With fewer frames, to keep this channel's file limit."),
    }
    return Picture(
        filename=filename(f"easel-{job.id}", "gif", spoiler=job.spoiler),
        data=gif.file,
        description=description_of(job),
        note=notes.get((gif.smaller, gif.fewer)),
        spoiler=job.spoiler,
    )


async def _still(job: Job, picture_store: PictureStore, limit_bytes: int) -> Picture:
    png = await picture_store.blobs.get(job.result_blob or "")
    data, ending = await picture_store.editor.within(png, limit_bytes)
    reduced = ending != "png"
    note = _("Sent as JPEG: the full picture is larger than this channel's file limit.")
    return Picture(
        filename=filename(f"easel-{job.id}", ending, spoiler=job.spoiler),
        data=data,
        description=description_of(job),
        note=note if reduced else None,
        spoiler=job.spoiler,
        reduced=reduced,
    )


def filename(stem: str, ending: str, *, spoiler: bool) -> str:
    """Discord hides a file whose name begins so."""
    return f"{'SPOILER_' if spoiler else ''}{stem}.{ending}"
