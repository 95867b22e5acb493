"""The paintings that come with Easel, and their examples."""

from io import BytesIO

import pytest
from PIL import Image, ImageChops, ImageStat

from bot.domain.styles import builtin
from bot.domain.styles.builtin import BUILT_IN, PAINTINGS
from nst_core.images import io


@pytest.mark.parametrize("one", BUILT_IN, ids=lambda one: one.name)
def test_each_built_in_painting_is_there_and_is_a_picture(one: builtin.Painting) -> None:
    picture = io.decode(one.read())
    assert min(picture.width, picture.height) >= 256
    assert builtin.painting(f" {one.name.upper()} ") is one


@pytest.mark.parametrize("one", BUILT_IN, ids=lambda one: one.name)
def test_each_built_in_painting_has_a_small_example_that_was_painted_in_it(one: builtin.Painting) -> None:
    data = one.read_example()
    example = Image.open(BytesIO(data))
    assert (example.format, max(example.size)) == ("JPEG", 384)
    assert len(data) <= 60_000
    cat = Image.open(PAINTINGS.parent / "samples" / "chelsea.png").convert("RGB").resize(example.size)
    changed = ImageStat.Stat(ImageChops.difference(example.convert("RGB"), cat)).mean
    assert max(changed) > 15, "this is the cat as she was"
    assert len({other.read_example() for other in BUILT_IN}) == len(BUILT_IN)


def test_the_strengths_stand_side_by_side() -> None:
    data = builtin.strengths_example()
    assert len(data) <= 60_000
    strip = Image.open(BytesIO(data))
    single = Image.open(BytesIO(BUILT_IN[0].read_example()))
    assert strip.width / strip.height == pytest.approx(4 * single.width / single.height, rel=0.02)


def test_an_unknown_painting_is_none() -> None:
    assert builtin.painting("Mona Lisa") is None
