"""The clips with a known flow."""

import numpy as np
import pytest

from benchmarks.clips import Rendered, all_clips
from benchmarks.video import flows_of, warping_error
from nst_core.images.picture import quantise
from nst_core.video.flow import warped


@pytest.mark.parametrize("clip", all_clips(), ids=lambda clip: clip.name)
def test_the_true_flow_carries_each_frame_to_the_next(clip: Rendered) -> None:
    flow, in_sight = clip.flow(3, 2)
    away = np.abs(warped(clip.frame(2), flow) - clip.frame(3)).mean(axis=-1)
    unmoved = np.abs(clip.frame(2) - clip.frame(3)).mean(axis=-1)
    assert in_sight.mean() > 0.85
    assert away[in_sight].mean() < 0.012
    assert unmoved[in_sight].mean() > 2 * away[in_sight].mean()


def test_a_smaller_clip_shows_the_same_and_moves_less() -> None:
    clip = all_clips()[0]
    half = clip.fitted(clip.width // 2)
    assert (half.width, half.height) == (clip.width // 2, clip.height // 2)
    assert np.allclose(half.flow(3, 2)[0], clip.flow(3, 2)[0][::2, ::2] / 2, atol=1e-4)


def test_the_engine_s_flow_is_right_to_a_fifth_of_a_pixel_where_it_is_believed() -> None:
    clip = next(one for one in all_clips() if one.name == "passing")
    found = flows_of(clip)
    assert found.believed > 0.8
    assert found.believed_error_px < 0.2
    assert found.hidden_believed < 0.2


def test_frames_that_flicker_have_a_larger_warping_error() -> None:
    clip = all_clips()[2].fitted(64)
    frames = [quantise(clip.frame(number)) for number in range(clip.count)]
    flickering = [
        np.clip(one.astype(int) + 20 * (n % 2), 0, 255).astype(np.uint8) for n, one in enumerate(frames)
    ]
    assert warping_error(clip, flickering) > warping_error(clip, frames) + 0.04
