"""The picture that a job's card shows, made to fit the file limit where it goes."""

from bot.chat.ui.components import Picture
from bot.domain.jobs.model import WAITING, Job, State
from bot.domain.requests.pictures import PictureStore
from bot.language import _
from bot.media.blobs.protocol import BlobMissing

REQUEST_LIMIT_BYTES = 24 * 1024 * 1024
"""What fits into one request of at most 25 MiB. Source: Discord's documentation, "Uploading Files"."""


async def album(job: Job, picture_store: PictureStore, *, limit_bytes: int) -> Picture | None:
    """The preview of a running job, the result of a rendered one, None otherwise.

    limit_bytes: what Discord accepts as one file here.
    """
    if job.state in WAITING and job.preview_blob:
        try:
            data = await picture_store.blobs.get(job.preview_blob)
        except BlobMissing:
            return None  # a newer preview has taken its place meanwhile
        description = _("Preview of a picture in the style of {style}", style=job.style_name)[:1024]
        name = filename(f"preview-{job.id}", "jpg", spoiler=job.spoiler)
        return Picture(filename=name, data=data, description=description, spoiler=job.spoiler)
    if job.state in {State.RENDERED, State.DELIVERED} and job.result_blob:
        return await _result(job, picture_store, min(limit_bytes, REQUEST_LIMIT_BYTES))
    return None


async def _result(job: Job, picture_store: PictureStore, limit_bytes: int) -> Picture:
    png = await picture_store.blobs.get(job.result_blob or "")
    data, ending = await picture_store.editor.within(png, limit_bytes)
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
