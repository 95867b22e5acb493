"""A worker that is the real one but for its painter, which freezes the process while it holds SQLite's lock.

python -m tests.support.freezing_worker --name NAME [--supervised]
"""

import argparse
import asyncio
import os
import signal
import sqlite3
from collections.abc import Generator, Sequence

from sqlalchemy.engine import make_url

from bot.settings import Settings
from bot.worker.__main__ import work
from bot.worker.pictures import Work
from nst_core.events import Event, Started


def painter(works: Sequence[Work], *, device: str) -> Generator[tuple[int, Event], None, None]:
    """The signature of `bot.worker.render.paint`."""
    file = make_url(Settings().url).database
    assert file is not None
    connection = sqlite3.connect(file, isolation_level=None, timeout=30)
    connection.execute("BEGIN IMMEDIATE")
    os.kill(os.getpid(), signal.SIGSTOP)
    yield 0, Started(sizes=(64,), steps=len(works), device=device, precision="float32")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.support.freezing_worker", description=__doc__)
    parser.add_argument("--name", required=True)
    parser.add_argument("--supervised", action="store_true")
    given = parser.parse_args()
    settings = Settings(DISCORD_TOKEN=None)
    asyncio.run(work(settings, name=given.name, supervised=given.supervised, paint=painter))


if __name__ == "__main__":
    main()
