from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from nst_core.images.colour import histogram_matched, matched, with_luminance
from nst_core.images.picture import Picture, fit

Pixels = NDArray[np.float32]

RANDOM = np.random.default_rng(9)
BOTH = pytest.mark.parametrize("recoloured", [matched, histogram_matched])


def test_matched_colours_have_the_others_mean_and_covariance() -> None:
    pixels = (0.5 + 0.08 * RANDOM.standard_normal((40, 50, 3))).astype(np.float32)
    mix = np.array([[0.6, 0.2, 0.1], [0.1, 0.7, 0.1], [0.0, 0.3, 0.5]])
    other = (0.45 + 0.05 * RANDOM.standard_normal((30, 30, 3)) @ mix).astype(np.float32)
    result = matched(pixels, to=other).reshape(-1, 3)
    np.testing.assert_allclose(result.mean(axis=0), other.reshape(-1, 3).mean(axis=0), atol=2e-3)
    np.testing.assert_allclose(np.cov(result.T), np.cov(other.reshape(-1, 3).T), atol=2e-4)


def test_histograms_of_any_shape_are_met_in_every_channel() -> None:
    pixels = RANDOM.beta(2, 5, (60, 70, 3)).astype(np.float32)
    mix = np.array([[0.6, 0.2, 0.1], [0.1, 0.7, 0.1], [0.0, 0.3, 0.5]])
    two_humps = np.where(RANDOM.random((50, 90, 3)) < 0.3, 0.1, 0.7) + 0.1 * RANDOM.random((50, 90, 3))
    other = (two_humps @ mix).astype(np.float32)
    result = histogram_matched(pixels, to=other)
    shares = np.linspace(0, 1, 101)
    for channel in range(3):
        wanted = np.quantile(other[..., channel], shares)
        assert np.abs(np.quantile(result[..., channel], shares) - wanted).mean() < 1e-3
        assert np.abs(np.quantile(matched(pixels, to=other)[..., channel], shares) - wanted).mean() > 1e-2


def test_a_picture_of_two_colours_is_recoloured_in_the_shares_that_it_has() -> None:
    pixels = np.zeros((10, 10, 3), dtype=np.float32)
    pixels[:, 3:] = 1
    other = np.tile(np.linspace(0.2, 0.6, 1000, dtype=np.float32)[None, :, None], (1, 1, 3))
    result = histogram_matched(pixels, to=other)
    np.testing.assert_allclose(result[:, :3], 0.26, atol=4e-3)  # the mean of the darkest 30 %
    np.testing.assert_allclose(result[:, 3:], 0.46, atol=4e-3)


def test_a_large_picture_whose_quantiles_are_sampled_meets_the_histograms_and_the_extremes() -> None:
    pixels = RANDOM.random((800, 1024, 3), dtype=np.float32) ** 2
    other = 0.2 + 0.5 * RANDOM.random((700, 900, 3), dtype=np.float32)
    other[3, 4], other[5, 6] = 0.0, 1.0
    result = histogram_matched(pixels, to=other)
    shares = np.linspace(0.01, 0.99, 99)
    for channel in range(3):
        wanted = np.quantile(other[..., channel], shares)
        np.testing.assert_allclose(np.quantile(result[..., channel], shares), wanted, atol=4e-3)
    np.testing.assert_allclose([result.min(), result.max()], [0, 1], atol=1e-4)


@pytest.mark.parametrize("shape", [(12, 9), (600, 700), (1, 1)])
@BOTH
def test_matching_a_picture_to_itself_changes_nothing(
    recoloured: Callable[[Pixels, Pixels], Pixels], shape: tuple[int, int]
) -> None:
    pixels = RANDOM.random((*shape, 3), dtype=np.float32)
    np.testing.assert_allclose(recoloured(pixels, pixels), pixels, atol=1e-4)


@BOTH
def test_equal_colours_stay_equal_and_the_shape_is_the_recoloured_pictures(
    recoloured: Callable[[Pixels, Pixels], Pixels],
) -> None:
    palette = RANDOM.random((6, 3), dtype=np.float32)
    places = RANDOM.integers(0, 6, (40, 31))
    result = recoloured(palette[places], RANDOM.random((1, 17, 3), dtype=np.float32))
    assert result.shape == (40, 31, 3)
    assert result.dtype == np.float32
    for colour in range(6):
        np.testing.assert_allclose(np.ptp(result[places == colour], axis=0), 0, atol=1e-4)


def test_the_rounding_errors_of_a_flat_picture_stay_small() -> None:
    flat = fit(Picture(rgb=np.full((300, 7, 3), (0.3, 0.6, 0.2), dtype=np.float32)), 777).rgb
    noisy = flat + RANDOM.uniform(-1e-7, 1e-7, flat.shape).astype(np.float32)
    result = histogram_matched(noisy, to=RANDOM.random((20, 30, 3), dtype=np.float32))
    assert np.ptp(noisy, axis=(0, 1)).min() > 0
    np.testing.assert_allclose(np.ptp(result, axis=(0, 1)), 0, atol=1e-4)


@BOTH
@settings(max_examples=30)
@given(one=st.floats(0, 1, width=32), other=st.floats(0, 1, width=32))
def test_pictures_of_one_colour_are_matched_without_a_fault(
    recoloured: Callable[[Pixels, Pixels], Pixels], one: float, other: float
) -> None:
    flat = np.full((3, 4, 3), one, dtype=np.float32)
    result = recoloured(flat, np.full((2, 2, 3), other, dtype=np.float32))
    np.testing.assert_allclose(result, other, atol=1e-4)


def test_luminance_moves_and_the_colour_differences_stay() -> None:
    colours = 0.3 + 0.4 * RANDOM.random((5, 6, 3), dtype=np.float32)
    light = 0.3 + 0.4 * RANDOM.random((5, 6, 3), dtype=np.float32)
    result = with_luminance(colours, of=light)
    inside = ((result > 0) & (result < 1)).all(axis=-1)
    luma = np.array([0.299, 0.587, 0.114], dtype=np.float32)
    np.testing.assert_allclose((result @ luma)[inside], (light @ luma)[inside], atol=1e-5)
    np.testing.assert_allclose(
        (result[..., 0] - result[..., 2])[inside], (colours[..., 0] - colours[..., 2])[inside], atol=1e-5
    )


@BOTH
def test_pixels_of_weight_0_do_not_count_and_equal_weights_change_nothing(
    recoloured: Callable[..., Pixels],
) -> None:
    pixels, other = RANDOM.random((20, 30, 3), dtype=np.float32), RANDOM.random((25, 20, 3), dtype=np.float32)
    seen, other_seen = np.zeros((20, 30), np.float32), np.zeros((25, 20), np.float32)
    seen[:, :12], other_seen[5:] = 1, 1
    result = recoloured(pixels, other, weights=0.5 * seen, to_weights=other_seen)
    np.testing.assert_allclose(result[:, :12], recoloured(pixels[:, :12], other[5:]), atol=1e-5)
    half = np.full_like(seen, 0.5)
    np.testing.assert_allclose(recoloured(pixels, other, weights=half), recoloured(pixels, other), atol=1e-5)


@BOTH
def test_a_weight_of_two_is_that_of_two_pixels(recoloured: Callable[..., Pixels]) -> None:
    """In the mean, for between rare colours a histogram may jump. Without weights it is above 8e-4."""
    pixels, other = RANDOM.random((40, 50, 3), dtype=np.float32), RANDOM.random((30, 60, 3), dtype=np.float32)
    weights = np.ones((40, 50), np.float32)
    weights[:, 25:] = 2
    doubled = np.concatenate([pixels, pixels[:, 25:]], axis=1)
    by_weights = recoloured(pixels, other, weights=weights)
    assert np.abs(by_weights - recoloured(doubled, other)[:, :50]).mean() < 5e-4
    to_weights = recoloured(other, pixels, to_weights=weights)
    assert np.abs(to_weights - recoloured(other, doubled)).mean() < 5e-4


@BOTH
def test_a_single_pixel_that_counts_gives_its_colour(recoloured: Callable[..., Pixels]) -> None:
    pixels, weights = RANDOM.random((5, 6, 3), dtype=np.float32), np.zeros((5, 6), np.float32)
    weights[2, 3] = 0.4
    assert np.isfinite(recoloured(pixels, pixels[:2], weights=weights)).all()
    to_one = recoloured(pixels, pixels, to_weights=weights)
    np.testing.assert_allclose(to_one, np.broadcast_to(pixels[2, 3], pixels.shape), atol=0.03)
