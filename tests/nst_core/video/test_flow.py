import sys

import numpy as np
import pytest
from numpy.typing import NDArray

from nst_core.errors import EngineError
from nst_core.images.picture import Picture
from nst_core.video.flow import (
    Flow,
    certainty,
    disoccluded,
    flow_between,
    grey_of,
    leaving,
    motion_boundaries,
    opencv,
    warped,
)


def even(dx: float, dy: float, height: int = 40, width: int = 60) -> Flow:
    return np.broadcast_to(np.array([dx, dy], dtype=np.float32), (height, width, 2)).copy()


def grey(chelsea: Picture, x: int, y: int) -> NDArray[np.uint8]:
    return grey_of(chelsea.rgb)[y : y + 96, x : x + 128]


def test_the_flow_of_a_moved_crop_is_the_way_it_moved(chelsea: Picture) -> None:
    flow = flow_between(grey(chelsea, 20, 20), grey(chelsea, 24, 17))
    inside = flow[16:-16, 16:-16]
    assert np.abs(inside - [-4, 3]).mean() < 0.1


def test_a_frame_of_a_few_pixels_has_a_flow_too() -> None:
    tiny = np.arange(15, dtype=np.uint8).reshape(3, 5)
    assert flow_between(tiny, tiny).shape == (3, 5, 2)
    assert np.abs(flow_between(tiny, tiny)).max() < 0.1


def test_grey_is_the_same_of_levels_and_of_values() -> None:
    levels = np.random.default_rng(0).integers(0, 256, (4, 5, 3), dtype=np.uint8)
    assert np.array_equal(grey_of(levels), grey_of(levels.astype(np.float32) / np.float32(255)))


def test_warping_finds_what_the_flow_leads_to() -> None:
    values = np.random.default_rng(0).random((40, 60, 3), dtype=np.float32)
    found = warped(values, even(7, -3))
    assert np.allclose(found[3:, :-7], values[:-3, 7:], atol=1e-6)
    assert np.allclose(found[5, -7:], values[2, -1], atol=1e-6), "beyond the edge are its values"


def test_a_way_there_and_back_is_believed_but_where_it_leaves_the_picture() -> None:
    sure = certainty(even(6, 0), even(-6, 0))
    assert sure[:, :-6].min() == 1
    assert sure[:, -5:].max() == 0
    assert np.array_equal(leaving(even(6, 0)), sure == 0)


def test_what_was_hidden_is_disoccluded() -> None:
    """A square has moved by 8 px: where it was, the way there ends on the square and comes back elsewhere."""
    there, back = even(0, 0), even(0, 0)
    back[10:20, 10:30, 0] = 8  # in the earlier frame the square is at 10 to 30
    there[10:20, 18:38, 0] = -8
    found = disoccluded(there, back)
    assert found[10:20, 10:18].all()
    assert not found[10:20, 18:38].any()
    assert not found[:8].any()


def test_the_threshold_of_equation_4_grows_with_the_motion() -> None:
    assert disoccluded(even(0, 0), even(0.75, 0)).all(), "0.56 is more than 0.01 * 0.56 + 0.5"
    assert not disoccluded(even(0, 0), even(0.7, 0)).any()
    assert not disoccluded(even(10, 0), even(-10.75, 0)).any(), "0.56 is less than 0.01 * 216 + 0.5"


def test_motion_boundaries_are_where_the_flow_changes_abruptly() -> None:
    flow = even(0, 0)
    flow[:, 30:, 1] = 3
    found = motion_boundaries(flow)
    assert found[:, 29].all(), "beside the edge on the side that stands still"
    assert not found[:, :28].any()
    assert not found[:, 32:].any()


def test_what_turns_or_grows_has_no_boundaries_inside() -> None:
    rows, columns = np.mgrid[:40, :60].astype(np.float32)
    zoom = np.stack([0.1 * (columns - 30), 0.1 * (rows - 20)], axis=-1)
    turn = np.stack([-0.1 * (rows - 20), 0.1 * (columns - 30)], axis=-1)
    assert not motion_boundaries(zoom).any()
    assert not motion_boundaries(turn).any()
    assert motion_boundaries(zoom * [1, -1]).any(), "a shear as strong is one, where the motion is slow"


def test_without_opencv_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    opencv.cache_clear()
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(EngineError, match=r"pip install 'easel-nst\[video\]'"):
        opencv()
    opencv.cache_clear()
