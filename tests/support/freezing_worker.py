"""A worker that is the real one but for its painter, which freezes the process while it holds SQLite's lock.

python -m tests.support.freezing_worker --name NAME [--supervised]
"""

import os
import signal
import sqlite3
from collections.abc import Generator, Sequence

from sqlalchemy.engine import make_url

from bot.settings import Settings
from bot.worker.pictures import Work
from nst_core.events import Event, Started
from tests.support.stand_in_worker import run_worker


def painter(works: Sequence[Work], *, device: str) -> Generator[tuple[int, Event], None, None]:
    """The signature of `bot.worker.render.paint`."""
    file = make_url(Settings().url).database
    assert file is not None
    connection = sqlite3.connect(file, isolation_level=None, timeout=30)
    connection.execute("BEGIN IMMEDIATE")
    os.kill(os.getpid(), signal.SIGSTOP)
    yield 0, Started(sizes=(64,), steps=len(works), device=device, precision="float32")


if __name__ == "__main__":
    run_worker(painter, module="tests.support.freezing_worker", description=__doc__)
