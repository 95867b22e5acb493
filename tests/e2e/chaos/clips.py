"""The quick worker's clips: a painter that sleeps between frames of noise, and goes on from a checkpoint."""

import time
from collections.abc import Callable, Generator

import numpy as np
from numpy.typing import NDArray

from bot.worker.pictures import Pictures
from nst_core.params import Params
from nst_core.video.checkpoints import Checkpoint
from nst_core.video.clips import Clip, Frame
from nst_core.video.events import ClipEvent, ClipFinished, ClipStarted, FrameStarted
from nst_core.video.reading import read_clip
from tests.support.clips import frame_painted

FRAME_S = 0.6
"""Longer than between two writes of progress: each frame's checkpoint is on record before the next."""
SIZE_PX = 32


def painted_clip(
    pictures: Pictures, params: Params, *, tell: Callable[[str], None], device: str
) -> Generator[ClipEvent, None, None]:
    """The events of a clip, each frame plain noise, another for each seed. tell: is told of moments.

    Its iterations are the frames that this attempt has painted.
    """
    assert pictures.clip is not None
    content, kept = read_clip(pictures.clip), pictures.checkpoint
    results = {} if kept is None else dict(Checkpoint.unpacked(kept).results)
    times_ms = tuple(frame.duration_ms for frame in content.frames)
    yield ClipStarted(
        frames=len(times_ms),
        durations_ms=times_ms,
        passes=1,
        width=SIZE_PX,
        height=SIZE_PX,
        device=device,
        precision="float32",
    )
    before = len(results)
    for number in range(before, len(times_ms)):
        yield FrameStarted(frame=number, turn=1, held=0.0, steps=1)
        time.sleep(FRAME_S)
        tell("frame" if number else "running")
        results[number] = _noise(params.seed, number)
        yield frame_painted(number, results, iterations=number + 1)
    frames = tuple(Frame(levels=results[one], duration_ms=times_ms[one]) for one in range(len(times_ms)))
    yield ClipFinished(
        clip=Clip(frames=frames),
        seconds=FRAME_S,
        iterations=len(times_ms) - before,
        device=device,
        precision="float32",
    )


def _noise(seed: int, number: int) -> NDArray[np.uint8]:
    return np.random.default_rng([seed, number]).integers(0, 256, (SIZE_PX, SIZE_PX, 3), dtype=np.uint8)
