"""Width and height from the head of a file."""

from io import BytesIO

import pytest
from PIL import Image

from bot.domain.styles.builtin import BUILT_IN
from bot.media.headers import sides_px
from tests.support.picture_files import png


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@pytest.mark.parametrize("options", [{}, {"progressive": True, "comment": b"a word", "exif": b"Exif\0\0"}])
def test_the_head_tells_what_pillow_tells(kind: str, options: dict[str, object]) -> None:
    out = BytesIO()
    Image.new("RGB", (70, 30)).save(out, kind, **options)
    assert sides_px(out.getvalue()) == (70, 30)


def test_the_sides_of_every_painting_are_known() -> None:
    for painting in BUILT_IN:
        with Image.open(BytesIO(painting.read())) as image:
            assert sides_px(painting.read()) == image.size


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GIF89a",
        png(9, 9)[:20],
        b"\xff\xd8\xff\xe0\x00\x01",
        b"\xff\xd8\xff\xc4\x00\x09\x08\0\x07\0\x07\0\0",
    ],
)
def test_what_does_not_say_it_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="neither a PNG nor a JPEG"):
        sides_px(data)
