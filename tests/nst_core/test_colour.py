import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from nst_core.colour import matched, with_luminance

RANDOM = np.random.default_rng(9)


def test_matched_colours_have_the_others_mean_and_covariance() -> None:
    pixels = (0.5 + 0.08 * RANDOM.standard_normal((40, 50, 3))).astype(np.float32)
    mix = np.array([[0.6, 0.2, 0.1], [0.1, 0.7, 0.1], [0.0, 0.3, 0.5]])
    other = (0.45 + 0.05 * RANDOM.standard_normal((30, 30, 3)) @ mix).astype(np.float32)
    result = matched(pixels, to=other).reshape(-1, 3)
    np.testing.assert_allclose(result.mean(axis=0), other.reshape(-1, 3).mean(axis=0), atol=2e-3)
    np.testing.assert_allclose(np.cov(result.T), np.cov(other.reshape(-1, 3).T), atol=2e-4)


def test_matching_a_picture_to_itself_changes_nothing() -> None:
    pixels = RANDOM.random((12, 9, 3), dtype=np.float32)
    np.testing.assert_allclose(matched(pixels, to=pixels), pixels, atol=1e-5)


@settings(max_examples=30, deadline=None)
@given(one=st.floats(0, 1, width=32), other=st.floats(0, 1, width=32))
def test_pictures_of_one_colour_are_matched_without_a_fault(one: float, other: float) -> None:
    flat = np.full((3, 4, 3), one, dtype=np.float32)
    result = matched(flat, to=np.full((2, 2, 3), other, dtype=np.float32))
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
