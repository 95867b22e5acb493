"""Visible colours extended over what is transparent."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from nst_core.images.picture import FAINTEST, extended, is_invisible

sides = st.integers(1, 40)


def colours(height: int, width: int, seed: int) -> NDArray[np.float32]:
    return np.random.default_rng(seed).random((height, width, 3), dtype=np.float32)


def spots(height: int, width: int, seed: int, part: float) -> NDArray[np.float32]:
    """Alpha (h, w), above 0 in about this part and in at least one pixel."""
    random = np.random.default_rng(seed)
    alpha = random.uniform(0.1, 1, (height, width)) * (random.random((height, width)) < part)
    alpha[height // 2, width // 2] = 0.7
    return alpha.astype(np.float32)


@settings(max_examples=60)
@given(height=sides, width=sides, seed=st.integers(0, 99), part=st.sampled_from([0.0, 0.02, 0.5]))
def test_the_result_does_not_depend_on_what_is_hidden(
    height: int, width: int, seed: int, part: float
) -> None:
    alpha = spots(height, width, seed, part)
    seen = (alpha > 0)[..., None]
    visible = colours(height, width, seed)
    one, other = (np.where(seen, visible, colours(height, width, seed + n)) for n in (100, 200))
    result = extended(one, alpha)
    assert result.tobytes() == extended(other, alpha).tobytes()
    assert np.array_equal(np.where(seen, result, 0), np.where(seen, visible, 0)), "what is visible stays"
    assert result.tobytes() == extended(result, alpha).tobytes(), "a second call changes nothing"
    low, high = visible[alpha > 0].min(axis=0), visible[alpha > 0].max(axis=0)
    assert np.all((result > low - 1e-5) & (result < high + 1e-5)), "no new colours"


@settings(max_examples=30)
@given(height=sides, width=sides, seed=st.integers(0, 99))
def test_one_colour_is_extended_as_it_is(height: int, width: int, seed: int) -> None:
    alpha = spots(height, width, seed, 0.05)
    rgb = np.where((alpha > 0)[..., None], np.array([0.2, 0.5, 1]), 0).astype(np.float32)
    np.testing.assert_allclose(extended(rgb, alpha), np.broadcast_to((0.2, 0.5, 1), rgb.shape), atol=1e-5)


def test_each_side_is_filled_with_the_colour_that_is_near() -> None:
    alpha = np.zeros((64, 64), dtype=np.float32)
    alpha[16:48, 16:48] = 1
    rgb = np.zeros((64, 64, 3), dtype=np.float32)
    rgb[:, :32, 0] = rgb[:, 32:, 2] = 1
    result = extended(rgb, alpha)
    assert result[32, 15].tolist() == pytest.approx([1, 0, 0], abs=0.1)
    assert result[32, 48].tolist() == pytest.approx([0, 0, 1], abs=0.1)


def test_colours_too_faint_to_be_kept_exactly_are_replaced() -> None:
    alpha = np.array([[1, 0.9 * FAINTEST, 1.1 * FAINTEST, 1]], dtype=np.float32)
    rgb = np.repeat(np.array([[1, 0, 0, 1]], dtype=np.float32)[..., None], 3, axis=2)
    result = extended(rgb, alpha)[0, :, 0]
    assert result[1] > 0.5
    assert result[2] == 0


def test_a_picture_that_is_faint_all_over_keeps_its_colours() -> None:
    rgb = colours(8, 8, 1)
    assert extended(rgb, np.full((8, 8), 0.02, dtype=np.float32)) is rgb


def test_where_all_is_hidden_it_is_black() -> None:
    assert not extended(colours(3, 5, 1), np.zeros((3, 5), dtype=np.float32)).any()


def test_invisible_is_what_8_bits_round_to_0() -> None:
    assert is_invisible(np.full((2, 2), 0.49 / 255, dtype=np.float32))
    assert not is_invisible(np.array([[0, 0.51 / 255]], dtype=np.float32))
    assert not is_invisible(None)
