import numpy as np
import pytest

from nst_core.video.palettes import in_one_palette
from tests.support.clips import moving_square


@pytest.mark.parametrize("dither", [0.0, 16.0])
def test_what_stands_still_keeps_its_colour_in_all_frames(dither: float) -> None:
    frames = [frame.levels for frame in moving_square().frames]
    images = in_one_palette(frames, 32, dither=dither)
    assert len({bytes(image.getpalette() or []) for image in images}) == 1
    indices = np.stack([np.array(image) for image in images])
    still = (np.stack(frames) == frames[0]).all(axis=(0, 3))
    assert still.mean() > 0.6
    assert (indices[:, still] == indices[0][still]).all()


def test_no_more_colours_than_asked_and_near_to_the_frames() -> None:
    frames = [frame.levels for frame in moving_square().frames]
    for count, most in ((16, 16.0), (256, 6.0)):
        images = in_one_palette(frames, count)
        assert max(np.array(image).max() for image in images) < count
        away = [
            np.abs(np.array(image.convert("RGB")).astype(int) - frame).mean()
            for image, frame in zip(images, frames, strict=True)
        ]
        assert max(away) < most


def test_the_last_colour_is_the_transparent_one() -> None:
    frames = [frame.levels for frame in moving_square(alpha=True).frames]
    for image, frame in zip(in_one_palette(frames, 64), frames, strict=True):
        assert image.info["transparency"] == 63
        assert np.array_equal(np.array(image) == 63, frame[..., 3] == 0)


def test_a_pattern_mixes_two_colours_for_one_between() -> None:
    grey = np.full((16, 16, 3), 100, dtype=np.uint8)
    ends = np.concatenate([np.full((16, 16, 3), level, dtype=np.uint8) for level in (0, 200)])
    plain, mixed = (
        in_one_palette([np.concatenate([grey, ends])] * 1, 2, dither=one)[0] for one in (0.0, 200.0)
    )
    assert len(np.unique(np.array(plain)[:16])) == 1
    assert np.array(mixed.convert("RGB"))[:16].mean() == pytest.approx(100, abs=20)
