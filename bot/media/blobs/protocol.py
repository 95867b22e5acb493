"""Blobs: pictures stored under the SHA-256 of their bytes, so that the same bytes are stored once."""

import re
from collections.abc import AsyncIterator
from typing import Final, Protocol

KEY: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


class BlobMissing(KeyError):
    """There is no such blob, or its bytes are not what they were."""


class Blobs(Protocol):
    """Keys are what `put` has returned; any other string is simply missing."""

    async def put(self, data: bytes) -> str:
        """Stores `data` durably and returns its key; putting the same again only makes it new.

        Raises:
            Failure: the store is full or broken; nothing is left behind.
        """
        ...

    async def get(self, key: str) -> bytes:
        """The bytes that were put.

        Raises:
            BlobMissing: there are none, or they no longer fit their key.
            Failure: the store cannot be read.
        """
        ...

    async def size(self, key: str) -> int:
        """How many bytes were put. Raises like `get`."""
        ...

    async def delete(self, key: str) -> None:
        """Forgets a blob; one that is missing is no error."""
        ...

    def older_than(self, moment: float) -> AsyncIterator[str]:
        """The keys of all blobs that were last put before `moment` (epoch seconds)."""
        ...

    async def delete_if_older(self, key: str, moment: float) -> bool:
        """Forgets a blob, unless it has been put again since `moment`. True: it is gone."""
        ...
