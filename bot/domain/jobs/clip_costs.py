"""How much work a moving picture is, and how much of it is done; in the unit of every ETA."""

from dataclasses import dataclass, replace
from typing import Final

from bot.domain.jobs.model import Job
from nst_core.params import Params
from nst_core.pyramid import Scale, scales
from nst_core.video.motion import Motion

FIRST_FIXED: Final = 1.0
EACH_FIXED: Final = 0.25
"""What a frame costs beside its steps: its flow, and what its content is compared with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameCosts:
    """In painted megapixels: the first frame, each further one, and each frame of a later pass."""

    first: float
    each: float
    again: float
    passes: int

    def of(self, frames: int) -> float:
        """All of a clip of so many frames."""
        return self.until(turn=self.passes, frame=frames, frames=frames)

    def until(self, *, turn: int, frame: int, frames: int) -> float:
        """What is painted once `frame` frames of the pass `turn` are done, counted from 1."""
        if turn == 1:
            return self.first + (frame - 1) * self.each if frame else 0.0
        before = self.first + (frames - 1) * self.each + (turn - 2) * (frames - 1) * self.again
        return before + max(0, frame - 1) * self.again


def frame_costs(params: Params, *, width: int, height: int) -> FrameCosts:
    """For a content of `width` x `height`."""
    shape, motion = min(width, height) / max(width, height), Motion()
    return FrameCosts(
        first=FIRST_FIXED + _painted(scales(replace(params, quality="standard")), shape),
        each=EACH_FIXED + _painted(motion.plan(params, whole=True), shape),
        again=EACH_FIXED + _painted(motion.plan(params, whole=False), shape),
        passes=motion.passes_for(params),
    )


def _painted(plan: tuple[Scale, ...], shape: float) -> float:
    return sum(scale.steps * scale.edge_px**2 for scale in plan) * shape / 1e6


def frames_painted(job: Job) -> int:
    """How many frames of a clip have a painting: from the second pass on, all of them."""
    return job.frames if (job.scale or 1) > 1 else job.frame or 0


def share_of_clip(job: Job) -> float:
    """How much of a clip is painted, 0 to 1."""
    costs = frame_costs(Params.from_dict(job.params), width=1, height=1)
    turn, frame = job.scale or 1, job.frame or 0
    done = costs.until(turn=turn, frame=frame, frames=job.frames)
    if job.step and job.steps and frame < job.frames:
        next_one = costs.until(turn=turn, frame=frame + 1, frames=job.frames) - done
        done += next_one * job.step / job.steps
    return min(1.0, done / costs.of(job.frames))
