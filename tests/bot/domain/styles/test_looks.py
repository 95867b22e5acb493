"""Looks: what a person chooses, as the engine's parameters."""

from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageStat

from bot.domain.styles import looks
from bot.domain.styles.looks import BUILT_IN, PAINTINGS, Look
from bot.errors import Refusal
from nst_core.images import io
from nst_core.params import Params


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


@pytest.mark.parametrize("one", BUILT_IN, ids=lambda one: one.name)
def test_each_built_in_painting_is_there_and_is_a_picture(one: looks.Painting) -> None:
    picture = io.decode(one.read())
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
