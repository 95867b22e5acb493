"""The soak's worker: the real process with its real loop, engine, leases and blobs, and a quick brush.

python -m benchmarks.soak_worker
"""

import asyncio
from collections.abc import Generator, Mapping
from typing import Any

from bot.settings import Settings
from bot.worker.__main__ import work
from bot.worker.pictures import Pictures
from nst_core import images
from nst_core.progress import Event, Finished, Preview, Started, Step


def quick_brush(
    params: Mapping[str, Any], pictures: Pictures, *, device: str
) -> Generator[Event, None, None]:
    """Decodes the content and returns it at the size asked for, with every kind of event on the way."""
    del device
    size_px = int(params["size"])
    picture = images.fit(images.decode(pictures.content), size_px)
    losses: dict[str, Any] = {
        "content": 1.0,
        "style": 2.0,
        "content_rel": 0.5,
        "style_rel": 0.25,
        "total": 3.0,
    }
    yield Started(sizes=(size_px,), steps=2, device="cpu", precision="float32")
    yield Preview(scale=1, scales=1, picture=picture)
    for step in (1, 2):
        yield Step(scale=1, scales=1, step=step, steps=2, size_px=size_px, **losses)
    yield Finished(
        picture=picture, beta=25.0, iterations=2, seconds=0.1, device="cpu", precision="float32", **losses
    )


def main() -> None:
    asyncio.run(work(Settings(DISCORD_TOKEN=None), name="soak", supervised=False, paint=quick_brush))


if __name__ == "__main__":
    main()
