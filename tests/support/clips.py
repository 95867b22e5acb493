"""Clips as tests need them: a coloured square that moves over a soft ground."""

import numpy as np

from nst_core.video.clips import Clip, Frame


def moving_square(
    *,
    frames: int = 4,
    width: int = 48,
    height: int = 32,
    alpha: bool = False,
    plays: int = 0,
    first_ms: int = 60,
) -> Clip:
    """The first frame is shown for `first_ms`, and each later one for 10 ms more than the one before."""
    rows, columns = np.mgrid[:height, :width]
    ground = np.stack([3 * columns, 4 * rows, 90 + rows + columns], axis=-1) % 256
    found = []
    for number in range(frames):
        levels = ground.astype(np.uint8)
        levels[8:20, 4 + 3 * number : 16 + 3 * number] = (220, 40, 30)
        if alpha:
            seen = np.where(rows + columns > 10 + number, 255, 0)[..., None]
            levels = np.concatenate([levels, seen.astype(np.uint8)], axis=-1)
        found.append(Frame(levels=levels, duration_ms=first_ms + 10 * number))
    return Clip(frames=tuple(found), plays=plays)
