"""Which store the settings ask for."""

from pathlib import Path

from bot.media.blobs.folder import FolderBlobs
from bot.media.blobs.protocol import Blobs


def blobs_at(url: str | None, folder: Path) -> Blobs:
    """The bucket of `url`, "s3://bucket/prefix", or the folder where there is none."""
    if url is None:
        return FolderBlobs(folder)
    from bot.media.blobs.s3 import BucketBlobs  # noqa: PLC0415 - it opens obstore

    return BucketBlobs(url)
