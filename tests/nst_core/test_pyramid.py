import pytest
from hypothesis import given
from hypothesis import strategies as st

from nst_core.params import Params, Quality
from nst_core.pyramid import Scale, painted_px, scales


def edges(params: Params) -> list[int]:
    return [scale.edge_px for scale in scales(params)]


def test_sizes_double_up_to_the_one_asked_for() -> None:
    assert edges(Params(size=1024)) == [64, 128, 256, 512, 1024]
    assert edges(Params(size=384)) == [96, 192, 384]
    assert edges(Params(size=127)) == [127]


@pytest.mark.parametrize("quality", ["standard", "high", "max"])
@pytest.mark.parametrize("size", [384, 512, 1024, 4096])
def test_most_steps_are_taken_at_coarse_sizes_and_of_one_size_most_at_the_last(
    size: int, quality: Quality
) -> None:
    *coarse, last = (scale.steps for scale in scales(Params(size=size, quality=quality)))
    assert sum(coarse) > last > max(coarse)


def test_a_picture_of_one_size_gets_the_steps_of_two() -> None:
    (one,) = scales(Params(size=127))
    assert one.steps == sum(scale.steps for scale in scales(Params(size=128)))


def test_high_and_max_go_on_to_twice_and_four_times_the_pixels_and_a_draft_takes_no_steps() -> None:
    standard = scales(Params(size=512))
    high, most = Params(size=512, quality="high"), Params(size=512, quality="max")
    for params, edge_px in ((high, 724), (most, 1024)):
        *before, last = scales(params)
        assert [scale.edge_px for scale in before] == [scale.edge_px for scale in standard]
        assert last == Scale(edge_px=edge_px, steps=standard[-1].steps)
    assert scales(Params(quality="draft", size=300)) == (Scale(edge_px=300, steps=0),)


@given(
    size=st.integers(32, 4096),
    steps=st.integers(1, 3000),
    quality=st.sampled_from(["standard", "high", "max"]),
)
def test_given_steps_are_shared_out_whole_with_some_at_each_size(
    size: int, steps: int, quality: Quality
) -> None:
    plan = scales(Params(size=size, steps=steps, quality=quality))
    assert sum(scale.steps for scale in plan) == steps
    assert all(scale.steps >= 1 for scale in plan)
    assert plan[-1].edge_px == painted_px(Params(size=size, quality=quality)) >= size


@pytest.mark.parametrize("steps", [1, 2])
def test_with_fewer_steps_than_sizes_the_coarsest_sizes_go(steps: int) -> None:
    assert edges(Params(size=512, steps=steps)) == [128, 256, 512][-steps:]


def test_sizes_that_the_picture_to_start_from_has_reached_are_left_out() -> None:
    params = Params(size=768)
    whole = scales(params)
    assert [scale.edge_px for scale in whole] == [96, 192, 384, 768]
    assert scales(params, started_px=384) == whole[-1:]
    assert scales(params, started_px=200) == whole[-2:]
    assert scales(params, started_px=4096) == whole[-1:], "the last size is always painted"
    assert scales(params, started_px=1) == whole
