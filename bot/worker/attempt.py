"""One attempt at a picture, drained in a thread: what it said last, how to stop it, what came of it."""

import threading
from collections.abc import Generator, Mapping
from contextlib import closing
from typing import Any

import structlog

from bot.features.jobs import Progress
from bot.worker.timelapse import Timelapse
from nst_core import images
from nst_core.images import Picture
from nst_core.progress import Event, Finished, Preview, Started, Step

log = structlog.get_logger(__name__)


class DeviceBrokenError(Exception):
    """The device answers nothing any more in this process, whatever the job. A new process may do better."""


class Attempt:
    """Drains `events`. The thread writes the fields, the loop reads them; each is replaced whole."""

    def __init__(
        self,
        events: Generator[Event, None, None],
        *,
        parameters: Mapping[str, Any],
        timelapse: Timelapse | None = None,
    ) -> None:
        self._events = events
        self._parameters = parameters
        self._frames = timelapse
        self._timelapse: bytes | None = None
        self._stop = threading.Event()
        self._stopped = False
        self._error: Exception | None = None
        self._result: tuple[Finished, bytes] | None = None
        self._preview: Picture | None = None
        self._started: Started | None = None
        self._step: Step | None = None

    def run(self) -> None:
        """Paints to the end, an error or `stop`, and never raises; to be called in a thread."""
        try:
            with closing(self._events) as events:
                # Asked first, for even the first event may take seconds.
                while not (stopped := self._stop.is_set()) and (event := next(events, None)) is not None:
                    self._take(event)
            self._stopped = stopped
        except Exception as error:  # noqa: BLE001 - one job: `result` raises it where the job is brought to its end
            self._error = error

    def stop(self) -> None:
        """Lets the painting end after the step it is in."""
        self._stop.set()

    def result(self) -> tuple[Finished, bytes] | None:
        """What came of it, with the picture as a PNG that holds its parameters; None: it was stopped.

        Raises:
            Exception: whatever the painting raised.
        """
        if self._error is not None:
            raise self._error
        if self._result is None and not self._stopped:
            raise RuntimeError("the painting ended without a picture")
        return self._result

    def timelapse(self) -> bytes | None:
        """The time-lapse of a finished run, where one was asked for and could be made."""
        return self._timelapse

    def take_preview(self) -> Picture | None:
        """The newest preview, once."""
        newest, self._preview = self._preview, None
        return newest

    def progress(self, *, preview_blob: str | None) -> Progress | None:
        """What the card may show; None as long as nothing is known."""
        step, started = self._step, self._started
        if step is not None:
            return Progress(
                scale=step.scale,
                scales=step.scales,
                step=step.step,
                steps=step.steps,
                loss=step.total,
                preview_blob=preview_blob,
            )
        if started is None:
            return None
        return Progress(
            scale=1,
            scales=len(started.sizes),
            step=0,
            steps=started.steps,
            loss=None,
            preview_blob=preview_blob,
        )

    def _take(self, event: Event) -> None:
        match event:
            case Started():
                self._started = event
            case Step():
                self._step = event
            case Preview():
                self._preview = event.picture
                self._film(event.picture)
            case Finished():
                picture = images.encode(event.picture, format="png", parameters=self._parameters)
                self._timelapse = self._cut(event.picture)
                self._result = (event, picture)

    def _film(self, preview: Picture) -> None:
        if self._frames is None:
            return
        try:
            self._frames.add(preview)
        except Exception:
            log.exception("time-lapse given up")  # it must not cost the picture
            self._frames = None

    def _cut(self, result: Picture) -> bytes | None:
        if self._frames is None:
            return None
        try:
            return self._frames.encode(result)
        except Exception:
            log.exception("time-lapse not made")
            return None
