"""Blobs in an S3-compatible bucket, for gateways and workers on many machines."""

import hashlib
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from urllib.parse import urlsplit

from obstore.exceptions import BaseError, NotFoundError
from obstore.store import S3Store

from bot.errors import Failure
from bot.media.blobs.protocol import KEY, BlobMissing


class BucketBlobs:
    """What a folder promises, in a bucket: a put that returned is durable and whole.

    Endpoint, region and credentials come from the environment, under AWS's names.
    Source: obstore's documentation, `S3Config`.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._store = S3Store(
            parts.netloc,
            prefix=parts.path.strip("/") or None,
            # The server refuses bytes that do not match the checksum sent with them.
            config={"checksum_algorithm": "SHA256"},
            client_options={
                # Plain HTTP only where the operator has written such an address into AWS_ENDPOINT_URL.
                "allow_http": True,
                "timeout": timedelta(seconds=30),
                "connect_timeout": timedelta(seconds=5),
            },
            retry_config={"max_retries": 4, "retry_timeout": timedelta(seconds=30)},
        )

    async def put(self, data: bytes) -> str:
        """Always uploads: it repairs what was damaged, and makes what is put again as good as new."""
        key = hashlib.sha256(data).hexdigest()
        what = f"a blob of {len(data)} bytes cannot be stored"
        try:
            with _errors(key, what):
                await self._store.put_async(_path(key), data)
        except BlobMissing as error:
            raise Failure(f"{what}: there is no such bucket") from error
        return key

    async def get(self, key: str) -> bytes:
        with _errors(key, f"blob {key} cannot be read"):
            data = bytes(await (await self._store.get_async(_path(key))).bytes_async())
        if hashlib.sha256(data).hexdigest() != key:
            raise BlobMissing(key)
        return data

    async def size(self, key: str) -> int:
        with _errors(key, f"blob {key} cannot be looked up"):
            return int((await self._store.head_async(_path(key)))["size"])

    async def delete(self, key: str) -> None:
        with suppress(BlobMissing), _errors(key, f"blob {key} cannot be deleted"):
            await self._store.delete_async(_path(key))

    async def older_than(self, moment: float) -> AsyncIterator[str]:
        """A thousand names per request. An upload that was cut off leaves nothing visible."""
        with _errors("", "the blobs cannot be listed"):
            async for batch in self._store.list():
                for found in batch:
                    key = found["path"].rsplit("/", 1)[-1]
                    if found["last_modified"].timestamp() < moment and found["path"] == f"{key[:2]}/{key}":
                        yield key

    async def delete_if_older(self, key: str, moment: float) -> bool:
        with suppress(BlobMissing), _errors(key, f"blob {key} cannot be looked up"):
            found = await self._store.head_async(_path(key))
            if found["last_modified"].timestamp() < moment:
                await self._store.delete_async(_path(key))
                return True
        return False


def _path(key: str) -> str:
    if not KEY.fullmatch(key):
        raise BlobMissing(key)
    return f"{key[:2]}/{key}"


@contextmanager
def _errors(key: str, what: str) -> Iterator[None]:
    """The storage's errors without their details, which hold addresses."""
    try:
        yield
    except (NotFoundError, FileNotFoundError) as error:
        raise BlobMissing(key) from error
    except (BaseError, OSError) as error:
        raise Failure(f"{what}: {type(error).__name__}") from error
