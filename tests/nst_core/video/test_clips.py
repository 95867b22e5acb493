import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nst_core.errors import PictureError
from nst_core.video.clips import Clip, Frame, levels_of, thinned, without_repeats
from tests.support.clips import moving_square


def test_a_clip_needs_frames_of_one_size() -> None:
    with pytest.raises(PictureError, match="no frames"):
        Clip(frames=())
    one, other = (moving_square(width=width).frames[0] for width in (40, 48))
    with pytest.raises(PictureError, match="differ in size"):
        Clip(frames=(one, other))


def test_levels_become_a_picture_and_the_same_levels() -> None:
    for alpha in (False, True):
        frame = moving_square(alpha=alpha).frames[0]
        assert (frame.picture.alpha is not None) == alpha
        assert np.array_equal(levels_of(frame.picture), frame.levels)


def test_seconds_are_those_of_all_frames() -> None:
    levels = np.zeros((2, 2, 3), dtype=np.uint8)
    clip = Clip(frames=tuple(Frame(levels=levels, duration_ms=time) for time in (100, 250)))
    assert clip.seconds == pytest.approx(0.35)
    assert not clip.has_alpha


def levels_at(clip: Clip) -> list[int]:
    return [int(frame.levels[0, 0, 0]) for frame in clip.frames]


def greys(*shades: int, duration_ms: int = 100) -> Clip:
    levels = (np.full((2, 2, 3), shade, dtype=np.uint8) for shade in shades)
    return Clip(frames=tuple(Frame(levels=one, duration_ms=duration_ms) for one in levels), plays=3)


def test_a_thinned_clip_has_frames_at_even_times_and_takes_as_long() -> None:
    clip = thinned(greys(*range(9)), 3)
    assert levels_at(clip) == [0, 3, 6]
    assert [frame.duration_ms for frame in clip.frames] == [300, 300, 300]
    assert clip.plays == 3
    assert thinned(clip, 3) is clip


@settings(max_examples=60)
@given(times=st.lists(st.integers(1, 500), min_size=1, max_size=40), most=st.integers(1, 12))
def test_however_it_is_thinned_no_time_is_lost(times: list[int], most: int) -> None:
    levels = np.zeros((2, 2, 3), dtype=np.uint8)
    clip = Clip(frames=tuple(Frame(levels=levels, duration_ms=time) for time in times))
    less = thinned(clip, most)
    assert less.seconds == pytest.approx(clip.seconds)
    assert len(less.frames) <= most or len(less.frames) == len(times) <= most
    assert all(frame.duration_ms > 0 for frame in less.frames)


def test_a_frame_like_the_one_before_is_left_out_and_that_is_shown_for_longer() -> None:
    clip = without_repeats(greys(1, 1, 2, 1, 1, 1))
    assert levels_at(clip) == [1, 2, 1]
    assert [frame.duration_ms for frame in clip.frames] == [200, 100, 300]


def test_colours_of_transparent_places_are_no_difference() -> None:
    hidden = [np.array([[[shade, 0, 0, 0], [9, 9, 9, 255]]], dtype=np.uint8) for shade in (1, 2)]
    clip = Clip(frames=tuple(Frame(levels=one, duration_ms=50) for one in hidden))
    assert len(without_repeats(clip).frames) == 1
