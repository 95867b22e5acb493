"""Clips written as files: GIF, animated WebP, animated PNG, and films."""

import dataclasses
from collections.abc import Iterator
from io import BytesIO
from itertools import pairwise
from typing import Any, Final

import numpy as np
from PIL import Image

from nst_core.errors import EngineError, ParamsError
from nst_core.images.sizes import fitted
from nst_core.video import films
from nst_core.video.clips import Clip, Frame
from nst_core.video.palettes import in_one_palette

COLOURS: Final = 256
DITHER: Final = 0.0
ENDINGS: Final = (".gif", ".webp", ".png", ".apng", *films.ENDINGS)
LEAST_PX: Final = 64
"""A clip is not made smaller than this to have fewer bytes."""
LEAST_FRAMES_A_SECOND: Final = 6.0
_WEBP: Final = 90
_SMALLER: Final = (1.0, 0.85, 0.7, 0.6, 0.5)
_FEWER: Final = (1, 2, 3)
_COARSER: Final = (1.0, 0.7, 0.4, 0.2)
_GIF_TICK_MS: Final = 10
_LONGEST_MS: Final = 65_535


def encode_clip(clip: Clip, ending: str, *, quality: float = 1.0) -> bytes:
    """A clip as a file, with its times, its plays and its alpha as far as the format knows them.

    GIF counts time in hundredths of a second, and a pixel of it is opaque or not there. Films have no alpha
    (they are put on white) and no plays.

    Args:
        clip: The clip.
        ending: One of ENDINGS.
        quality: 0 to 1, fewer bytes by fewer colours or by coarser pixels; animated PNG knows 1 only.

    Raises:
        ParamsError: there is no such ending.
        EngineError: it is a film, and PyAV is not installed.
    """
    if ending == ".gif":
        return _gif(clip, max(16, round(COLOURS * quality)))
    if ending == ".webp":
        return _saved(_images(clip), clip, "WEBP", quality=round(_WEBP * quality), method=4, loop=clip.plays)
    if ending in {".png", ".apng"}:
        return _saved(_images(clip), clip, "PNG", loop=clip.plays, disposal=0, blend=0)
    if ending in films.ENDINGS:
        return films.encoded(clip, ending, quality=quality)
    raise ParamsError(f"A clip must end in {', '.join(ENDINGS)}, not {ending!r}.")


def encode_lossless(clip: Clip) -> bytes:
    """A clip as an animated WebP that keeps each level of each pixel that can be seen."""
    return _saved(
        _images(clip), clip, "WEBP", lossless=True, exact=True, quality=20, method=1, loop=clip.plays
    )


def encode_within(clip: Clip, ending: str, max_bytes: int) -> tuple[bytes, Clip]:
    """The clip as a file of at most `max_bytes`, and what of it was written.

    It is made smaller first, down to half; then with fewer frames; then with fewer colours.

    Raises:
        ParamsError, EngineError: as in `encode_clip`, or it cannot be made as small as that.
    """
    smallest = 0
    for less, quality in _ways(clip):
        data = encode_clip(less, ending, quality=quality)
        if len(data) <= max_bytes:
            return data, less
        smallest = min(smallest, len(data)) if smallest else len(data)
    raise EngineError(
        f"The clip has {smallest} bytes at its smallest, more than the {max_bytes} allowed: "
        "choose a smaller size, fewer frames, or .webp."
    )


def _ways(clip: Clip) -> Iterator[tuple[Clip, float]]:
    """From the best to the smallest; each of them keeps what the one before has given up."""
    less = clip
    for factor in _SMALLER:
        edge_px = round(max(clip.width, clip.height) * factor)
        if edge_px >= LEAST_PX or factor == 1:
            less = smaller(clip, edge_px)
            yield less, 1.0
    thinner = less
    for every in _FEWER[1:]:
        if len(less.frames) / every / less.seconds >= LEAST_FRAMES_A_SECOND or len(less.frames) > 2 * every:
            thinner = with_fewer_frames(less, every)
            yield thinner, 1.0
    for quality in _COARSER[1:]:
        yield thinner, quality


def smaller(clip: Clip, edge_px: int) -> Clip:
    """The clip with a long edge of `edge_px`."""
    size = fitted(clip.width, clip.height, edge_px)
    if size == (clip.width, clip.height):
        return clip
    frames = (
        dataclasses.replace(
            one, levels=np.array(Image.fromarray(one.levels).resize(size, Image.Resampling.LANCZOS))
        )
        for one in clip.frames
    )
    return Clip(frames=tuple(frames), plays=clip.plays)


def with_fewer_frames(clip: Clip, every: int) -> Clip:
    """Every so many-th frame, each shown for as long as those that are left out with it."""
    frames = []
    for first in range(0, len(clip.frames), every):
        group = clip.frames[first : first + every]
        frames.append(Frame(levels=group[0].levels, duration_ms=sum(one.duration_ms for one in group)))
    return Clip(frames=tuple(frames), plays=clip.plays)


def _images(clip: Clip) -> list[Image.Image]:
    return [Image.fromarray(frame.levels) for frame in clip.frames]


def _gif(clip: Clip, colours: int) -> bytes:
    images = in_one_palette([frame.levels for frame in clip.frames], colours, dither=DITHER)
    options: dict[str, Any] = {} if clip.plays == 1 else {"loop": max(0, clip.plays - 1)}
    if clip.has_alpha:
        options |= {"transparency": images[0].info["transparency"], "disposal": 2}
    ticked = _on_ticks(clip)
    return _saved(images, ticked, "GIF", optimize=False, **options)


def _on_ticks(clip: Clip) -> Clip:
    """The clip with times in whole ticks, of which none is lost over all."""
    ends = np.cumsum([frame.duration_ms for frame in clip.frames]) / _GIF_TICK_MS
    ticks = [0, *np.rint(ends).astype(int).tolist()]
    frames = (
        dataclasses.replace(frame, duration_ms=_GIF_TICK_MS * max(2, end - start))
        for frame, (start, end) in zip(clip.frames, pairwise(ticks), strict=True)
    )
    return Clip(frames=tuple(frames), plays=clip.plays)


def _saved(images: list[Image.Image], clip: Clip, format_name: str, **options: Any) -> bytes:
    target = BytesIO()
    images[0].save(
        target,
        format_name,
        save_all=True,
        append_images=images[1:],
        duration=[min(frame.duration_ms, _LONGEST_MS) for frame in clip.frames],
        **options,
    )
    return target.getvalue()
