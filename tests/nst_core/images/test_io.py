import json
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nst_core.errors import PictureError
from nst_core.images.io import decode, encode, read_parameters
from nst_core.images.picture import Picture, quantise


def noise(height: int, width: int, *, alpha: bool = False) -> Picture:
    random = np.random.default_rng(7)
    rgb = random.random((height, width, 3), dtype=np.float32)
    return Picture(rgb=rgb, alpha=random.random((height, width), dtype=np.float32) if alpha else None)


@pytest.mark.parametrize("alpha", [False, True])
def test_png_keeps_pixels_alpha_and_parameters(alpha: bool) -> None:
    picture = noise(11, 17, alpha=alpha)
    parameters = {"size": 384, "beta": 25.0, "layers": ["conv1_1"], "style": "Großes Ölbild 🎨", "seed": None}
    data = encode(picture, format="png", parameters=parameters)
    assert read_parameters(data) == parameters
    back = decode(data)
    assert np.array_equal(quantise(back.rgb), quantise(picture.rgb))
    assert (back.alpha is not None) == alpha
    if back.alpha is not None and picture.alpha is not None:
        assert np.array_equal(quantise(back.alpha), quantise(picture.alpha))


def test_png_holds_the_parameters_as_json_in_an_itxt_chunk() -> None:
    image = Image.open(BytesIO(encode(noise(2, 2), format="png", parameters={"seed": 1})))
    assert json.loads(image.info["easel"]) == {"seed": 1}
    assert b"iTXteasel" in encode(noise(2, 2), format="png", parameters={"seed": 1})


def test_jpeg_keeps_parameters_and_stands_on_white() -> None:
    clear = Picture(rgb=np.zeros((8, 8, 3), np.float32), alpha=np.zeros((8, 8), np.float32))
    data = encode(clear, format="jpeg", parameters={"seed": 1, "style": "Öl"})
    assert read_parameters(data) == {"seed": 1, "style": "Öl"}
    np.testing.assert_allclose(decode(data).rgb, 1, atol=0.02)
    assert decode(data).alpha is None


def test_a_lower_quality_makes_a_smaller_jpeg() -> None:
    picture = noise(64, 64)
    assert len(encode(picture, format="jpeg", quality=40)) < len(encode(picture, format="jpeg"))


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_picture_of_someone_else_has_no_parameters(kind: str) -> None:
    for text in (b"", b"easel:{", b"easel:[1]", b"hello"):
        target = BytesIO()
        Image.new("RGB", (4, 4)).save(target, kind, comment=text)
        assert read_parameters(target.getvalue()) is None


def test_parameters_of_no_picture_are_a_picture_error() -> None:
    with pytest.raises(PictureError, match="not a picture"):
        read_parameters(b"text")


def test_pictures_are_read_from_paths_and_a_wrong_path_is_a_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(encode(noise(3, 5), format="png", parameters={"seed": 1}))
    for source in (path, str(path)):
        assert decode(source).width == 5
        assert read_parameters(source) == {"seed": 1}
    for wrong in (tmp_path / "none.png", tmp_path, str(tmp_path / "none.png")):
        with pytest.raises(PictureError, match=r"cannot be read: (No such file|Is a directory)"):
            decode(wrong)
    with pytest.raises(PictureError, match="cannot be read: the system refuses it"):
        decode("none\0.png")
