"""A worker that is the real one but for its painter, which paints noise and waits instead of optimising.

So what people and Discord do while a picture is painted can be tried on a machine of any speed.
"""

import time
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bot.worker.pictures import Work
from nst_core.events import Event, Finished, Preview, Started, Step
from nst_core.images import io
from nst_core.images.picture import Picture, fit
from nst_core.video.events import ClipEvent, FrameStep
from tests.support.clips import clip_painter
from tests.support.stand_in_worker import run_worker

MAY_END = Path("may-end")
"""In the bot's folder: until this file is there, pictures of quality high are not finished."""
STEP_S = 0.05
WAITS_AT = 2


def painter(works: Sequence[Work], *, device: str) -> Generator[tuple[int, Event | ClipEvent], None, None]:
    """The signature of `bot.worker.render.paint`, for one picture at a time."""
    [work] = works
    if work.pictures.clip is not None:
        yield from patient_clip(works, device=device)
        return
    size_px, waits = int(work.params["size"]), work.params["quality"] == "high"
    content = fit(io.decode(work.pictures.content), size_px)
    noise = np.random.default_rng(work.params["seed"]).random(content.rgb.shape, dtype=np.float32)
    picture = Picture(rgb=noise, alpha=content.alpha)
    names = ("content", "style", "content_rel", "style_rel", "total")
    losses: dict[str, Any] = dict.fromkeys(names, 1.0)
    yield 0, Started(sizes=(size_px,), steps=2, device=device, precision="float32")
    yield 0, Preview(scale=1, scales=1, picture=picture)
    while waits and not MAY_END.exists():
        time.sleep(STEP_S)
        yield 0, Step(scale=1, scales=1, step=1, steps=2, size_px=size_px, **losses)
    finished = Finished(
        picture=picture, beta=25.0, iterations=2, seconds=0.1, device=device, precision="float32", **losses
    )
    yield 0, finished


def patient_clip(works: Sequence[Work], *, device: str) -> Generator[tuple[int, ClipEvent], None, None]:
    """Of a clip of quality high the third frame is not finished."""
    for number, event in clip_painter(works, device=device):
        yield number, event
        waits = isinstance(event, FrameStep) and event.frame == WAITS_AT
        while waits and works[0].params["quality"] == "high" and not MAY_END.exists():
            time.sleep(STEP_S)
            yield number, event


if __name__ == "__main__":
    run_worker(painter, module="tests.e2e.wire.patient_worker", description=__doc__)
