"""A backup's file: a gzipped tar that is written and read in one pass.

manifest.json   what is in it, with the database's SHA-256
easel.db        a consistent copy of the database
blobs/KEY       each picture; its key is the SHA-256 of its bytes
end.json        which pictures were gone already; without it the file is not whole
"""

import gzip
import hashlib
import io
import json
import re
import tarfile
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import IO, Any, Final, Self

from bot.errors import Refusal

FORMAT: Final = 1
DATABASE: Final = "easel.db"
MANIFEST: Final = "manifest.json"
END: Final = "end.json"
BLOB: Final = re.compile(r"blobs/([0-9a-f]{64})", re.ASCII)
MAX_JSON_BYTES: Final = 64 * 1024 * 1024
COPY_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a backup holds. `revision` is that of the tables; `made_at` in epoch seconds."""

    format: int
    version: str
    revision: str
    made_at: float
    database_sha256: str
    blobs: int

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """Raises `Refusal` for what this version cannot read."""
        try:
            values = json.loads(data)
            found = cls(**{field.name: values[field.name] for field in fields(cls)})
        except (ValueError, TypeError, KeyError) as error:
            raise Refusal("That file is no backup of Easel: its manifest cannot be read.") from error
        if found.format != FORMAT:
            raise Refusal(
                f"That backup has format {found.format}; this version of Easel reads {FORMAT}: "
                "restore it with the version that made it, then upgrade."
            )
        return found


class Writer:
    """Adds members to a backup. Pictures do not get smaller, so the compression is the fastest."""

    def __init__(self, file: IO[bytes]) -> None:
        self._gzip = gzip.GzipFile(fileobj=file, mode="wb", compresslevel=1, filename="", mtime=0)
        self._tar = tarfile.open(fileobj=self._gzip, mode="w|", format=tarfile.PAX_FORMAT)  # noqa: SIM115

    def add(self, name: str, data: bytes) -> None:
        self._tar.addfile(_member(name, len(data)), io.BytesIO(data))

    def add_file(self, name: str, path: Path) -> None:
        with path.open("rb") as file:
            self._tar.addfile(_member(name, path.stat().st_size), file)

    def add_json(self, name: str, values: object) -> None:
        self.add(name, json.dumps(values, indent=1, sort_keys=True).encode())

    def add_manifest(self, manifest: Manifest) -> None:
        self.add_json(MANIFEST, asdict(manifest))

    def close(self) -> None:
        self._tar.close()
        self._gzip.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One file of a backup, to be read before the next is asked for."""

    name: str
    size_bytes: int
    file: IO[bytes]

    @property
    def blob(self) -> str | None:
        """The key, where this is a picture."""
        found = BLOB.fullmatch(self.name)
        return found[1] if found else None

    def json(self) -> Any:
        if self.size_bytes > MAX_JSON_BYTES:
            raise Refusal(f"That file is no backup of Easel: its {self.name} is too large.")
        return json.loads(self.file.read())

    def copy_to(self, target: IO[bytes]) -> str:
        """Writes the bytes to `target` and returns their SHA-256."""
        digest = hashlib.sha256()
        while chunk := self.file.read(COPY_BYTES):
            digest.update(chunk)
            target.write(chunk)
        return digest.hexdigest()


@contextmanager
def reading(path: Path) -> Iterator[Iterator[Member]]:
    """The members of a backup, in order.

    Raises:
        Refusal: it cannot be opened, is damaged, or holds anything but a backup's files.
    """
    try:
        with tarfile.open(path, mode="r|gz") as tar:
            yield _members(tar)
    except OSError as error:
        if isinstance(error, gzip.BadGzipFile) or error.strerror is None:
            raise Refusal(DAMAGED.format(path=path)) from error
        raise Refusal(f"{path} cannot be read: {error.strerror}.") from error
    except (tarfile.TarError, EOFError, zlib.error, ValueError) as error:
        raise Refusal(DAMAGED.format(path=path)) from error


DAMAGED: Final = "{path} is no backup of Easel, or it is damaged: choose another one."


def _members(tar: tarfile.TarFile) -> Iterator[Member]:
    for info in tar:
        known = info.name in {MANIFEST, DATABASE, END} or BLOB.fullmatch(info.name)
        file = tar.extractfile(info) if known and info.isreg() else None
        if file is None:
            raise Refusal("That file is no backup of Easel: it holds what a backup does not.")
        yield Member(name=info.name, size_bytes=info.size, file=file)


def _member(name: str, size_bytes: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = size_bytes, 0o600, int(time.time())
    return info
