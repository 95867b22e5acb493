"""What a picture is made of: wrong arrays are refused with what to do, and none is painted in silence."""

from typing import Any

import numpy as np
import pytest
import torch

from nst_core.errors import PictureError
from nst_core.images.io import Picture, decode, encode

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
