"""Blobs in a local folder, and which store the settings ask for."""

import asyncio
import errno
import hashlib
import os
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

from bot.errors import Failure
from bot.media.blobs.protocol import KEY, BlobMissing, Blobs
from nst_core.files import PART, replacing, sync_folder


def blobs_at(url: str | None, folder: Path) -> Blobs:
    """The bucket of `url`, "s3://bucket/prefix", or the folder where there is none."""
    if url is None:
        return FolderBlobs(folder)
    from bot.media.blobs.s3 import BucketBlobs  # noqa: PLC0415 - it opens obstore

    return BucketBlobs(url)


class FolderBlobs:
    """Blobs in a local folder, spread over 256 folders by the first two hex digits."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, data: bytes) -> str:
        return await asyncio.to_thread(self._put, data)

    async def get(self, key: str) -> bytes:
        return await asyncio.to_thread(self._get, key)

    async def size(self, key: str) -> int:
        return await asyncio.to_thread(self._size, key)

    async def delete(self, key: str) -> None:
        await asyncio.to_thread(self._delete, key)

    async def older_than(self, moment: float) -> AsyncIterator[str]:
        """Folder by folder. Parts that a crash has left of a put are deleted on the way."""
        for folder in await asyncio.to_thread(self._folders):
            for key in await asyncio.to_thread(self._older_in, folder, moment):
                yield key

    async def delete_if_older(self, key: str, moment: float) -> bool:
        return await asyncio.to_thread(self._delete_if_older, key, moment)

    def _put(self, data: bytes) -> str:
        key = hashlib.sha256(data).hexdigest()
        try:
            if self._is_whole(key, data) and self._touch(key):
                return key
            self._write(self._path(key), data)
        except OSError as error:
            reason = "the disk is full" if error.errno in {errno.ENOSPC, errno.EDQUOT} else error.strerror
            raise Failure(f"a blob of {len(data)} bytes cannot be stored: {reason}") from error
        return key

    def _get(self, key: str) -> bytes:
        try:
            data = self._path(key).read_bytes()
        except FileNotFoundError as error:
            raise BlobMissing(key) from error
        except OSError as error:
            raise Failure(f"blob {key} cannot be read: {error.strerror}") from error
        if hashlib.sha256(data).hexdigest() != key:
            raise BlobMissing(key)
        return data

    def _size(self, key: str) -> int:
        try:
            return self._path(key).stat().st_size
        except FileNotFoundError as error:
            raise BlobMissing(key) from error
        except OSError as error:
            raise Failure(f"blob {key} cannot be looked up: {error.strerror}") from error

    def _delete(self, key: str) -> None:
        with suppress(BlobMissing):
            self._path(key).unlink(missing_ok=True)

    def _folders(self) -> list[Path]:
        try:
            return sorted(path for path in self._folder.iterdir() if len(path.name) == 2)
        except FileNotFoundError:
            return []  # nothing was ever put

    def _older_in(self, folder: Path, moment: float) -> list[str]:
        older = []
        with os.scandir(folder) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):
                    if entry.stat().st_mtime >= moment:
                        continue
                    if KEY.fullmatch(entry.name):
                        older.append(entry.name)
                    elif entry.name.endswith(PART):
                        Path(entry.path).unlink(missing_ok=True)
        return older

    def _delete_if_older(self, key: str, moment: float) -> bool:
        with suppress(BlobMissing, FileNotFoundError):
            path = self._path(key)
            if path.stat().st_mtime < moment:
                path.unlink(missing_ok=True)
                return True
        return False

    def _path(self, key: str) -> Path:
        if not KEY.fullmatch(key):
            raise BlobMissing(key)
        return self._folder / key[:2] / key

    def _is_whole(self, key: str, data: bytes) -> bool:
        try:
            return self._path(key).read_bytes() == data
        except FileNotFoundError:
            return False

    def _touch(self, key: str) -> bool:
        """Makes a blob that is put again as good as new: no sweep takes it before its row is there."""
        try:
            os.utime(self._path(key))
        except FileNotFoundError:
            return False
        return True

    def _write(self, path: Path, data: bytes) -> None:
        """All or nothing, also if the machine stops: the name appears only when the bytes are on the disk."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path, durable=True) as file:
            file.write(data)
        sync_folder(self._folder)
