"""The soak's worker: the real process with its real loop, engine, leases and blobs, and a quick painter.

python -m benchmarks.soak_worker
"""

import asyncio
from collections.abc import Generator, Sequence
from typing import Any

from bot.settings import Settings
from bot.worker.__main__ import work
from bot.worker.pictures import Work
from nst_core.events import Event, Finished, Preview, Started, Step
from nst_core.images import io
from nst_core.images.picture import fit


def quick_painter(works: Sequence[Work], *, device: str) -> Generator[tuple[int, Event], None, None]:
    """Decodes the one content and returns it at the size asked for, with every kind of event on the way."""
    [painted] = works
    size_px = int(painted.params["size"])
    picture = fit(io.decode(painted.pictures.content), size_px)
    losses: dict[str, Any] = {
        "content": 1.0,
        "style": 2.0,
        "content_rel": 0.5,
        "style_rel": 0.25,
        "total": 3.0,
    }
    yield 0, Started(sizes=(size_px,), steps=2, device=device, precision="float32")
    yield 0, Preview(scale=1, scales=1, picture=picture)
    for step in (1, 2):
        yield 0, Step(scale=1, scales=1, step=step, steps=2, size_px=size_px, **losses)
    finished = Finished(
        picture=picture, beta=25.0, iterations=2, seconds=0.1, device=device, precision="float32", **losses
    )
    yield 0, finished


def main() -> None:
    asyncio.run(work(Settings(DISCORD_TOKEN=None), name="soak", supervised=False, paint=quick_painter))


if __name__ == "__main__":
    main()
