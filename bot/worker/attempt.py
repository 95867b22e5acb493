"""Attempts at pictures, drained in a thread: what each said last, how to stop it, what came of it."""

import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from typing import Any

import structlog

from bot.domain.jobs.model import Progress
from bot.worker.timelapse import Timelapse
from nst_core.events import Event, Finished, Preview, Started, Step
from nst_core.images import io
from nst_core.images.io import Picture

log = structlog.get_logger(__name__)


def drain(
    events: Generator[tuple[int, Event], None, None], attempts: Sequence["Attempt"]
) -> Exception | None:
    """Paints until each attempt has ended or was stopped, and never raises; to be called in a thread.

    Returns why some have no picture, None where none is missing. `events` says which attempt each is about.
    """
    try:
        with closing(events):
            # Asked first, for even the first event may take seconds.
            while wanted := [attempt for attempt in attempts if attempt.goes_on]:
                number, event = next(events)
                if attempts[number] in wanted:
                    attempts[number].take(event)
    except StopIteration:
        return RuntimeError("the painting ended without a picture")
    except Exception as error:  # noqa: BLE001 - one pass: whoever waits for it is told
        return error
    return None


class Attempt:
    """One of them. The thread writes the fields, the loop reads them; each is replaced whole."""

    def __init__(
        self,
        *,
        parameters: Mapping[str, Any],
        timelapse: Timelapse | None = None,
        ended: Callable[[], object] = lambda: None,
    ) -> None:
        """`ended` is called, in whatever thread, when nothing more comes of it."""
        self._parameters = parameters
        self._ended = ended
        self._frames = timelapse
        self._timelapse: bytes | None = None
        self._stop = threading.Event()
        self._is_over = False
        self._error: Exception | None = None
        self._result: tuple[Finished, bytes] | None = None
        self._preview: Picture | None = None
        self._started: Started | None = None
        self._step: Step | None = None

    @property
    def goes_on(self) -> bool:
        """Whether somebody still waits for its picture."""
        return not (self._is_over or self._stop.is_set())

    def stop(self) -> None:
        """Lets the painting end after the step it is in, unless it goes on for others."""
        self._stop.set()

    def end(self, error: Exception | None = None) -> None:
        """Nothing more comes of it. An attempt that has its picture has ended before."""
        if not self._is_over:
            self._error = error
            self._is_over = True
            self._ended()

    def result(self) -> tuple[Finished, bytes] | None:
        """What came of it, with the picture as a PNG that holds its parameters; None: it was stopped.

        Raises:
            Exception: whatever the painting raised.
        """
        if self._error is not None:
            raise self._error
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

    def take(self, event: Event) -> None:
        match event:
            case Started():
                self._started, self._step = event, None
                if self._frames is not None:
                    self._frames.clear()  # this one may have begun once before, among others
            case Step():
                self._step = event
            case Preview():
                self._preview = event.picture
                self._film(event.picture)
            case Finished():
                picture = io.encode(event.picture, format="png", parameters=self._parameters)
                self._timelapse = self._cut(event.picture)
                self._result = (event, picture)
                self.end()

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
