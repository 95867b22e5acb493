"""A clip as far as it is painted, small enough to be shown anew every few seconds."""

from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image, ImageSequence

from bot.worker.animations import GROWING_PX, MOST_BYTES, MOST_FRAMES, NEWEST_MS, encode_growing
from nst_core.video.clips import Clip, Frame
from tests.support.clips import moving_square

OWNER = {"preview_of_job": 7, "attempt": 1}


def frames_of(data: bytes | None) -> list[Any]:
    assert data is not None
    return [(one.copy(), one.info["duration"]) for one in ImageSequence.Iterator(Image.open(BytesIO(data)))]


def noisy(*, frames: int, edge_px: int) -> Clip:
    random = np.random.default_rng(0)
    levels = (random.integers(0, 256, (edge_px, edge_px, 3), dtype=np.uint8) for _ in range(frames))
    return Clip(frames=tuple(Frame(levels=one, duration_ms=50) for one in levels))


def test_it_moves_as_the_clip_does_and_the_newest_frame_stands_still() -> None:
    data = encode_growing(moving_square(frames=3, first_ms=100), 64, OWNER)
    assert [duration for _, duration in frames_of(data)] == [100, 110, NEWEST_MS]
    newest = np.asarray(frames_of(data)[-1][0].convert("RGB")).astype(int)
    assert abs(newest - moving_square(frames=3).frames[-1].levels).mean() < 12


def test_a_frame_that_was_slow_already_is_as_slow() -> None:
    data = encode_growing(moving_square(frames=2, first_ms=2000), 64, OWNER)
    assert [duration for _, duration in frames_of(data)] == [2000, 2010]


def test_it_is_small_however_large_and_long_the_clip_is() -> None:
    """Noise hardly compresses; the newest of many frames is among those that are shown."""
    whole = noisy(frames=MOST_FRAMES + 6, edge_px=GROWING_PX + 44)
    data = encode_growing(whole, 512, OWNER)
    shown = frames_of(data)
    assert data is not None
    assert len(data) <= MOST_BYTES
    assert (len(shown), shown[0][0].size) == (MOST_FRAMES, (GROWING_PX, GROWING_PX))
    told = np.asarray(shown[-1][0].convert("L")).astype(int)
    newest = Image.fromarray(whole.frames[-1].levels).resize((GROWING_PX, GROWING_PX)).convert("L")
    assert np.corrcoef(told.ravel(), np.asarray(newest).astype(int).ravel())[0, 1] > 0.8


def test_it_is_as_large_as_the_result_at_most() -> None:
    data = encode_growing(noisy(frames=2, edge_px=96), 64, OWNER)
    assert frames_of(data)[0][0].size == (64, 64)


def test_two_jobs_never_share_one() -> None:
    clip = moving_square(frames=2)
    assert encode_growing(clip, 64, OWNER) != encode_growing(clip, 64, {**OWNER, "preview_of_job": 8})


def test_what_is_transparent_stays_so() -> None:
    data = encode_growing(moving_square(frames=2, alpha=True), 64, OWNER)
    assert frames_of(data)[0][0].convert("RGBA").getpixel((0, 0))[3] == 0
