import asyncio
import hashlib
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bot.errors import Failure
from bot.media.blobs.folder import FolderBlobs
from bot.media.blobs.protocol import BlobMissing


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
    blobs = FolderBlobs(tmp_path / "blobs")
    key = await blobs.put(b"pixels")
    assert key == hashlib.sha256(b"pixels").hexdigest()
    assert await blobs.get(key) == b"pixels"
    assert files(tmp_path) == [tmp_path / "blobs" / key[:2] / key]


async def test_the_same_bytes_are_kept_once(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path)
    keys = await asyncio.gather(*(blobs.put(b"pixels" * 10_000) for _ in range(8)))
    assert len(set(keys)) == 1
    assert len(files(tmp_path)) == 1


async def test_a_deleted_blob_is_missing_and_may_be_deleted_again(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path)
    key = await blobs.put(b"pixels")
    await blobs.delete(key)
    await blobs.delete(key)
    with pytest.raises(BlobMissing):
        await blobs.get(key)


@pytest.mark.parametrize(
    "key", ["", "..", "../../etc/passwd", "a" * 63, "A" * 64, "a" * 64 + "\n", "/" + "a" * 63]
)
async def test_a_key_of_another_shape_is_missing_whatever_lies_there(key: str, tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path)
    with pytest.raises(BlobMissing):
        await blobs.get(key)
    await blobs.delete(key)


async def test_damaged_bytes_are_missing_and_mended_by_the_next_put(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path)
    key = await blobs.put(b"pixels")
    files(tmp_path)[0].write_bytes(b"pix")
    with pytest.raises(BlobMissing):
        await blobs.get(key)
    await blobs.put(b"pixels")
    assert await blobs.get(key) == b"pixels"


async def test_a_disk_that_takes_no_more_leaves_nothing_behind(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path)
    with files_of_at_most(1000), pytest.raises(Failure, match="a blob of 100000 bytes cannot be stored"):
        await blobs.put(b"x" * 100_000)
    assert files(tmp_path) == []


async def test_a_folder_that_cannot_be_made_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    blobs = FolderBlobs(tmp_path / "file")
    with pytest.raises(Failure, match="cannot be stored: Not a directory"):
        await blobs.put(b"pixels")


def age(blobs_folder: Path, key: str, moment: float) -> None:
    os.utime(blobs_folder / key[:2] / key, (moment, moment))


async def test_old_blobs_are_listed_and_new_ones_are_not(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path)
    old, new = await blobs.put(b"old"), await blobs.put(b"new")
    age(tmp_path, old, 1000.0)
    assert [key async for key in blobs.older_than(2000.0)] == [old]
    assert [key async for key in blobs.older_than(1000.0)] == []
    assert not await blobs.delete_if_older(new, 2000.0)
    assert await blobs.delete_if_older(old, 2000.0)
    assert not await blobs.delete_if_older(old, 2000.0)
    assert await blobs.get(new) == b"new"
    assert not await blobs.delete_if_older("../../etc/passwd", 1e12)


async def test_nothing_was_ever_put(tmp_path: Path) -> None:
    assert [key async for key in FolderBlobs(tmp_path / "none").older_than(1e12)] == []


async def test_putting_again_makes_a_blob_new(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path)
    key = await blobs.put(b"old")
    age(tmp_path, key, 1000.0)
    await blobs.put(b"old")
    assert not await blobs.delete_if_older(key, 2000.0)


async def test_what_a_crash_left_behind_is_tidied_away(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path)
    key = await blobs.put(b"whole")
    parts = [tmp_path / key[:2] / name for name in (".old.part", ".new.part")]
    for part in parts:
        part.write_bytes(b"half")
    os.utime(parts[0], (1000.0, 1000.0))
    assert [key async for key in blobs.older_than(2000.0)] == []
    assert [part.exists() for part in parts] == [False, True]
