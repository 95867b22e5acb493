"""A job's pictures in a worker: its inputs, its previews, and the time-lapse of its run."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import structlog
from PIL import Image

from bot.domain.jobs.model import Job
from bot.domain.styles.style import styles_of
from bot.errors import Failure
from bot.media.blobs.protocol import BlobMissing, Blobs
from bot.worker.animations import encode_animation, encode_growing
from nst_core.images import io
from nst_core.images.picture import Picture, fit, quantise
from nst_core.video.clips import Clip

log = structlog.get_logger(__name__)

PREVIEW_PX = 512


KEPT = 2
"""How many previews are kept while a job runs: the newest, and one that a card may be uploading."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictures:
    """The files of one job.

    weights: one per style; mask: white where the content may change, with soft edges; start: the picture
    that the painting starts from. clip: the frames, where more than the first one, `content`, is painted;
    checkpoint: what an earlier attempt has painted of them.
    """

    content: bytes
    styles: tuple[bytes, ...]
    weights: tuple[float, ...] = (1.0,)
    mask: bytes | None = None
    start: bytes | None = None
    clip: bytes | None = None
    checkpoint: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What `bot.worker.render.paint` needs of one job."""

    params: Mapping[str, Any]
    pictures: Pictures


async def pictures_of(job: Job, blobs: Blobs) -> Pictures:
    """Fetches all of them at once.

    Raises:
        BlobMissing: one is gone.
        Failure: the store cannot be read.
    """

    async def optional(key: str | None) -> bytes | None:
        return None if key is None else await blobs.get(key)

    styles = styles_of(job)
    content, mask, start, clip, checkpoint, files = await asyncio.gather(
        blobs.get(job.content_blob),
        optional(job.mask_blob),
        optional(job.start_blob),
        optional(job.clip_blob if job.is_clip else None),
        _checkpoint(job, blobs),
        asyncio.gather(*(blobs.get(style.picture.blob or "") for style in styles)),
    )
    weights = tuple(float(style.weight) for style in styles)
    return Pictures(
        content=content,
        styles=tuple(files),
        weights=weights,
        mask=mask,
        start=start,
        clip=clip,
        checkpoint=checkpoint,
    )


async def _checkpoint(job: Job, blobs: Blobs) -> bytes | None:
    """What an earlier attempt has left; without it the clip begins anew."""
    try:
        return None if job.checkpoint_blob is None else await blobs.get(job.checkpoint_blob)
    except BlobMissing:
        log.warning("checkpoint missing")
        return None


class BriefBlobs:
    """Blobs of one job that matter only while it runs. The row may refer to one of an earlier attempt."""

    def __init__(self, blobs: Blobs, before: str | None) -> None:
        self._blobs = blobs
        self._kept = [before] if before else []

    @property
    def newest(self) -> str | None:
        return self._kept[-1] if self._kept else None

    async def put_data(self, data: bytes) -> None:
        """Stores one. If that fails it is left out, and the painting goes on."""
        try:
            key = await self._blobs.put(data)
        except Failure as failure:
            log.warning("not stored while painting", error=str(failure))
            return
        self._kept = [*(kept for kept in self._kept if kept != key), key]

    async def forget(self, *, but: int = 0) -> None:
        """Deletes all but the newest `but`."""
        while len(self._kept) > but:
            await self._delete(self._kept.pop(0))

    async def forget_unnamed(self, named: Collection[str | None]) -> None:
        """Deletes all but those that the job's row may name."""
        for key in [kept for kept in self._kept if kept not in named]:
            self._kept.remove(key)
            await self._delete(key)

    async def _delete(self, key: str) -> None:
        try:
            await self._blobs.delete(key)
        except OSError as error:
            log.warning("not deleted while painting", error=str(error))


class Previews(BriefBlobs):
    """The previews of one job. Each contains its job's id, so no other job shares its blob."""

    def __init__(self, blobs: Blobs, job: Job) -> None:
        super().__init__(blobs, job.preview_blob)
        self._owner = {"preview_of_job": job.id, "attempt": job.attempt}
        self._edge_px = min(PREVIEW_PX, int(job.params["size"]))

    async def put(self, picture: Picture | Clip) -> None:
        """Stores a preview, or leaves it out."""
        await self.put_data(await asyncio.to_thread(self._encoded, picture))

    def _encoded(self, picture: Picture | Clip) -> bytes:
        """Shown as large as the result will be, whatever scale the painting has reached."""
        if isinstance(picture, Clip):
            moving = encode_growing(picture, self._edge_px, self._owner)
            return moving or self._encoded(picture.frames[-1].picture)
        return io.encode(fit(picture, self._edge_px), format="jpeg", quality=88, parameters=self._owner)


EDGE_PX: Final = 256
MAX_FRAMES: Final = 24
MAX_BYTES: Final = 2 * 1024 * 1024
FRAME_MS: Final = 125
RESULT_MS: Final = 2000
QUALITIES: Final = (80, 60, 40, 20)


class Timelapse:
    """Takes the previews of a run of any length, and keeps a few of them at even intervals."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Starts afresh."""
        self._frames: list[Image.Image] = []
        self._seen = 0
        self._stride = 1

    def add(self, preview: Picture) -> None:
        """Keeps one preview in `_stride`; at the limit every other one is dropped and the stride doubles."""
        if self._seen % self._stride == 0 and len(self._frames) == MAX_FRAMES - 1:
            self._frames = self._frames[::2]
            self._stride *= 2
        if self._seen % self._stride == 0:
            self._frames.append(_frame(preview))
        self._seen += 1

    def encode(self, result: Picture) -> bytes | None:
        """The animation; None: there is no frame before the result, or it exceeds the limit."""
        last = _frame(result)
        frames = [frame.resize(last.size, Image.Resampling.BICUBIC) for frame in self._frames]
        if not frames:
            return None
        return encode_animation(
            [*frames, last],
            [*(FRAME_MS for _ in frames), RESULT_MS],
            limit_bytes=MAX_BYTES,
            qualities=QUALITIES,
        )


def _frame(picture: Picture) -> Image.Image:
    """The picture on white, its long edge at most `EDGE_PX`."""
    rgb = picture.rgb
    if picture.alpha is not None:
        rgb = 1 - picture.alpha[..., None] * (1 - rgb)
    frame = Image.fromarray(np.ascontiguousarray(quantise(rgb)))
    frame.thumbnail((EDGE_PX, EDGE_PX), Image.Resampling.LANCZOS, reducing_gap=2.0)
    return frame
