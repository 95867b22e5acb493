"""What a picture is made of, at any size: wrong arrays are refused with what to do about it."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nst_core.errors import PictureError
from nst_core.images.io import decode, encode
from nst_core.images.picture import Picture, filled, fit, quantise, resize

RANDOM = np.random.default_rng(1)
RGB = RANDOM.random((4, 6, 3), dtype=np.float32)


@pytest.mark.parametrize(
    ("rgb", "sentence"),
    [
        (RGB * 255, r"must be from 0 to 1, and this is from [\d.]+ to 2\d\d\.\d+: divide it by its white"),
        (RGB - 0.5, "must be from 0 to 1, and this is from -0"),
        ((RGB * 255).astype(np.uint8), r"must be floats from 0 to 1, not uint8: divide bytes by 255"),
        (RGB > 0.5, "must be floats from 0 to 1, not bool"),
        (RGB.astype(np.complex64), "must be floats from 0 to 1, not complex64"),
        (np.moveaxis(RGB, 2, 0), r"not \(3, 4, 6\): put the channels last, as in `np.moveaxis\(rgb, 0, 2\)`"),
        (RGB[..., 0], r"not \(4, 6\): repeat the grey"),
        (RGB[..., :1], r"must have the shape \(height, width, 3\), not \(4, 6, 1\)\."),
        (np.dstack([RGB, RGB[..., 0]]), r"not \(4, 6, 4\): give the last channel as alpha"),
        (RGB[None], r"not \(1, 4, 6, 3\)\."),
        (RGB[:0], r"not \(0, 6, 3\)\."),
        (np.where(RGB > 0.9, np.nan, RGB), "not finite"),
        (np.where(RGB > 0.9, -np.inf, RGB), "not finite"),
        (torch.from_numpy(RGB), "must be a NumPy array, not Tensor: convert it"),
        (RGB.tolist(), "must be a NumPy array, not list"),
    ],
)
def test_what_is_no_colours_is_refused_with_what_to_do(rgb: Any, sentence: str) -> None:
    with pytest.raises(PictureError, match=sentence):
        Picture(rgb=rgb)


@pytest.mark.parametrize(
    ("alpha", "sentence"),
    [
        (RGB, r"alpha must have the shape of its rgb, \(4, 6\), not \(4, 6, 3\)"),
        (RGB[:3, :, 0], r"the shape of its rgb, \(4, 6\), not \(3, 6\)"),
        (RGB[..., 0] * 255, "alpha must be from 0 to 1"),
        (np.full((4, 6), 255, dtype=np.uint8), "alpha must be floats"),
        (np.full((4, 6), np.nan, dtype=np.float32), "alpha has values that are not finite"),
    ],
)
def test_what_is_no_alpha_is_refused_with_what_to_do(alpha: Any, sentence: str) -> None:
    with pytest.raises(PictureError, match=sentence):
        Picture(rgb=RGB, alpha=alpha)


@pytest.mark.parametrize("kind", [np.float16, np.float64, np.longdouble, ">f4"])
def test_floats_of_another_type_become_float32(kind: Any) -> None:
    picture = Picture(rgb=RGB.astype(kind), alpha=RGB[..., 0].astype(kind))
    assert picture.alpha is not None
    for values, exact in ((picture.rgb, RGB), (picture.alpha, RGB[..., 0])):
        assert values.dtype == np.float32
        np.testing.assert_allclose(values, exact, atol=1e-3 if kind is np.float16 else 0)


def test_arrays_of_the_right_kind_are_not_copied() -> None:
    picture = Picture(rgb=RGB, alpha=RGB[..., 0])
    assert picture.rgb is RGB
    assert picture.alpha is not None
    assert np.shares_memory(picture.alpha, RGB)


def test_what_rounding_left_outside_is_clipped() -> None:
    picture = Picture(rgb=RGB * 1.0004 - np.float32(2e-4))
    assert picture.rgb.min() >= 0
    assert picture.rgb.max() <= 1
    assert Picture(rgb=np.full((1, 1, 3), np.nextafter(np.float32(1), np.float32(2)))).rgb.max() == 1


def test_a_double_that_float32_cannot_hold_is_refused_without_a_warning() -> None:
    with pytest.raises(PictureError, match=r"from 0 to 1e\+300"):
        Picture(rgb=np.array([[[0, 0, 1e300]]]))


def test_arrays_that_cannot_be_written_to_are_pictures_too() -> None:
    flipped = RGB[::-1]
    flipped.flags.writeable = False
    np.testing.assert_allclose(
        decode(encode(Picture(rgb=flipped), format="png")).rgb, flipped, atol=0.5 / 254
    )


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
