"""What a worker needs of a job's pictures: their files, fetched from the blobs before the painting."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.domain.jobs.model import Job
from bot.media.blobs.protocol import Blobs


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightedStyle:
    """A style picture's file, and its weight beside the others."""

    file: bytes
    weight: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictures:
    """The files of one job.

    mask: white where the content may change, with soft edges; start: what the painting begins with.
    """

    content: bytes
    styles: tuple[WeightedStyle, ...]
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

    more = job.more_styles or ()
    keys = [job.style_blob, *(style["blob"] for style in more)]
    weights = [job.style_weight, *(float(style["weight"]) for style in more)]
    content, mask, start, files = await asyncio.gather(
        blobs.get(job.content_blob),
        optional(job.mask_blob),
        optional(job.start_blob),
        asyncio.gather(*map(blobs.get, keys)),
    )
    styles = (WeightedStyle(file=file, weight=weight) for file, weight in zip(files, weights, strict=True))
    return Pictures(content=content, styles=tuple(styles), mask=mask, start=start)
