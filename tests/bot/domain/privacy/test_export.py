"""Zips that Discord takes: whole, within the limit, and honest about what found no room."""

import json
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from bot.domain.privacy.export import Export, ending_of
from bot.domain.privacy.personal_data import KeptPicture
from bot.media.blobs.folder import FolderBlobs

RECORDS = {"jobs": [{"id": 1, "style_name": "波"}]}


async def packed(
    tmp_path: Path, sizes: list[int], *, limit_bytes: int, max_parts: int = 10
) -> tuple[list[zipfile.ZipFile], list[str]]:
    blobs = FolderBlobs(tmp_path)
    pictures = []
    for number, size in enumerate(sizes):
        blob = await blobs.put(b"\x89PNG" + bytes([number]) * (size - 4))
        pictures.append(KeptPicture(name=f"p{number}", blob=blob))
    export = Export(RECORDS, pictures, blobs, limit_bytes=limit_bytes, max_parts=max_parts)
    parts = [part async for part in export.parts()]
    assert all(len(part) <= limit_bytes for part in parts)
    return [zipfile.ZipFile(BytesIO(part)) for part in parts], export.left_out


async def test_what_fits_is_one_file_with_records_and_pictures(tmp_path: Path) -> None:
    (part,), left_out = await packed(tmp_path, [1000, 2000], limit_bytes=10_000)
    assert part.namelist() == ["data.json", "pictures/p0.png", "pictures/p1.png"]
    assert json.loads(part.read("data.json")) == RECORDS
    assert (len(part.read("pictures/p1.png")), left_out) == (2000, [])


async def test_what_does_not_fit_goes_into_further_parts(tmp_path: Path) -> None:
    parts, left_out = await packed(tmp_path, [4000] * 5, limit_bytes=10_000)
    assert [len(part.namelist()) for part in parts] == [3, 2, 1]
    assert left_out == []


async def test_a_picture_over_the_limit_is_left_out_by_name(tmp_path: Path) -> None:
    parts, left_out = await packed(tmp_path, [500, 20_000, 500], limit_bytes=10_000)
    assert [part.namelist() for part in parts] == [["data.json", "pictures/p0.png", "pictures/p2.png"]]
    assert left_out == ["p1"]


async def test_there_is_an_end_to_the_parts(tmp_path: Path) -> None:
    parts, left_out = await packed(tmp_path, [6000, 6000, 6000, 500], limit_bytes=10_000, max_parts=2)
    assert len(parts) == 2
    assert left_out == ["p2"], "the small one still finds room"


async def test_without_pictures_there_are_still_the_records(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path)
    gone = [KeptPicture(name="gone", blob="0" * 64)]
    (part,) = [part async for part in Export(RECORDS, gone, blobs, limit_bytes=10_000).parts()]
    assert zipfile.ZipFile(BytesIO(part)).namelist() == ["data.json"]


@pytest.mark.parametrize(
    ("data", "ending"),
    [
        (b"\x89PNG\r\n", "png"),
        (b"\xff\xd8\xff\xe0", "jpg"),
        (b"RIFF\0\0\0\0WEBP", "webp"),
        (b"GIF89a", "gif"),
        (b"\0\0\0\x18ftypmp42", "mp4"),
        (b"", "bin"),
    ],
)
def test_endings_go_by_the_bytes(data: bytes, ending: str) -> None:
    assert ending_of(data) == ending
