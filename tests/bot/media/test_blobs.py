import asyncio
import hashlib
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bot.errors import Failure
from bot.media.blobs import BlobMissing, Blobs


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@contextmanager
def files_of_at_most(size_bytes: int) -> Iterator[None]:
    """The nearest to a full disk: the system refuses to let any file grow further."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_bytes_come_back_under_the_hash_of_their_content(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path / "blobs")
    key = await blobs.put(b"pixels")
    assert key == hashlib.sha256(b"pixels").hexdigest()
    assert await blobs.get(key) == b"pixels"
    assert files(tmp_path) == [tmp_path / "blobs" / key[:2] / key]


async def test_the_same_bytes_are_kept_once(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    keys = await asyncio.gather(*(blobs.put(b"pixels" * 10_000) for _ in range(8)))
    assert len(set(keys)) == 1
    assert len(files(tmp_path)) == 1


async def test_a_deleted_blob_is_missing_and_may_be_deleted_again(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    key = await blobs.put(b"pixels")
    await blobs.delete(key)
    await blobs.delete(key)
    with pytest.raises(BlobMissing):
        await blobs.get(key)


@pytest.mark.parametrize(
    "key", ["", "..", "../../etc/passwd", "a" * 63, "A" * 64, "a" * 64 + "\n", "/" + "a" * 63]
)
async def test_a_key_of_another_shape_is_missing_whatever_lies_there(key: str, tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    with pytest.raises(BlobMissing):
        await blobs.get(key)
    await blobs.delete(key)


async def test_damaged_bytes_are_missing_and_mended_by_the_next_put(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    key = await blobs.put(b"pixels")
    files(tmp_path)[0].write_bytes(b"pix")
    with pytest.raises(BlobMissing):
        await blobs.get(key)
    await blobs.put(b"pixels")
    assert await blobs.get(key) == b"pixels"


async def test_a_disk_that_takes_no_more_leaves_nothing_behind(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    with files_of_at_most(1000), pytest.raises(Failure, match="a blob of 100000 bytes cannot be stored"):
        await blobs.put(b"x" * 100_000)
    assert files(tmp_path) == []


async def test_a_folder_that_cannot_be_made_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    blobs = Blobs(tmp_path / "file")
    with pytest.raises(Failure, match="cannot be stored: Not a directory"):
        await blobs.put(b"pixels")
