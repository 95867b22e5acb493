"""A person's data as zip files, each small enough for Discord."""

import asyncio
import json
import zipfile
from collections.abc import AsyncIterator, Mapping, Sequence
from io import BytesIO
from typing import Any, Final

from bot.domain.privacy.personal_data import KeptPicture
from bot.media.blobs.protocol import BlobMissing, Blobs

MAX_PARTS: Final = 10
ENTRY_BYTES: Final = 300
"""More than a file's name and directory entry take in a zip."""
ENDINGS: Final = {
    b"\x89PNG": "png",
    b"\xff\xd8\xff": "jpg",
    b"RIFF": "webp",
    b"GIF8": "gif",
}


class Export:
    """The parts, made one by one; `left_out` names the pictures that did not fit."""

    def __init__(
        self,
        records: Mapping[str, Any],
        pictures: Sequence[KeptPicture],
        blobs: Blobs,
        *,
        limit_bytes: int,
        max_parts: int = MAX_PARTS,
    ) -> None:
        self._records = records
        self._pictures = pictures
        self._blobs = blobs
        self._limit_bytes = limit_bytes
        self._max_parts = max_parts
        self.left_out: list[str] = []

    async def parts(self) -> AsyncIterator[bytes]:
        """One zip after another: first the records, then the pictures in order."""
        box, parts = _Box(), 1
        await asyncio.to_thread(box.add_records, self._records)
        for picture in self._pictures:
            try:
                data = await self._blobs.get(picture.blob)
            except BlobMissing:
                continue  # deleted meanwhile
            if not box.holds(data, self._limit_bytes):
                if parts == self._max_parts or not _Box().holds(data, self._limit_bytes):
                    self.left_out.append(picture.name)
                    continue
                yield box.close()
                box, parts = _Box(), parts + 1
            await asyncio.to_thread(box.add, f"pictures/{picture.name}.{ending_of(data)}", data)
        yield box.close()


class _Box:
    """One zip in memory, without compression: pictures are compressed already."""

    def __init__(self) -> None:
        self._file = BytesIO()
        self._zip = zipfile.ZipFile(self._file, "w", zipfile.ZIP_STORED)

    def holds(self, data: bytes, limit_bytes: int) -> bool:
        overhead = ENTRY_BYTES * (len(self._zip.infolist()) + 2)
        return self._file.tell() + len(data) + overhead <= limit_bytes

    def add(self, name: str, data: bytes) -> None:
        self._zip.writestr(name, data)

    def add_records(self, records: Mapping[str, Any]) -> None:
        text = json.dumps(records, ensure_ascii=False, indent=1)
        self._zip.writestr("data.json", text, compress_type=zipfile.ZIP_DEFLATED)

    def close(self) -> bytes:
        self._zip.close()
        return self._file.getvalue()


def ending_of(data: bytes) -> str:
    """A file name's extension, by the first bytes."""
    if data[4:8] == b"ftyp":
        return "mp4"
    return next((ending for start, ending in ENDINGS.items() if data.startswith(start)), "bin")
