"""Edits in the confined child are the same as in the open."""

import sys
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from bot.errors import Failure
from bot.media import pixels
from bot.media.editor import PictureEditor
from tests.support.picture_files import png


def jpeg() -> bytes:
    out = BytesIO()
    Image.linear_gradient("L").resize((300, 200)).convert("RGB").save(out, "JPEG")
    return out.getvalue()


@pytest.mark.parametrize("data", [png(300, 200), png(40, 90, (1, 2, 3, 0)), jpeg()])
@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("thumbnail", {"edge_px": 64}),
        ("thumbnail", {"edge_px": 640, "badge": "12"}),
        ("shrink", {"limit_bytes": 900}),
        ("is_black", {}),
    ],
)
async def test_confined_it_does_what_it_does_in_the_open(
    data: bytes, operation: str, arguments: Mapping[str, int | str]
) -> None:
    confined = await PictureEditor().run(operation, data, **arguments)
    assert confined == pixels.serve(operation, data, dict(arguments))


async def test_a_picture_that_fits_is_left_as_it_is() -> None:
    data = png(30, 30)
    assert await PictureEditor().within(data, len(data)) == (data, "png")
    smaller, ending = await PictureEditor().within(data, len(data) - 1)
    assert (Image.open(BytesIO(smaller)).format, ending) == ("JPEG", "jpg")


@pytest.mark.parametrize(
    ("data", "black"),
    [
        (png(20, 20, (0, 0, 0)), True),
        (png(20, 20, (255, 255, 255, 0)), True),
        (png(20, 20, (0, 1, 0)), False),
        (png(20, 20, (255, 255, 255, 9)), False),
    ],
)
async def test_a_mask_is_black_where_nothing_of_it_is_seen(data: bytes, black: bool) -> None:
    assert await PictureEditor().is_black(data) is black


async def test_what_is_no_picture_of_ours_is_a_failure() -> None:
    gif = BytesIO()
    Image.new("P", (8, 8)).save(gif, "GIF")
    with pytest.raises(Failure, match=r"(?s)thumbnail ended with 1: .*UnidentifiedImageError"):
        await PictureEditor().thumbnail(gif.getvalue(), 64)


async def test_a_child_past_its_deadline_is_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = tmp_path / "python"
    child.write_text("#!/bin/sh\nexec sleep 60\n")
    child.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(child))
    with pytest.raises(Failure, match=r"is_black was not done within 0\.2 s"):
        await PictureEditor(deadline_s=0.2).is_black(png(20, 20))
