import math

import pytest

from benchmarks.bands import band


def test_a_band_is_the_highest_over_the_lowest_about_the_geometric_mean() -> None:
    found = band([1.0, 4.0, 2.0])
    assert (found.lowest, found.highest, found.band) == (1.0, 4.0, 4.0)
    assert found.geometric_mean == pytest.approx(2.0)
    assert found.log_sd == pytest.approx(math.log(2))


def test_a_factor_on_all_figures_leaves_the_band_as_it_is() -> None:
    one, other = band([0.2, 0.3, 0.7]), band([2.0, 3.0, 7.0])
    assert (one.band, one.log_sd) == pytest.approx((other.band, other.log_sd))


def test_a_single_figure_does_not_spread() -> None:
    assert (band([0.3]).band, band([0.3]).log_sd) == (1.0, 0.0)


@pytest.mark.parametrize("figures", [[], [1.0, 0.0]])
def test_what_has_no_logarithm_has_no_band(figures: list[float]) -> None:
    with pytest.raises(ValueError, match="positive"):
        band(figures)
