import json
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from nst_core.errors import PictureError
from nst_core.images.io import Picture, decode, encode, filled, fit, quantise, read_parameters, resize

sides = st.integers(1, 60)


def noise(height: int, width: int, *, alpha: bool = False) -> Picture:
    random = np.random.default_rng(7)
    rgb = random.random((height, width, 3), dtype=np.float32)
    return Picture(rgb=rgb, alpha=random.random((height, width), dtype=np.float32) if alpha else None)


@settings(max_examples=60)
@given(width=sides, height=sides, to_width=sides, to_height=sides, level=st.floats(0, 1, width=32))
def test_a_constant_picture_stays_constant_at_any_size(
    width: int, height: int, to_width: int, to_height: int, level: float
) -> None:
    flat = Picture(rgb=np.full((height, width, 3), level, dtype=np.float32))
    resized = resize(flat, width=to_width, height=to_height)
    assert resized.rgb.shape == (to_height, to_width, 3)
    np.testing.assert_allclose(resized.rgb, level, atol=1e-6)


@settings(max_examples=60)
@given(width=sides, height=sides, edge_px=sides)
def test_fit_brings_the_long_edge_to_the_size_and_keeps_the_aspect(
    width: int, height: int, edge_px: int
) -> None:
    fitted = fit(noise(height, width), edge_px)
    assert max(fitted.width, fitted.height) == edge_px
    short, long = min(width, height), max(width, height)
    assert abs(min(fitted.width, fitted.height) - max(1, short * edge_px / long)) <= 0.5
    assert (fitted.width >= fitted.height) == (width >= height) or fitted.width == fitted.height


def test_the_same_size_is_the_same_picture() -> None:
    picture = noise(4, 6)
    assert fit(picture, 6) is picture


@pytest.mark.parametrize("edge_px", [3, 7, 40])
def test_resampled_values_stay_within_the_unit_range(edge_px: int) -> None:
    checks = Picture(rgb=np.indices((9, 9)).sum(axis=0)[..., None].repeat(3, 2).astype(np.float32) % 2)
    rgb = fit(checks, edge_px).rgb
    assert rgb.dtype == np.float32
    assert rgb.min() >= 0
    assert rgb.max() <= 1


def test_shrinking_averages_instead_of_skipping_pixels() -> None:
    stripes = np.zeros((64, 64, 3), dtype=np.float32)
    stripes[:, ::2] = 1
    np.testing.assert_allclose(fit(Picture(rgb=stripes), 8).rgb, 0.5, atol=0.05)


@pytest.mark.parametrize("edge_px", [5, 50])
def test_hidden_colours_do_not_bleed_over_alpha_edges(edge_px: int) -> None:
    rgb = np.zeros((16, 16, 3), dtype=np.float32)
    rgb[..., 1] = 1  # hidden green on the right,
    rgb[:, :8] = (1, 0, 0)  # visible red on the left
    alpha = np.zeros((16, 16), dtype=np.float32)
    alpha[:, :8] = 1
    resized = fit(Picture(rgb=rgb, alpha=alpha), edge_px)
    assert resized.alpha is not None
    visible = resized.rgb[resized.alpha > 0.05]
    np.testing.assert_allclose(visible, np.broadcast_to((1, 0, 0), visible.shape), atol=1e-3)


@pytest.mark.parametrize("edge_px", [5, 15, 50])
def test_a_cut_out_of_one_colour_keeps_it_at_any_size(edge_px: int) -> None:
    """Closed form: the weighted mean of one colour is that colour, and so is its extension."""
    alpha = np.zeros((16, 12), dtype=np.float32)
    alpha[4:9, 3:11] = 1
    cut_out = Picture(rgb=alpha[..., None] * np.array([0.25, 0.5, 0.75], dtype=np.float32), alpha=alpha)
    resized = fit(cut_out, edge_px)
    np.testing.assert_allclose(resized.rgb, np.broadcast_to((0.25, 0.5, 0.75), resized.rgb.shape), atol=1e-4)


@pytest.mark.parametrize("edge_px", [1, 7, 24, 51])
def test_whatever_is_hidden_a_resized_picture_is_the_same_to_the_bit(edge_px: int) -> None:
    picture = noise(24, 20, alpha=True)
    assert picture.alpha is not None
    alpha = np.where(picture.alpha < 0.6, 0, picture.alpha).astype(np.float32)
    rgb = np.where(alpha[..., None] == 0, 1 - picture.rgb, picture.rgb)
    one, other = (filled(fit(Picture(rgb=colours, alpha=alpha), edge_px)) for colours in (picture.rgb, rgb))
    assert one.rgb.tobytes() == other.rgb.tobytes()
    if edge_px != 24:
        assert fit(Picture(rgb=rgb, alpha=alpha), edge_px).rgb.tobytes() == one.rgb.tobytes()


@pytest.mark.parametrize("level", [0.0, 0.0019])
def test_what_is_transparent_all_over_is_refused_by_its_name(level: float) -> None:
    clear = Picture(rgb=noise(4, 6).rgb, alpha=np.full((4, 6), level, dtype=np.float32))
    with pytest.raises(PictureError, match="The style is transparent all over, and there is nothing to see"):
        filled(clear, "style")
    assert filled(Picture(rgb=clear.rgb, alpha=np.full((4, 6), 0.002, dtype=np.float32))).width == 6
    assert fit(clear, 3).rgb.shape == (2, 3, 3)


def test_quantising_rounds_clips_and_blackens_nan() -> None:
    values = np.array([-1, 0, 0.49 / 255, 0.51 / 255, 0.5, 1, 9, np.nan], dtype=np.float32)
    assert quantise(values).tolist() == [0, 0, 0, 1, 128, 255, 255, 0]


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
