"""Attempts at pictures, painted in a thread: their latest progress, how to stop them, their results.

A `StallWatch` says when a painting has stood still for so long that it hangs.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from typing import Any, Final

import structlog

from bot.domain.jobs.model import Progress
from bot.worker.pictures import Timelapse
from nst_core.errors import EngineError
from nst_core.events import Event, Finished, Preview, Started, Step
from nst_core.images import io
from nst_core.images.picture import Picture
from nst_core.video.checkpoints import Checkpoint
from nst_core.video.clips import Clip
from nst_core.video.events import ClipEvent, ClipFinished, ClipStarted, FramePainted, FrameStarted, FrameStep
from nst_core.video.writing import encode_lossless

log = structlog.get_logger(__name__)


def drain(
    events: Generator[tuple[int, Event | ClipEvent], None, None],
    attempts: Sequence["Attempt"],
    *,
    step: Callable[[], object] = lambda: None,
) -> Exception | None:
    """Paints until each attempt has ended or was stopped, and never raises; to be called in a thread.

    events: each with the index of its attempt. step: called after each event.
    Returns why some have no picture; None: no picture is missing.
    """
    try:
        with closing(events):
            # Checked first, because even the first event may take seconds.
            while wanted := [attempt for attempt in attempts if attempt.goes_on]:
                number, event = next(events)
                if attempts[number] in wanted:
                    attempts[number].take(event)
                step()
    except StopIteration:
        return RuntimeError("the painting ended without a picture")
    except Exception as error:  # noqa: BLE001 - returned to the caller
        return error
    return None


class Attempt:
    """One attempt. The thread writes its fields, the event loop reads them; each is replaced as a whole."""

    def __init__(
        self,
        *,
        parameters: Mapping[str, Any],
        timelapse: Timelapse | None = None,
        ended: Callable[[], object] = lambda: None,
    ) -> None:
        """`ended` is called, in any thread, when nothing more will come."""
        self._parameters = parameters
        self._ended = ended
        self._frames = timelapse
        self._timelapse: bytes | None = None
        self._stop = threading.Event()
        self._stopped_at: float | None = None
        self._is_over = False
        self._error: Exception | None = None
        self._result: tuple[Finished | ClipFinished, bytes] | None = None
        self._preview: Picture | Clip | None = None
        self._progress: Progress | None = None
        self._clip = ClipProgress()

    @property
    def goes_on(self) -> bool:
        """Whether its picture is still wanted."""
        return not (self._is_over or self._stop.is_set())

    def stop(self) -> None:
        """Ends the painting after its current step, unless others in the batch go on."""
        if self._stopped_at is None:
            self._stopped_at = time.monotonic()
        self._stop.set()

    def was_stopped_before(self, seconds: float) -> bool:
        """Whether it was told to stop so many seconds ago, or more."""
        return self._stopped_at is not None and time.monotonic() - self._stopped_at >= seconds

    def end(self, error: Exception | None = None) -> None:
        """Nothing more will come. Does nothing if the attempt has its picture."""
        if not self._is_over:
            self._error = error
            self._is_over = True
            self._ended()

    def result(self) -> tuple[Finished | ClipFinished, bytes] | None:
        """The last event, and the picture as a PNG that holds its parameters; None: the attempt was stopped.

        Of a clip the picture is its first frame.

        Raises:
            Exception: whatever the painting raised.
        """
        if self._error is not None:
            raise self._error
        return self._result

    def timelapse(self) -> bytes | None:
        """The time-lapse of a finished run, if one was requested and could be made."""
        return self._timelapse

    def clip(self) -> bytes | None:
        """All frames of a finished clip, as an animated WebP."""
        return self._clip.file

    def take_checkpoint(self) -> bytes | None:
        """What another attempt goes on from; each is returned once."""
        newest, self._clip.checkpoint = self._clip.checkpoint, None
        return newest

    def take_preview(self) -> Picture | Clip | None:
        """The newest preview, of a clip all that is painted of it; each is returned once."""
        newest, self._preview = self._preview, None
        return newest

    def progress(self) -> Progress | None:
        """What the card may show, but for the blobs; None: nothing is known yet."""
        return self._progress or self._clip.progress()

    def take(self, event: Event | ClipEvent) -> None:
        match event:
            case Started():
                self._progress = Progress(
                    scale=1, scales=len(event.sizes), step=0, steps=event.steps, loss=None, preview_blob=None
                )
                if self._frames is not None:
                    self._frames.clear()  # the job may have started before, in a batch that failed
            case Step():
                self._progress = Progress(
                    scale=event.scale,
                    scales=event.scales,
                    step=event.step,
                    steps=event.steps,
                    loss=event.total,
                    preview_blob=None,
                )
            case ClipStarted() | FrameStarted() | FrameStep():
                self._clip.take(event)
            case FramePainted():
                self._clip.take(event)
                self._preview = self._clip.so_far or event.picture
            case ClipFinished():
                picture = io.encode(event.clip.frames[0].picture, format="png", parameters=self._parameters)
                self._clip.file = encode_lossless(event.clip)
                self._result = (event, picture)
                self.end()
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
            log.exception("time-lapse abandoned")  # it must not cost the picture
            self._frames = None

    def _cut(self, result: Picture) -> bytes | None:
        if self._frames is None:
            return None
        try:
            return self._frames.encode(result)
        except Exception:
            log.exception("time-lapse not made")
            return None


class ClipProgress:
    """How far the painting of a clip is.

    checkpoint: the newest, until it is taken; so_far: the frames that are painted, from the second on; file:
    all frames, at the end.
    """

    def __init__(self) -> None:
        self.checkpoint: bytes | None = None
        self.so_far: Clip | None = None
        self.file: bytes | None = None
        self._started: ClipStarted | None = None
        self._progress: Progress | None = None

    def take(self, event: ClipStarted | FrameStarted | FrameStep | FramePainted) -> None:
        match event:
            case ClipStarted():
                self._started = event
            case FrameStarted():
                self._set(event.turn, self._before(event.frame, event.turn), 0, event.steps, None)
            case FrameStep():
                frame = self._before(event.frame, event.turn)
                self._set(event.turn, frame, event.step, event.steps, event.total)
            case FramePainted():
                self.checkpoint = event.checkpoint.packed()  # first: no frame is told that is not in it
                self.so_far = self._painted(event.checkpoint)
                self._set(event.turn, self._before(event.frame, event.turn) + 1, 0, 1, None)

    def progress(self) -> Progress | None:
        return self._progress

    def _painted(self, checkpoint: Checkpoint) -> Clip | None:
        """None: one frame does not move."""
        assert self._started is not None
        return checkpoint.clip(self._started.durations_ms) if len(checkpoint.results) > 1 else None

    def _before(self, frame: int, turn: int) -> int:
        """How many frames of a pass are painted before this one; even passes go backwards."""
        assert self._started is not None
        return frame if turn % 2 else self._started.frames - 1 - frame

    def _set(self, turn: int, frame: int, step: int, steps: int, loss: float | None) -> None:
        assert self._started is not None
        self._progress = Progress(
            scale=turn,
            scales=self._started.passes,
            step=step,
            steps=steps,
            loss=loss,
            preview_blob=None,
            frame=frame,
        )


STALL_S: Final = 120.0
PER_MEGAPIXEL_S: Final = 300.0
"""Added to the floor for the pictures' size: a CPU that is busy otherwise takes 100 s for such a step."""
TIMES_USUAL: Final = 10
"""The first step of a size takes several times as long as one of the size before, which had fewer pixels."""
REMEMBERED: Final = 32
"""Events; with a batch, each of its pictures has one per step."""
MEGAPIXEL: Final = 1e6


class PaintingHangs(EngineError):
    """The painting goes on no more, or does not end when it is told to: only the end of the process helps."""


class StallWatch:
    """The times of a pass's events. The painting's thread calls `step`; the event loop asks `hangs`."""

    def __init__(self, *, floor_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        """floor_s: so long may a step take in any case, such as the first, which loads and compiles."""
        self._floor_s = floor_s
        self._clock = clock
        self._gaps_s = deque([0.0], maxlen=REMEMBERED)
        self._last = clock()

    def step(self) -> None:
        """The engine has had an event."""
        now = self._clock()
        self._gaps_s.append(now - self._last)
        self._last = now

    @property
    def limit_s(self) -> float:
        """So long may the next event take."""
        return max(self._floor_s, TIMES_USUAL * max(tuple(self._gaps_s)))

    @property
    def hangs(self) -> bool:
        return self._clock() - self._last > self.limit_s


def floor_s(sizes_px: Sequence[int], *, stall_s: float) -> float:
    """How long a step of pictures with these long edges may take in any case: longer for larger ones."""
    pixels = sum(size_px**2 for size_px in sizes_px)
    return stall_s + PER_MEGAPIXEL_S * pixels / MEGAPIXEL
