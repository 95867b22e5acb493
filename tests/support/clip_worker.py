"""The root of a worker that paints clips frame by frame, and writes down which."""

import os
import time
from collections.abc import Generator, Sequence
from pathlib import Path

from bot.worker.pictures import Work
from nst_core.video.events import ClipEvent, FramePainted
from tests.support.clips import clip_painter
from tests.support.stand_in_worker import run_worker

FRAME_S = 0.4
"""Long enough for each checkpoint to be stored."""


def slow_painter(works: Sequence[Work], *, device: str) -> Generator[tuple[int, ClipEvent], None, None]:
    """As `clip_painter`; each frame's number is a line of the file `PAINTED`."""
    with Path(os.environ["PAINTED"]).open("a", encoding="ascii") as record:
        for number, event in clip_painter(works, device=device):
            if isinstance(event, FramePainted):
                time.sleep(FRAME_S)
                record.write(f"{event.frame}\n")
                record.flush()
            yield number, event


if __name__ == "__main__":
    run_worker(slow_painter, module="tests.support.clip_worker", description=__doc__)
