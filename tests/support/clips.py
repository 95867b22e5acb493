"""Clips as tests need them: a coloured square that moves over a soft ground, and a painter of clips."""

from collections.abc import Generator, Sequence

import numpy as np
from numpy.typing import NDArray

from bot.worker.pictures import Work
from nst_core.video.checkpoints import Checkpoint, Painted
from nst_core.video.clips import Clip, Frame
from nst_core.video.events import ClipEvent, ClipFinished, ClipStarted, FramePainted, FrameStarted, FrameStep
from nst_core.video.reading import read_clip


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


def clip_painter(works: Sequence[Work], *, device: str) -> Generator[tuple[int, ClipEvent], None, None]:
    """The signature of `bot.worker.render.paint`: each frame is the negative of the content's.

    It goes on from a checkpoint.
    """
    [work] = works
    assert work.pictures.clip is not None
    clip, kept = read_clip(work.pictures.clip), work.pictures.checkpoint
    before = None if kept is None else Checkpoint.unpacked(kept)
    results = {} if before is None else dict(before.results)
    count = len(clip.frames)
    yield (
        0,
        ClipStarted(
            frames=count,
            durations_ms=tuple(one.duration_ms for one in clip.frames),
            passes=1,
            width=clip.width,
            height=clip.height,
            device=device,
            precision="float32",
        ),
    )
    for number in range(len(results), count):
        yield 0, FrameStarted(frame=number, turn=1, held=0.5, steps=2)
        losses = {"content_rel": 0.5, "style_rel": 0.25}
        yield 0, FrameStep(frame=number, turn=1, step=1, steps=2, size_px=64, total=3.0, **losses)
        results[number] = _negative(clip.frames[number].levels)
        yield 0, frame_painted(number, results, iterations=2)
    frames = tuple(
        Frame(levels=results[number], duration_ms=one.duration_ms) for number, one in enumerate(clip.frames)
    )
    yield (
        0,
        ClipFinished(
            clip=Clip(frames=frames, plays=clip.plays),
            seconds=0.1,
            iterations=2 * count,
            device=device,
            precision="float32",
            style_scales=(1.35,),
        ),
    )


def _negative(levels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    painted = levels.copy()
    painted[..., :3] = 255 - levels[..., :3]
    return painted


def frame_painted(number: int, results: dict[int, NDArray[np.uint8]], *, iterations: int) -> FramePainted:
    """The event of the newest of the results, with a checkpoint of them all."""
    levels = results[number]
    plain = np.ones(levels.shape[:2], dtype=np.float32)
    painted = Painted(grey=levels[..., 0], levels=levels[..., :3], done=plain)
    return FramePainted(
        frame=number,
        turn=1,
        picture=Frame(levels=levels, duration_ms=100).picture,
        content_rel=0.5,
        style_rel=0.25,
        checkpoint=Checkpoint(
            turn=1, frame=number, painted={number: painted}, results=dict(results), iterations=iterations
        ),
    )
