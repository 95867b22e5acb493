"""The root of a quick worker: the real loop, engine and blobs, and a painter that sleeps instead of painting.

It announces what it is about to do on a socket and waits a moment, so that a fault can come just then. A job
of the strength `POISON` kills the process that paints it.
"""

import argparse
import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from bot.db import Database
from bot.engines.choice import feed_for, queue_listener_for
from bot.engines.local import LocalEngine
from bot.media.blobs.folder import FolderBlobs
from bot.settings import Settings
from bot.telemetry import configure_logging
from bot.worker.loop import Worker, up_to
from bot.worker.pictures import Work
from nst_core.events import Event, Finished, Preview, Started, Step
from nst_core.images.picture import Picture
from nst_core.params import VERSION, Params
from nst_core.video.events import ClipEvent
from tests.e2e.chaos.clips import painted_clip
from tests.e2e.chaos.clock import Clock

STEPS = 6
DWELL_S = 0.06
"""How long a worker waits at each announced moment."""
POISON = 99
NEWER_PARAMETER = "glaze"
"""What a worker of the next version knows and those of this one do not."""
PNG = b"\x89PNG"
LOSSES: Mapping[str, Any] = dict.fromkeys(("content", "style", "content_rel", "style_rel", "total"), 1.0)


class Crier:
    """Tells the suite of each moment: one datagram with the process id and the moment's name."""

    def __init__(self, path: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._path = path

    def tell(self, moment: str) -> None:
        self._socket.sendto(f"{os.getpid()} {moment}".encode(), self._path)
        time.sleep(DWELL_S)


class TellingBlobs(FolderBlobs):
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


def painter(
    crier: Crier, paint_s: float, works: Sequence[Work], *, device: str
) -> Generator[tuple[int, Event | ClipEvent], None, None]:
    """The signature of `bot.worker.render.paint`. Each picture is plain noise, another for each seed."""
    known = [_known(work.params) for work in works]
    if any(one.strength == POISON for one in known):
        os.kill(os.getpid(), signal.SIGKILL)
    crier.tell("claimed")
    if works[0].pictures.clip is not None:
        events = painted_clip(works[0].pictures, known[0], tell=crier.tell, device=device)
        yield from ((0, event) for event in events)
        return
    size_px = known[0].size
    yield from each(Started(sizes=(size_px,), steps=STEPS, device=device, precision="float32"), works)
    noise = [np.random.default_rng(one.seed).random((size_px, size_px, 3), dtype=np.float32) for one in known]
    for step in range(1, STEPS + 1):
        time.sleep(paint_s / STEPS)
        yield from each(Step(scale=1, scales=1, step=step, steps=STEPS, size_px=size_px, **LOSSES), works)
        if step == STEPS // 2:
            for number, pixels in enumerate(noise):
                picture = Picture(rgb=(pixels / 2).astype(np.float32))
                yield number, Preview(scale=1, scales=1, picture=picture)
            crier.tell("running")
    for number, pixels in enumerate(noise):
        yield number, finished(Picture(rgb=pixels), paint_s, device)


def _known(params: Mapping[str, Any]) -> Params:
    return Params.from_dict({name: value for name, value in params.items() if name != NEWER_PARAMETER})


def each(event: Event, works: Sequence[Work]) -> Iterator[tuple[int, Event]]:
    return ((number, event) for number in range(len(works)))


def finished(picture: Picture, paint_s: float, device: str) -> Finished:
    return Finished(
        picture=picture,
        beta=1.0,
        iterations=STEPS,
        seconds=paint_s,
        device=device,
        precision="float32",
        **LOSSES,
    )


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
        clock=Clock(clock_file),
    )


async def work(
    settings: Settings,
    *,
    name: str,
    socket_path: str,
    clock_file: Path,
    paint_s: float,
    newer: bool,
    batch: int,
) -> None:
    """Works until SIGTERM or the end of standard input, as a supervised worker does."""
    configure_logging(settings.log_level)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_reader(sys.stdin.fileno(), stop.set)
    crier = Crier(socket_path)
    database = Database(settings.url, checkpoints=False)
    queue_listener = queue_listener_for(database)
    try:
        engine = engine_of(database, settings, clock_file, newer=newer)
        worker = Worker(
            name=name,
            engine=engine,
            blobs=TellingBlobs(settings.blobs_dir, crier),
            paint=partial(painter, crier, paint_s),
            device="cpu",
            batch_size=up_to(batch),
            feed=feed_for(database, engine, queue_listener),
            poll_s=0.1,
            renew_every_s=settings.lease_s / 4,
        )
        await asyncio.to_thread(crier.tell, "ready")
        await worker.run(stop)
    finally:
        if queue_listener is not None:
            await queue_listener.close()
        await database.dispose()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.chaos.worker", description=__doc__)
    parser.add_argument("--name", required=True)
    parser.add_argument("--socket", required=True, help="a Unix datagram socket that hears of moments")
    parser.add_argument("--clock", type=Path, required=True, help="a file with the offset of its clock")
    parser.add_argument("--newer", action="store_true", help="it is of the next version")
    parser.add_argument("--paint-s", type=float, default=0.4)
    parser.add_argument("--batch", type=int, default=1, help="pictures that it paints in one pass")
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
            batch=given.batch,
        )
    )


if __name__ == "__main__":
    main()
