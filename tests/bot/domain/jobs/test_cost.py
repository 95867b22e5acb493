"""What a picture costs, and which share of it is painted."""

import pytest

from bot.domain.jobs.cost import FIXED_COST, cost_of, share_painted
from nst_core.params import Params
from nst_core.pyramid import scales


def test_a_draft_costs_the_fixed_work_alone() -> None:
    assert cost_of(Params(quality="draft", size=1024), width=10, height=10) == FIXED_COST


def test_cost_is_the_megapixels_of_all_steps() -> None:
    params = Params(size=100, steps=50)  # one scale
    assert cost_of(params, width=200, height=100) == pytest.approx(FIXED_COST + 50 * 100 * 50 / 1e6)


def test_cost_does_not_depend_on_the_side_that_is_longer() -> None:
    params = Params(size=256)
    assert cost_of(params, width=30, height=20) == cost_of(params, width=20, height=30)


def test_the_share_that_is_painted_grows_with_the_pixels_and_ends_at_one() -> None:
    params = Params(size=384)
    steps = sum(scale.steps for scale in scales(params))
    shares = [share_painted(params, steps=step) for step in range(steps + 1)]
    assert (shares[0], shares[-1]) == (0.0, 1.0)
    assert shares == sorted(shares)
    coarse = scales(params)[0].steps
    assert shares[coarse] < coarse / steps  # the first steps are the cheap ones
    assert share_painted(params, steps=steps + 100) == 1.0


def test_a_draft_has_no_share() -> None:
    assert share_painted(Params(quality="draft"), steps=5) == 0.0


def test_a_picture_to_start_from_saves_the_cost_of_its_sizes() -> None:
    params = Params(size=384)
    last = scales(params)[-1]
    started = cost_of(params, width=30, height=20, started_px=192)
    assert started == pytest.approx(FIXED_COST + last.steps * 384 * 384 * (2 / 3) / 1e6)
    assert started < cost_of(params, width=30, height=20)
    assert share_painted(params, steps=8, of_steps=last.steps) == pytest.approx(8 / last.steps)
