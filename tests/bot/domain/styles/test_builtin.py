"""The paintings that come with Easel, and their examples."""

import re
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat

from bot.domain.styles import builtin
from bot.domain.styles.builtin import BUILT_IN
from bot.domain.styles.names import name_key
from bot.domain.styles.style import EXAMPLES, PAINTINGS, Look, Painting
from nst_core.images import io
from nst_core.params import STYLE_SCALE

ROOT = PAINTINGS.parents[1]
EACH = pytest.mark.parametrize("one", BUILT_IN, ids=lambda one: one.file)


@EACH
def test_each_built_in_painting_is_there_and_is_a_picture(one: Painting) -> None:
    picture = io.decode(one.read())
    assert min(picture.width, picture.height) >= 256
    assert builtin.painting(f" {one.name.upper()} ") is one
    assert builtin.painting(one.full_title) is one


def test_there_are_twenty_four_each_with_a_name_a_file_and_a_text_of_its_own() -> None:
    assert len(BUILT_IN) == 24
    for key in (lambda one: name_key(one.name), lambda one: one.file, lambda one: one.about):
        assert len({key(one) for one in BUILT_IN}) == len(BUILT_IN)
    assert {path.name for path in PAINTINGS.iterdir()} == {one.file for one in BUILT_IN}
    shown = {path.name for path in EXAMPLES.iterdir()}
    assert shown == {one.file for one in BUILT_IN} | {"strengths.jpg"}


def test_the_names_of_the_first_five_stay_for_ever() -> None:
    """Presets, jobs and challenges know their style by its name."""
    kept = ("Starry Night", "The Shipwreck", "The Scream", "The Great Wave", "Composition VII")
    assert all(one is not None and one.name == name for name in kept for one in [builtin.painting(name)])


@EACH
def test_each_built_in_painting_has_a_small_example_that_was_painted_in_it(one: Painting) -> None:
    data = one.read_example()
    example = Image.open(BytesIO(data))
    assert example.format == "JPEG"
    assert 256 <= max(example.size) <= 384
    assert len(data) <= 60_000
    cat = Image.open(PAINTINGS.parent / "samples" / "chelsea.png").convert("RGB").resize(example.size)
    changed = ImageStat.Stat(ImageChops.difference(example.convert("RGB"), cat)).mean
    assert max(changed) > 15, "this is the cat as she was"
    assert len({other.read_example() for other in BUILT_IN}) == len(BUILT_IN)


@EACH
def test_each_painting_s_settings_are_numbers_of_a_look_that_the_engine_takes(one: Painting) -> None:
    look = replace(Look(), **dict(one.settings))  # type: ignore[arg-type]  # numbers, by their fields' names
    scale = look.to_params(size_px=128, seed=7).style_scale
    assert scale is not None, "tuned by eye, and not left to the engine"
    assert STYLE_SCALE[0] <= scale <= STYLE_SCALE[1]
    assert set(one.settings) <= {"strength", "style_scale", "matching", "simplify_style"}


@EACH
def test_each_painting_is_credited(one: Painting) -> None:
    notice = " ".join((ROOT / "NOTICE").read_text("utf-8").split())
    assert f"{one.artist}, {one.full_title} ({one.year})" in notice


def test_the_strengths_stand_side_by_side() -> None:
    data = builtin.strengths_example()
    assert len(data) <= 60_000
    strip = Image.open(BytesIO(data))
    single = Image.open(BytesIO(BUILT_IN[0].read_example()))
    assert strip.width / strip.height == pytest.approx(4 * single.width / single.height, rel=0.02)


def test_the_gallery_s_page_shows_every_example() -> None:
    page = (ROOT / "docs" / "gallery.md").read_text("utf-8")
    linked = {Path(path).name for path in re.findall(r"\(\.\./bot/examples/([a-z_]+\.jpg)\)", page)}
    assert {one.file for one in BUILT_IN} <= linked


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("starry night over the rhone", "Starry Night over the Rhône"),
        ("Cafe  Terrace at Night", "Café Terrace at Night"),
        ("the great wave off kanagawa", "The Great Wave"),
    ],
)
def test_a_painting_is_found_without_accents_and_by_its_full_title(typed: str, name: str) -> None:
    found = builtin.painting(typed)
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize("name", ["Mona Lisa", "", " "])
def test_an_unknown_painting_is_none(name: str) -> None:
    assert builtin.painting(name) is None
