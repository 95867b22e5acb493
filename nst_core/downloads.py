"""Downloads into the cache folder; a file appears there complete and verified, or not at all."""

import hashlib
import os
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path
from typing import IO, Final

import platformdirs

from nst_core.errors import WeightsError
from nst_core.files import replacing

Progress = Callable[[int, int], None]
"""Called with the bytes received so far and those in all (0 where the server does not say)."""

_CHUNK_BYTES: Final = 1 << 20
_TIMEOUT_S: Final = 30.0


def default_cache_dir() -> Path:
    """`$EASEL_CACHE_DIR`, else the system's place: on Linux `$XDG_CACHE_HOME/easel` or `~/.cache/easel`.

    Raises:
        RuntimeError: the user has no home.
    """
    if own := os.environ.get("EASEL_CACHE_DIR"):
        return Path(own)
    return platformdirs.user_cache_path("easel", appauthor=False).expanduser()


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fetch(url: str, path: Path, *, sha256_prefix: str, progress: Progress | None = None) -> None:
    """Downloads `url` to `path`, which appears only when it is complete and its hash is right.

    Raises:
        WeightsError: the download failed, broke off or has another hash; nothing is left behind.
    """
    if not url.startswith(("https://", "http://")):
        raise WeightsError("Weights are downloaded over https or http only.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as file:
            try:
                digest = _receive(url, file, progress)
            except (OSError, HTTPException) as error:
                raise WeightsError(f"{path.name} could not be downloaded: {_reason(error)}.") from error
            if not digest.startswith(sha256_prefix):
                raise WeightsError(f"{path.name} came with the hash {digest[:8]}, not {sha256_prefix[:8]}.")
    except OSError as error:
        raise WeightsError(f"The weight cache cannot be written: {error.strerror}.") from error


def _receive(url: str, file: IO[bytes], progress: Progress | None) -> str:
    """Writes the response's body to the file and returns its SHA-256."""
    digest = hashlib.sha256()
    with urllib.request.urlopen(url, timeout=_TIMEOUT_S) as answer:  # noqa: S310  # the scheme is checked
        total = int(answer.headers.get("Content-Length") or 0)
        done = 0
        while chunk := answer.read(_CHUNK_BYTES):
            file.write(chunk)
            digest.update(chunk)
            done += len(chunk)
            if progress is not None:
                progress(done, total)
    if total and done != total:
        raise WeightsError(f"The download broke off after {done} of {total} bytes: try again.")
    return digest.hexdigest()


def _reason(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"the server answered {error.code}"
    if isinstance(error, urllib.error.URLError):
        return str(error.reason)
    return str(error) or type(error).__name__
