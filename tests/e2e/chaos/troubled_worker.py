"""The root of a real worker but for its painter, which once freezes the process in a transaction, or hangs.

python -m tests.e2e.chaos.troubled_worker --name NAME --supervised
"""

import os
import signal
import sqlite3
import time
from collections.abc import Generator, Sequence
from pathlib import Path

import psycopg
from sqlalchemy import make_url

from bot.settings import Settings
from bot.worker.pictures import Work
from nst_core.events import Event
from nst_core.video.events import ClipEvent
from tests.e2e.chaos import worker
from tests.support.stand_in_worker import run_worker

FREEZE, HANG = "freeze", "hang"
FOLDER = "CHAOS_FOLDER"
STALL_S = 2
PAINT_S = 0.4
ROWS = "SELECT id FROM jobs WHERE state = 'running' FOR UPDATE"


def environment(folder: Path, kind: str) -> dict[str, str]:
    """What a worker needs that shall get into this trouble once, be it replaced or not."""
    (folder / "trouble").write_text(kind)
    return {FOLDER: str(folder), "EASEL_STALL_S": str(STALL_S)}


def painter(works: Sequence[Work], *, device: str) -> Generator[tuple[int, Event | ClipEvent], None, None]:
    """The signature of `bot.worker.render.paint`. Trouble comes in the middle of the first painting."""
    folder = Path(os.environ[FOLDER])
    crier = worker.Crier(str(folder / "ear"))
    events = worker.painter(crier, PAINT_S, works, device=device)
    for number, event in enumerate(events):
        yield event
        if number == worker.STEPS // 2 and (folder / "trouble").exists():
            _get_into_trouble(folder / "trouble", crier)


def _get_into_trouble(file: Path, crier: worker.Crier) -> None:
    kind = file.read_text()
    file.unlink()
    held = _begin(Settings(DISCORD_TOKEN=None).url) if kind == FREEZE else None
    crier.tell(kind)
    if held is not None:
        os.kill(os.getpid(), signal.SIGSTOP)
    while True:
        time.sleep(3600)


def _begin(url: str) -> sqlite3.Connection | psycopg.Connection:
    """A transaction that holds what others need."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        assert parsed.database is not None
        file = sqlite3.connect(parsed.database, isolation_level=None, timeout=30)
        file.execute("BEGIN IMMEDIATE")
        return file
    server = psycopg.connect(parsed.set(drivername="postgresql").render_as_string(hide_password=False))
    server.execute(ROWS)
    return server


def main() -> None:
    with (Path(os.environ[FOLDER]) / "troubled-worker.log").open("ab") as log:
        os.dup2(log.fileno(), 2)
    run_worker(painter, module="tests.e2e.chaos.troubled_worker", description=__doc__)


if __name__ == "__main__":
    main()
