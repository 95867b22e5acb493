"""What a worker needs of a job's pictures: their files, fetched from the blobs before the painting."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.domain.jobs.model import Job
from bot.domain.styles.style import styles_of
from bot.media.blobs.protocol import Blobs


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictures:
    """The files of one job.

    weights: one per style; mask: white where the content may change, with soft edges; start: what the
    painting begins with.
    """

    content: bytes
    styles: tuple[bytes, ...]
    weights: tuple[float, ...] = (1.0,)
    mask: bytes | None = None
    start: bytes | None = None


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
    content, mask, start, files = await asyncio.gather(
        blobs.get(job.content_blob),
        optional(job.mask_blob),
        optional(job.start_blob),
        asyncio.gather(*(blobs.get(style.picture.blob or "") for style in styles)),
    )
    weights = tuple(float(style.weight) for style in styles)
    return Pictures(content=content, styles=tuple(files), weights=weights, mask=mask, start=start)
