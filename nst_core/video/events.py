"""The events of `nst_core.video.painting.animate`: ClipStarted; of each frame FrameStarted, FrameSteps and
FramePainted; ClipFinished.
"""

from dataclasses import dataclass

from nst_core.images.picture import Picture
from nst_core.video.checkpoints import Checkpoint
from nst_core.video.clips import Clip


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipStarted:
    """The plan of the run. `width` and `height` are those of the result, in pixels.

    `durations_ms` says for how long each of the frames is shown.
    """

    frames: int
    durations_ms: tuple[int, ...]
    passes: int
    width: int
    height: int
    device: str
    precision: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameStarted:
    """A frame is begun.

    Attributes:
        frame: Counts from 0.
        turn: The pass through the clip, from 1; the even ones go backwards.
        held: The share of the frame, 0 to 1, that is begun with its neighbours' paintings and held to them.
            0 for the first frame, and after a cut: those are painted like stills.
        steps: The iterations it is given.
    """

    frame: int
    turn: int
    held: float
    steps: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameStep:
    """One iteration is done; `step` counts from 1 over all sizes of this frame. `size_px` is a long edge.

    `total` is the sum that is minimised, with the temporal term.
    """

    frame: int
    turn: int
    step: int
    steps: int
    size_px: int
    content_rel: float
    style_rel: float
    total: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FramePainted:
    """A frame is done, for this pass; `content_rel` and `style_rel` are those of its last step.

    `checkpoint` is what another run goes on from.
    """

    frame: int
    turn: int
    picture: Picture
    content_rel: float
    style_rel: float
    checkpoint: Checkpoint


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ClipFinished:
    """The painted clip, with the times and the plays of the one that was given.

    `notes` are sentences about what was done differently from what was asked.
    """

    clip: Clip
    seconds: float
    iterations: int
    device: str
    precision: str
    style_scales: tuple[float, ...] = ()
    notes: tuple[str, ...] = ()


ClipEvent = ClipStarted | FrameStarted | FrameStep | FramePainted | ClipFinished
