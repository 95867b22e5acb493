"""A worker that is the real one but for its painter, which begins, and then never goes on.

python -m tests.support.hanging_worker --name NAME [--supervised]
"""

import argparse
import asyncio
import time
from collections.abc import Generator, Sequence

from bot.settings import Settings
from bot.worker.__main__ import work
from bot.worker.pictures import Work
from nst_core.events import Event, Started


def painter(works: Sequence[Work], *, device: str) -> Generator[tuple[int, Event], None, None]:
    """The signature of `bot.worker.render.paint`."""
    for number in range(len(works)):
        yield number, Started(sizes=(64,), steps=20, device=device, precision="float32")
    while True:  # a device that never answers; closing the generator is not noticed either
        time.sleep(3600)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.support.hanging_worker", description=__doc__)
    parser.add_argument("--name", required=True)
    parser.add_argument("--supervised", action="store_true")
    given = parser.parse_args()
    settings = Settings(DISCORD_TOKEN=None)
    asyncio.run(work(settings, name=given.name, supervised=given.supervised, paint=painter))


if __name__ == "__main__":
    main()
