"""The root of a worker process: `python -m bot.worker --name NAME [--supervised]`.

A supervised worker ends when its standard input closes, so it never outlives the process that started it.
"""

import argparse
import asyncio
import faulthandler
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from functools import partial

import structlog
from pydantic import ValidationError

from bot.db import Database
from bot.engines.choice import engine_for, feed_for, queue_listener_for
from bot.errors import Refusal
from bot.media.blobs.folder import blobs_at
from bot.media.sandbox import lower_priority
from bot.settings import SECRETS_FOR_ALL, Settings, read_secret_files, sentence_of
from bot.startup import on_signal, tables_are_there
from bot.telemetry import configure_logging, start_sentry
from bot.worker.attempt import PaintingHangs
from bot.worker.heartbeat import beats, recorded_heartbeat
from bot.worker.loop import BatchSize, Paint, Worker, up_to
from nst_core.errors import EngineError

END_S = 5.0
"""How long a worker whose painting hangs may take to sign off."""
STOP_S = 14.0
"""How long a worker may take to stop at least, whatever it is at; then it ends all the same."""
NICENESS = 10
"""Painting uses every core; the gateway must still answer within Discord's 3 s."""
RENEWALS_PER_LEASE = 4

log = structlog.get_logger(__name__)


def default_name() -> str:
    """This machine's name and this process's id."""
    return f"{socket.gethostname()}-{os.getpid()}"


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bot.worker", description="Paint queued jobs until stopped."
    )
    parser.add_argument(
        "--name", default=default_name(), help="the worker's name in the log and the database"
    )
    parser.add_argument("--supervised", action="store_true", help="end when standard input closes")
    options = parser.parse_args()
    try:
        read_secret_files(os.environ, SECRETS_FOR_ALL)
        settings = Settings(DISCORD_TOKEN=None)  # the token is the gateway's alone, also where .env holds it
    except ValidationError as error:
        sys.exit(sentence_of(error))
    except Refusal as refusal:
        sys.exit(str(refusal))
    try:
        asyncio.run(work(settings, name=options.name, supervised=options.supervised))
    except Refusal as refusal:
        sys.exit(str(refusal))


async def work(settings: Settings, *, name: str, supervised: bool, paint: Paint | None = None) -> None:
    """Works until SIGTERM, SIGINT or, if supervised, the end of standard input.

    A painting that hangs ends the process here, because its thread would keep it from ending in order.
    paint: replaces the real painting, to try out everything else.

    Raises:
        Refusal: the device cannot be used, or the database is of a newer version.
    """
    configure_logging(settings.log_level)
    if settings.sentry_dsn is not None:
        start_sentry(settings.sentry_dsn.get_secret_value())
    lower_priority(NICENESS)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def begin_to_stop() -> None:
        stop.set()
        faulthandler.dump_traceback_later(max(STOP_S, settings.stop_timeout_s), exit=True)

    for number in (signal.SIGTERM, signal.SIGINT):
        on_signal(number, begin_to_stop)
    if supervised:
        _at_end_of_input(loop, begin_to_stop)
    # Loading PyTorch takes seconds: signals are already handled.
    painter = _stand_in(paint, settings) if paint else _painter(settings)
    try:
        async with beats() if supervised else nullcontext():
            await _work(settings, name=name, painter=painter, stop=stop)
    except PaintingHangs:
        if stop.is_set():
            os._exit(0)  # its jobs are released, and a step may be slow without any fault
        faulthandler.dump_traceback(all_threads=True)
        os._exit(1)


async def _work(settings: Settings, *, name: str, painter: "_Painter", stop: asyncio.Event) -> None:
    database = Database(settings.url, checkpoints=False, connections=1)
    queue_listener = queue_listener_for(database)
    # A server that many share is polled less often than a local file.
    poll_s, renew_every_s = (0.3, 1.0) if database.is_sqlite else (1.0, 3.0)
    try:
        engine = engine_for(database, settings)
        worker = Worker(
            name=name,
            engine=engine,
            blobs=blobs_at(settings.blobs_url, settings.blobs_dir),
            paint=painter.paint,
            device=painter.device,
            batch_size=painter.batch_size if settings.batch == "auto" else up_to(int(settings.batch)),
            timelapse=settings.timelapse,
            feed=feed_for(database, engine, queue_listener),
            poll_s=poll_s,
            renew_every_s=min(renew_every_s, settings.lease_s / RENEWALS_PER_LEASE),
            stall_s=settings.stall_s,
        )
        if not await tables_are_there(database, stop):
            return
        log.info("worker ready", worker=name, device=painter.device)
        async with recorded_heartbeat(database, name=name, device=painter.device):
            await _run(worker, stop)
    finally:
        if queue_listener is not None:
            await queue_listener.close()
        await database.dispose()


async def _run(worker: Worker, stop: asyncio.Event) -> None:
    try:
        await worker.run(stop)
    except PaintingHangs as error:
        told = log.info if stop.is_set() else log.warning
        told("worker ends itself", reason=str(error))
        # What is left to do may wait for what hangs; this needs neither the event loop nor Python.
        faulthandler.dump_traceback_later(END_S, exit=True)
        raise


@dataclass(frozen=True, slots=True, kw_only=True)
class _Painter:
    """How jobs are painted, and on which device."""

    paint: Paint
    batch_size: BatchSize
    device: str


def _stand_in(paint: Paint, settings: Settings) -> _Painter:
    return _Painter(paint=paint, batch_size=up_to(1), device=settings.device)


def _painter(settings: Settings) -> _Painter:
    from bot.worker import render  # noqa: PLC0415 - only a process that paints loads PyTorch

    try:
        device = render.usable_device(settings.device)
    except EngineError as error:
        raise Refusal(str(error)) from error
    return _Painter(paint=render.paint, batch_size=partial(render.batch_size, device=device), device=device)


def _at_end_of_input(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    """By a thread: not every event loop can wait for a pipe."""
    file = sys.stdin.fileno()

    def read() -> None:
        while os.read(file, 1024):
            pass
        with suppress(RuntimeError):  # the loop has ended before
            loop.call_soon_threadsafe(call)

    threading.Thread(target=read, name="end of input", daemon=True).start()


if __name__ == "__main__":
    main()
