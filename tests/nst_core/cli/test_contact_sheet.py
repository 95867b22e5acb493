import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ImageFont

from nst_core.cli.contact_sheet import Layout, Row, draw, letterboxed, shortened, tiled
from nst_core.errors import ParamsError
from nst_core.images.picture import Picture

MAT = 236 / 255

cells = st.integers(32, 400)
counts = st.integers(1, 6)


def flat(height: int, width: int, colour: tuple[float, float, float]) -> Picture:
    return Picture(rgb=np.full((height, width, 3), colour, dtype=np.float32))


def a_row(results: int = 1, name: str = "cat") -> Row:
    return Row(
        content=flat(40, 60, (1, 0, 0)),
        content_name=name,
        style=flat(60, 40, (0, 1, 0)),
        style_name="wave",
        results=tuple(flat(50, 50, (0, 0, (index + 1) / results)) for index in range(results)),
    )


def layout(*, rows: int = 1, results: int = 1, header_lines: int = 2, cell_px: int = 64) -> Layout:
    return Layout(rows=rows, results=results, header_lines=header_lines, cell_px=cell_px)


@given(rows=counts, results=counts, lines=st.integers(1, 3), cell_px=cells)
def test_cells_and_labels_never_overlap_and_the_margin_is_even(
    rows: int, results: int, lines: int, cell_px: int
) -> None:
    plan = layout(rows=rows, results=results, header_lines=lines, cell_px=cell_px)
    lefts = [plan.left(column) for column in range(results + 2)]
    assert lefts[0] == plan.margin_px
    assert plan.width - (lefts[-1] + cell_px) == plan.margin_px
    gaps = [right - left - cell_px for left, right in pairwise(lefts)]
    assert gaps == [plan.gap_px, 2 * plan.gap_px] + [plan.gap_px] * (results - 1)
    bands = [(plan.header_top(line), plan.line_px) for line in range(lines)]
    for row in range(rows):
        bands += [(plan.top(row), cell_px), (plan.caption_top(row), plan.line_px)]
    assert bands[0][0] == plan.margin_px
    assert all(top + height <= below for (top, height), (below, _) in pairwise(bands))
    assert plan.height - sum(bands[-1]) == plan.margin_px


def test_the_sheet_has_the_size_that_the_layout_says() -> None:
    drawn = draw([a_row(3)] * 2, [("strength 25", "high")] * 3, cell_px=64)
    plan = layout(rows=2, results=3)
    assert (drawn.width, drawn.height) == (plan.width, plan.height)
    assert plan.width == 5 * 64 + 5 * plan.gap_px + 2 * plan.margin_px


def test_every_picture_stands_in_the_middle_of_its_own_cell() -> None:
    first, second = a_row(2), a_row(2)
    drawn = draw([first, second], [("strength 25", "high"), ("strength 50", "high")], cell_px=64)
    plan = layout(rows=2, results=2)
    for number, row in enumerate((first, second)):
        for column, picture in enumerate((row.content, row.style, *row.results)):
            middle = drawn.rgb[plan.top(number) + 32, plan.left(column) + 32]
            np.testing.assert_allclose(middle, picture.rgb[0, 0], atol=1 / 255)


def test_labels_leave_ink_in_their_bands_and_none_in_the_margin() -> None:
    drawn = draw([a_row(2)], [("strength 25", "high"), ("strength 50", "high")], cell_px=64)
    plan = layout(results=2)

    def inked(top: int, column: int) -> bool:
        left = plan.left(column)
        return bool((drawn.rgb[top : top + plan.line_px, left : left + 64] < 0.5).any())

    assert [inked(plan.header_top(0), column) for column in range(4)] == [False, False, True, True]
    assert [inked(plan.header_top(1), column) for column in range(4)] == [True] * 4
    assert [inked(plan.caption_top(0), column) for column in range(4)] == [True, True, False, False]
    margin = plan.margin_px
    inside = np.ones(drawn.rgb.shape[:2], dtype=bool)
    inside[margin:-margin, margin:-margin] = False
    assert (drawn.rgb[inside] == 1).all()


@pytest.mark.parametrize("name", ["w" * 200, "Großes Ölbild 日本", ""])
def test_a_name_of_any_kind_stays_below_its_own_picture(name: str) -> None:
    drawn = draw([a_row(name=name)], [("strength 25", "high")], cell_px=64)
    plan = layout()
    top = plan.caption_top(0)
    band = drawn.rgb[top : top + plan.line_px]
    assert (band[:, plan.left(0) + 64 : plan.left(1)] == 1).all()
    assert (band[:, plan.left(0) : plan.left(0) + 64] < 0.5).any() == bool(name)


@given(text=st.text("abcdefgh_0123", max_size=60), width_px=st.integers(40, 300))
def test_a_shortened_name_fits_and_keeps_both_its_ends(text: str, width_px: int) -> None:
    font = ImageFont.load_default(12)
    shown = shortened(text, font, width_px)
    assert font.getlength(shown) <= width_px
    if shown == text:
        return
    assert font.getlength(text) > width_px
    start, end = shown.split("...")
    assert start
    assert text.startswith(start)
    assert text.endswith(end)
    assert len(start) - len(end) in {0, 1}


@settings(max_examples=60)
@given(width=st.integers(1, 90), height=st.integers(1, 90), cell_px=st.integers(32, 100))
def test_letterboxing_keeps_the_aspect_and_centres(width: int, height: int, cell_px: int) -> None:
    cell = letterboxed(flat(height, width, (1, 0, 0)), cell_px).rgb
    assert cell.shape == (cell_px, cell_px, 3)
    red = np.abs(cell - (1, 0, 0)).max(axis=2) < 0.01
    np.testing.assert_allclose(cell[~red], MAT, atol=1e-6)
    down, across = np.flatnonzero(red.any(axis=1)), np.flatnonzero(red.any(axis=0))
    assert red.sum() == len(down) * len(across)
    assert max(len(down), len(across)) == cell_px
    long_px, short_px = max(width, height), min(width, height)
    assert abs(min(len(down), len(across)) - max(1, short_px * cell_px / long_px)) <= 0.5
    for found in (down, across):
        assert 0 <= (cell_px - 1 - found[-1]) - found[0] <= 1


@given(count=st.integers(1, 9), cell_px=st.integers(32, 100))
def test_tiles_stand_side_by_side_in_their_order_within_one_cell(count: int, cell_px: int) -> None:
    cell = tiled([flat(10, 10, ((n + 1) / count, 0, 0)) for n in range(count)], cell_px).rgb
    assert cell.shape == (cell_px, cell_px, 3)
    painted = cell[..., 1] == 0
    assert painted.sum() == count * (cell_px // math.ceil(math.sqrt(count))) ** 2
    reds = [np.isclose(cell[..., 0], (n + 1) / count) & painted for n in range(count)]
    corners = [tuple(np.argwhere(red).min(axis=0)) for red in reds]
    assert corners == sorted(corners)


def test_a_single_picture_has_the_cell_to_itself() -> None:
    alone = flat(20, 30, (1, 0, 0))
    np.testing.assert_array_equal(tiled([alone], 40).rgb, letterboxed(alone, 40).rgb)


def test_a_transparent_picture_lies_on_the_mat() -> None:
    clear = Picture(rgb=np.zeros((8, 8, 3), np.float32), alpha=np.full((8, 8), 0.25, np.float32))
    np.testing.assert_allclose(letterboxed(clear, 32).rgb, MAT * 0.75, atol=1e-5)


@pytest.mark.parametrize(
    ("rows", "cell_px", "sentence"),
    [
        (1, 31, "cell must be a whole number from 32 to 2048, not 31."),
        (1, 2049, "not 2049."),
        (2000, 32, "which is too large: give a smaller --cell"),
        (20, 2048, "which is too large"),
    ],
)
def test_a_sheet_that_no_file_could_hold_is_refused(rows: int, cell_px: int, sentence: str) -> None:
    with pytest.raises(ParamsError, match=sentence):
        layout(rows=rows, cell_px=cell_px)
