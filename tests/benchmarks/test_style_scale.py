"""The scale by itself beside those that were tuned by eye."""

import pytest

from benchmarks.style_scale import Row, errors, row
from bot.domain.styles.builtin import BUILT_IN


def test_by_itself_is_nearer_to_the_tuned_scales_than_any_one_number() -> None:
    found = errors([row(one) for one in BUILT_IN])
    assert found["by itself"] < 0.9 * found["the best constant"] < found["1 for all"]


def test_errors_are_those_of_the_logarithm() -> None:
    rows = [
        Row(name="a", width_px=8.0, by_itself=2.0, tuned=1.0),
        Row(name="b", width_px=8.0, by_itself=1.0, tuned=1.0),
    ]
    assert errors(rows)["by itself"] == pytest.approx(0.6931 / 2**0.5, rel=1e-3)
    assert errors(rows)["1 for all"] == errors(rows)["the best constant"] == 0
