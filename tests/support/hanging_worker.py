"""A worker that is the real one but for its painter, which begins, and then never goes on.

python -m tests.support.hanging_worker --name NAME [--supervised]
"""

import time
from collections.abc import Generator, Sequence

from bot.worker.pictures import Work
from nst_core.events import Event, Started
from tests.support.stand_in_worker import run_worker


def painter(works: Sequence[Work], *, device: str) -> Generator[tuple[int, Event], None, None]:
    """The signature of `bot.worker.render.paint`."""
    for number in range(len(works)):
        yield number, Started(sizes=(64,), steps=20, device=device, precision="float32")
    while True:  # a device that never answers; closing the generator is not noticed either
        time.sleep(3600)


if __name__ == "__main__":
    run_worker(painter, module="tests.support.hanging_worker", description=__doc__)
