"""The root of a quick worker: the real loop, engine and blobs, and a brush that sleeps instead of painting.

It announces what it is about to do on a socket and waits a moment, so that a fault can come just then. A job
whose seed ends with 9 is poison: it kills the process that paints it.
"""

import argparse
import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import Generator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from bot.db import Database
from bot.engines.choice import bell_for
from bot.engines.local import LocalEngine
from bot.media.blobs import Blobs
from bot.settings import Settings
from bot.telemetry import configure_logging
from bot.worker.loop import Worker
from nst_core.images import Picture
from nst_core.params import VERSION, Params
from nst_core.progress import Event, Finished, Preview, Started, Step

STEPS = 6
DWELL_S = 0.06
"""How long a worker waits at each announced moment."""
POISON = 9
NEWER_PARAMETER = "glaze"
"""What a worker of the next version knows and those of this one do not."""
PNG = b"\x89PNG"


class Crier:
    """Tells the suite of each moment: one datagram with the process id and the moment's name."""

    def __init__(self, path: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._path = path

    def tell(self, moment: str) -> None:
        self._socket.sendto(f"{os.getpid()} {moment}".encode(), self._path)
        time.sleep(DWELL_S)


class TellingBlobs(Blobs):
    """Tells before and after a result is stored; previews are JPEG."""

    def __init__(self, folder: Path, crier: Crier) -> None:
        super().__init__(folder)
        self._crier = crier

    async def put(self, data: bytes) -> str:
        if not data.startswith(PNG):
            return await super().put(data)
        await asyncio.to_thread(self._crier.tell, "storing")
        key = await super().put(data)
        await asyncio.to_thread(self._crier.tell, "stored")
        return key


def brush(
    crier: Crier, paint_s: float, params: Mapping[str, Any], *_pictures: Any, device: str
) -> Generator[Event, None, None]:
    """The signature of `bot.worker.render.paint`. The picture is plain noise, another for each seed."""
    known = Params.from_dict({name: value for name, value in params.items() if name != NEWER_PARAMETER})
    if known.seed % 10 == POISON:
        os.kill(os.getpid(), signal.SIGKILL)
    crier.tell("claimed")
    yield Started(sizes=(known.size,), steps=STEPS, device=device, precision="float32")
    pixels = np.random.default_rng(known.seed).random((known.size, known.size, 3), dtype=np.float32)
    losses: dict[str, Any] = dict.fromkeys(("content", "style", "content_rel", "style_rel", "total"), 1.0)
    for step in range(1, STEPS + 1):
        time.sleep(paint_s / STEPS)
        yield Step(scale=1, scales=1, step=step, steps=STEPS, size_px=known.size, **losses)
        if step == STEPS // 2:
            yield Preview(scale=1, scales=1, picture=Picture(rgb=(pixels / 2).astype(np.float32)))
            crier.tell("running")
    yield Finished(
        picture=Picture(rgb=pixels),
        beta=1.0,
        iterations=STEPS,
        seconds=paint_s,
        device=device,
        precision="float32",
        **losses,
    )


def clock_beside(file: Path) -> float:
    """This machine's time and so many seconds as the file says; it can jump while the process runs."""
    return time.time() + float(file.read_text() or 0)


def engine_of(database: Database, settings: Settings, clock_file: Path, *, newer: bool) -> LocalEngine:
    """As `bot.engines.choice.engine_for`, with a clock of its own; `newer`: of the next version."""
    kind = LocalEngine
    if not database.is_sqlite:
        from bot.engines.procrastinate import ProcrastinateEngine

        kind = ProcrastinateEngine
    return kind(
        database,
        lease_s=settings.lease_s,
        max_attempts=settings.max_attempts,
        running_per_user=settings.running_per_user,
        params_version=VERSION + newer,
        clock=partial(clock_beside, clock_file),
    )


async def work(
    settings: Settings, *, name: str, socket_path: str, clock_file: Path, paint_s: float, newer: bool
) -> None:
    """Works until SIGTERM or the end of standard input, as a supervised worker does."""
    configure_logging(settings.log_level)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_reader(sys.stdin.fileno(), stop.set)
    crier = Crier(socket_path)
    database = Database(settings.url, checkpoints=False)
    bell = bell_for(database)
    try:
        worker = Worker(
            name=name,
            engine=engine_of(database, settings, clock_file, newer=newer),
            blobs=TellingBlobs(settings.blobs_dir, crier),
            paint=partial(brush, crier, paint_s),
            device="cpu",
            bell=bell,
            poll_s=0.1,
            beat_s=settings.lease_s / 4,
        )
        await asyncio.to_thread(crier.tell, "ready")
        await worker.run(stop)
    finally:
        if bell is not None:
            await bell.close()
        await database.dispose()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.worker", description=__doc__)
    parser.add_argument("--name", required=True)
    parser.add_argument("--socket", required=True, help="a Unix datagram socket that hears of moments")
    parser.add_argument("--clock", type=Path, required=True, help="a file with the offset of its clock")
    parser.add_argument("--newer", action="store_true", help="it is of the next version")
    parser.add_argument("--paint-s", type=float, default=0.4)
    given = parser.parse_args()
    settings = Settings(DISCORD_TOKEN=None)
    asyncio.run(
        work(
            settings,
            name=given.name,
            socket_path=given.socket,
            clock_file=given.clock,
            paint_s=given.paint_s,
            newer=given.newer,
        )
    )


if __name__ == "__main__":
    main()
