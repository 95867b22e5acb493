"""Looks: what a person chooses, as the engine's parameters, and what a painting costs."""

from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageStat

from bot.errors import Refusal
from bot.features import looks
from bot.features.looks import BUILT_IN, FIXED_COST, PAINTINGS, Look
from nst_core import images
from nst_core.params import Params
from nst_core.pyramid import scales


def test_what_nobody_chose_is_the_engine_s_default() -> None:
    assert Look().to_params(size_px=128, seed=7) == Params(strength=50.0, size=128, seed=7)


def test_what_was_chosen_reaches_the_engine() -> None:
    look = Look(strength=75, quality="high", size_px=96, init="noise", optimizer="lbfgs", keep_colors=True)
    assert look.to_params(size_px=128, seed=7) == Params(
        strength=75.0,
        quality="high",
        size=96,
        init="noise",
        optimizer="lbfgs",
        colors="luminance",
        seed=7,
    )


@pytest.mark.parametrize(
    "choice",
    [
        {"strength": -1},
        {"strength": 101},
        {"strength": float("nan")},
        {"size_px": 0},
        {"size_px": 5000},
        {"quality": "best"},
        {"init": "nothing"},
        {"optimizer": "luck"},
    ],
)
def test_a_choice_out_of_range_is_refused_in_one_sentence(choice: dict[str, Any]) -> None:
    with pytest.raises(Refusal, match=r"must be .*\.$"):
        replace(Look(), **choice).to_params(size_px=128, seed=7)


def test_a_look_survives_storage_and_passes_over_what_it_does_not_know() -> None:
    look = Look(strength=10, size_px=64, init="style")
    assert Look.from_dict(look.as_dict()) == look
    assert Look.from_dict({**look.as_dict(), "of_a_later_version": 1}) == look
    assert Look.from_dict({}) == Look()


def test_a_draft_costs_the_fixed_work_alone() -> None:
    assert looks.cost_of(Params(quality="draft", size=1024), width=10, height=10) == FIXED_COST


def test_cost_is_the_megapixels_of_all_steps() -> None:
    params = Params(size=100, steps=50)  # one scale
    assert looks.cost_of(params, width=200, height=100) == pytest.approx(FIXED_COST + 50 * 100 * 50 / 1e6)


def test_cost_does_not_depend_on_the_side_that_is_longer() -> None:
    params = Params(size=256)
    assert looks.cost_of(params, width=30, height=20) == looks.cost_of(params, width=20, height=30)


def test_the_share_that_is_painted_grows_with_the_pixels_and_ends_at_one() -> None:
    params = Params(size=384)
    steps = sum(scale.steps for scale in scales(params))
    shares = [looks.share_painted(params, steps=step) for step in range(steps + 1)]
    assert (shares[0], shares[-1]) == (0.0, 1.0)
    assert shares == sorted(shares)
    coarse = scales(params)[0].steps
    assert shares[coarse] < coarse / steps  # the first steps are the cheap ones
    assert looks.share_painted(params, steps=steps + 100) == 1.0


def test_a_draft_has_no_share() -> None:
    assert looks.share_painted(Params(quality="draft"), steps=5) == 0.0


@pytest.mark.parametrize("one", BUILT_IN, ids=lambda one: one.name)
def test_each_built_in_painting_is_there_and_is_a_picture(one: looks.Painting) -> None:
    picture = images.decode(one.read())
    assert min(picture.width, picture.height) >= 256
    assert looks.painting(f" {one.name.upper()} ") is one


@pytest.mark.parametrize("one", BUILT_IN, ids=lambda one: one.name)
def test_each_built_in_painting_has_a_small_example_that_was_painted_in_it(one: looks.Painting) -> None:
    data = one.read_example()
    example = Image.open(BytesIO(data))
    assert (example.format, max(example.size)) == ("JPEG", 384)
    assert len(data) <= 60_000
    cat = Image.open(PAINTINGS.parent / "samples" / "chelsea.png").convert("RGB").resize(example.size)
    changed = ImageStat.Stat(ImageChops.difference(example.convert("RGB"), cat)).mean
    assert max(changed) > 15, "this is the cat as she was"
    assert len({other.read_example() for other in BUILT_IN}) == len(BUILT_IN)


def test_the_strengths_stand_side_by_side() -> None:
    data = looks.strengths_example()
    assert len(data) <= 60_000
    strip = Image.open(BytesIO(data))
    single = Image.open(BytesIO(BUILT_IN[0].read_example()))
    assert strip.width / strip.height == pytest.approx(4 * single.width / single.height, rel=0.02)


def test_an_unknown_painting_is_none() -> None:
    assert looks.painting("Mona Lisa") is None


def test_a_picture_to_start_from_saves_the_cost_of_its_sizes() -> None:
    params = Params(size=384)
    last = scales(params)[-1]
    started = looks.cost_of(params, width=30, height=20, started_px=192)
    assert started == pytest.approx(FIXED_COST + last.steps * 384 * 384 * (2 / 3) / 1e6)
    assert started < looks.cost_of(params, width=30, height=20)
    assert looks.share_painted(params, steps=8, of_steps=last.steps) == pytest.approx(8 / last.steps)
