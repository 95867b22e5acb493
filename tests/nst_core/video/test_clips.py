import numpy as np
import pytest

from nst_core.errors import PictureError
from nst_core.video.clips import Clip, Frame, levels_of
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
