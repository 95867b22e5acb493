"""Animated WebPs within a limit, and a clip as far as it is painted as one of them, for its card.

That is made anew whenever a frame is done and a preview is due, so it has to be cheap to make, and to send.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from io import BytesIO
from typing import Any, Final

from PIL import Image

from nst_core.video.clips import Clip, thinned
from nst_core.video.writing import smaller

GROWING_PX: Final = 256
MOST_FRAMES: Final = 24
MOST_BYTES: Final = 1024 * 1024
NEWEST_MS: Final = 900
"""The newest frame stands still at the end: it is what has come, and few frames would only flicker."""
QUALITIES: Final = (75, 50, 25)
_EFFORT: Final = 2


def encode_growing(clip: Clip, edge_px: int, owner: Mapping[str, object]) -> bytes | None:
    """The animation, whose long edge is at most `edge_px` and GROWING_PX; None: it exceeds the limit.

    owner: is written into the file, so that no other job has the same.
    """
    small = smaller(_with_pause(clip), min(edge_px, GROWING_PX, max(clip.width, clip.height)))
    return encode_animation(
        [Image.fromarray(frame.levels) for frame in small.frames],
        [frame.duration_ms for frame in small.frames],
        limit_bytes=MOST_BYTES,
        qualities=QUALITIES,
        method=_EFFORT,
        xmp=json.dumps(owner).encode(),
    )


def encode_animation(
    images: Sequence[Image.Image],
    durations_ms: Sequence[int],
    *,
    limit_bytes: int,
    qualities: Sequence[int],
    **options: Any,
) -> bytes | None:
    """A WebP that plays for ever, in the first quality in which it is small enough; None: in none of them.

    options: of Pillow's encoder.
    """
    for quality in qualities:
        out = BytesIO()
        images[0].save(
            out,
            "WEBP",
            save_all=True,
            append_images=images[1:],
            duration=list(durations_ms),
            loop=0,
            quality=quality,
            **options,
        )
        if out.tell() <= limit_bytes:
            return out.getvalue()
    return None


def _with_pause(clip: Clip) -> Clip:
    """As many frames as are shown, the newest always among them."""
    *before, newest = clip.frames
    less = thinned(Clip(frames=tuple(before)), MOST_FRAMES - 1)
    pause_ms = max(NEWEST_MS, newest.duration_ms)
    return Clip(frames=(*less.frames, replace(newest, duration_ms=pause_ms)))
