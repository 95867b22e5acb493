"""A clip painted frame by frame, each begun with the painting of its neighbour and held to it: a generator of
events.

Source: Ruder, Dosovitskiy & Brox, "Artistic style transfer for videos", arXiv 1604.08610: section 4.3
(long-term consistency) and 4.4 (passes in both directions); see also `nst_core.video.frame_painter`.
Differs: places that no neighbour shows are painted from the coarsest size on, as stills are, while the rest
is held at each size; a frame of which too little is held is painted like a still.
"""

import dataclasses
import time
from collections.abc import Generator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from nst_core.errors import ParamsError
from nst_core.images import colour
from nst_core.images.picture import Picture, fit, is_invisible, quantise
from nst_core.images.sizes import fitted
from nst_core.kernels.convolution import Precision
from nst_core.kernels.precision import choose_device, choose_precision
from nst_core.losses.style_pictures import pixels_of, recoloured, rgb_of, with_scales
from nst_core.params import Params
from nst_core.pyramid import Scale, scales
from nst_core.pytorch import stepwise, torch_errors
from nst_core.run.evaluator import MemoryBudget, plan_for
from nst_core.run.prepared_job import PreparedJob, StyleTransferJob
from nst_core.styles import StyleSpec, as_spec
from nst_core.video.anchors import Anchor, anchor_of
from nst_core.video.checkpoints import Checkpoint, Painted
from nst_core.video.clips import Clip, Frame, in_unit, levels_of
from nst_core.video.events import ClipEvent, ClipFinished, ClipStarted, FramePainted, FrameStarted
from nst_core.video.flow import grey_of
from nst_core.video.frame_painter import FramePainter
from nst_core.video.motion import Motion

CUT: Final = 0.3
"""A frame of which less than this is held shows another scene, and is painted like a still."""
NEW: Final = 0.01
"""Where more than this of a frame is new, that is painted from the coarsest size on."""
GROWS: Final = 1 / 3
"""How far a new place is painted after one frame: by then it has had few steps, and is not yet held fast."""


def animate(
    clip: Clip,
    style: Picture | StyleSpec,
    params: Params,
    motion: Motion = Motion(),  # noqa: B008  # frozen
    *,
    device: str = "auto",
    precision: str = "auto",
    resume: Checkpoint | None = None,
) -> Generator[ClipEvent, None, None]:
    """Paints a clip in the style. Closing the generator ends the run within one step.

    Frames are painted one after another: memory is that of one picture, and the frames in 8 bits. Colours
    that come from the content come from the first frame, so that they stay the same.

    resume: what an earlier run with the same arguments has painted; what it has not is painted now.

    Raises:
        ParamsError: the quality is draft, which takes no steps; else as in `nst_core.engine.stylize`.
        PictureError: a frame is transparent all over.
        EngineError: as in `nst_core.engine.stylize`, or OpenCV is not installed.
    """
    check_params(params)
    with torch_errors():
        yield from stepwise(_ClipPainter(clip, as_spec(style), params, motion, device, precision).run(resume))


def check_params(params: Params) -> None:
    """Raises a ParamsError where a clip cannot be painted with these parameters."""
    if params.quality == "draft":
        raise ParamsError("A clip cannot be painted as a draft: choose standard.")


def _steady(spec: StyleSpec, params: Params, clip: Clip) -> StyleSpec:
    """The styles, in the colours of the first frame that can be seen if the content's are asked for."""
    seen = (frame.picture for frame in clip.frames)
    first = next((one for one in seen if not is_invisible(one.alpha)), None)
    return spec if first is None else recoloured(spec, first, params)


class _ClipPainter:
    """One run over a clip.

    Frames hold to the pixels that were optimised, not to the results, whose chroma is smoothed: it would be
    smoothed anew with each frame.

    Attributes:
        notes: What was done differently from what was asked, each sentence once.
    """

    def __init__(
        self, clip: Clip, spec: StyleSpec, params: Params, motion: Motion, device: str, precision: str
    ) -> None:
        self._started = time.monotonic()
        self._clip, self._motion, self._asked = clip, motion, params
        self._device = choose_device(device)
        self._precision: Precision = choose_precision(self._device, precision)
        self._spec = with_scales(_steady(spec, params, clip), params)
        # A clip's qualities are steps and passes: painting larger would cost as much as another pass.
        self._params = dataclasses.replace(params, colors="style", quality="standard")
        self._painter = FramePainter(
            params=self._params,
            motion=motion,
            device=self._device,
            precision=self._precision,
            budget=MemoryBudget(self._device),
        )
        self._greys: dict[int, NDArray[np.uint8]] = {}
        self._painted: dict[int, Painted] = {}
        self._results: dict[int, NDArray[np.uint8]] = {}
        self._iterations = 0
        self.notes: dict[str, None] = {}

    def run(self, resume: Checkpoint | None) -> Generator[ClipEvent, None, None]:
        count, passes = len(self._clip.frames), self._motion.passes_for(self._asked)
        width, height = fitted(self._clip.width, self._clip.height, self._params.size)
        yield ClipStarted(
            frames=count,
            durations_ms=tuple(frame.duration_ms for frame in self._clip.frames),
            passes=passes,
            width=width,
            height=height,
            device=str(self._device),
            precision=self._precision.name,
        )
        ways = (range(count), range(count)[::-1])
        order = [(turn, frame) for turn in range(1, passes + 1) for frame in ways[1 - turn % 2]]
        for turn, frame in order[self._go_on(resume, order) :]:
            yield from self._frame(frame, turn)
        frames = tuple(
            Frame(levels=self._results[number], duration_ms=frame.duration_ms)
            for number, frame in enumerate(self._clip.frames)
        )
        yield ClipFinished(
            clip=Clip(frames=frames, plays=self._clip.plays),
            seconds=time.monotonic() - self._started,
            iterations=self._iterations,
            device=str(self._device),
            precision=self._precision.name,
            style_scales=tuple(style.scale for style in self._spec.styles if style.scale is not None),
            notes=tuple(self.notes),
        )

    def _go_on(self, resume: Checkpoint | None, order: Sequence[tuple[int, int]]) -> int:
        """Takes over what is painted; how much of the order that is."""
        if resume is None or (resume.turn, resume.frame) not in order:
            return 0
        self._painted, self._results = dict(resume.painted), dict(resume.results)
        self._greys = {number: one.grey for number, one in self._painted.items()}
        self._iterations = resume.iterations
        return order.index((resume.turn, resume.frame)) + 1

    def _checkpoint(self, frame: int, turn: int) -> Checkpoint:
        """A later pass needs all frames, the only one just those within reach."""
        passes, reach = self._motion.passes_for(self._asked), max(self._motion.reach)
        painted = {
            number: one for number, one in self._painted.items() if passes > 1 or number > frame - reach
        }
        results = dict(self._results)
        return Checkpoint(
            turn=turn, frame=frame, painted=painted, results=results, iterations=self._iterations
        )

    def _frame(self, frame: int, turn: int) -> Generator[ClipEvent, None, None]:
        content = self._clip.frames[frame].picture
        if is_invisible(content.alpha):
            self._results[frame] = levels_of(fit(content, self._params.size))
            return
        job = StyleTransferJob(content=content, style=self._spec, params=self._params)
        prepared = PreparedJob(job, self._device, self._precision)
        if frame not in self._greys:
            plan_for([prepared], self._params.size, self._painter.budget)
            self._greys[frame] = grey_of(prepared.contents.at(self._params.size).rgb)
        anchor = self._anchor(frame, turn)
        if turn > 1 and anchor is None:
            return
        plan = self._plan(anchor, turn)
        steps = sum(scale.steps for scale in plan)
        yield FrameStarted(frame=frame, turn=turn, held=anchor.share if anchor else 0.0, steps=steps)
        own = self._painted.get(frame)
        pixels = None if own is None else pixels_of(in_unit(own.levels), self._device)
        painted, last = yield from self._painter.paint(prepared, plan, anchor, pixels, frame=frame, turn=turn)
        picture = self._picture(prepared, painted)
        levels = quantise(rgb_of(painted))
        done = np.ones(levels.shape[:2], dtype=np.float32)
        if anchor is not None and turn == 1:
            done = np.minimum(anchor.known + np.float32(GROWS), 1)
        self._painted[frame] = Painted(grey=self._greys[frame], levels=levels, done=done)
        self._results[frame] = levels_of(picture)
        self._iterations += steps
        self.notes.update(dict.fromkeys(prepared.notes))
        yield FramePainted(
            frame=frame,
            turn=turn,
            picture=picture,
            content_rel=last.content_rel,
            style_rel=last.style_rel,
            checkpoint=self._checkpoint(frame, turn),
        )

    def _anchor(self, frame: int, turn: int) -> Anchor | None:
        """What this pass has painted before holds of a frame; None: nothing, or next to nothing."""
        step = 1 if turn % 2 else -1
        others = [frame - step * back for back in self._motion.reach]
        near = [number for number in others if number in self._painted]
        if not near:
            return None
        anchor = anchor_of(self._greys[frame], [self._painted[one] for one in near])
        return anchor if anchor.share >= CUT else None

    def _plan(self, anchor: Anchor | None, turn: int) -> tuple[Scale, ...]:
        if anchor is None:
            return scales(self._params)
        return self._motion.plan(self._asked, whole=turn == 1 and anchor.new > NEW)

    def _picture(self, prepared: PreparedJob, pixels: Tensor) -> Picture:
        picture = prepared.picture(pixels, self._params.size)
        if self._asked.colors != "luminance":
            return picture
        content = prepared.contents.at(self._params.size)
        return Picture(rgb=colour.with_luminance(content.rgb, of=picture.rgb), alpha=picture.alpha)
