"""One frame of a clip, optimised size by size: begun with what its neighbours hold of it, and held to that.

Source: Ruder, Dosovitskiy & Brox, "Artistic style transfer for videos", arXiv 1604.08610: section 4.1 (how a
frame is begun) and 4.2 (the temporal term).
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from nst_core.kernels.convolution import Precision
from nst_core.memory import history_for
from nst_core.optim import first_order
from nst_core.optim.loop import OptimizationLoop
from nst_core.params import Params
from nst_core.pyramid import Scale
from nst_core.run.evaluator import Evaluator, MemoryBudget
from nst_core.run.prepared_job import PreparedJob, network
from nst_core.video.anchors import Anchor, Held
from nst_core.video.events import ClipEvent, FrameStep
from nst_core.video.motion import Motion

BLEND: Final = 0.5
"""How much of a later pass's beginning is the neighbour's painting; the rest is the frame's own of before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FramePainter:
    """What the frames of a run have in common; `precision` is that of the convolutions."""

    params: Params
    motion: Motion
    device: torch.device
    precision: Precision
    budget: MemoryBudget

    def paint(
        self,
        prepared: PreparedJob,
        plan: Sequence[Scale],
        anchor: Anchor | None,
        own: Tensor | None,
        *,
        frame: int,
        turn: int,
    ) -> Generator[ClipEvent, None, tuple[Tensor, FrameStep]]:
        """The pixels (1, 3, h, w) after all sizes of the plan, and the last step.

        own: the frame's painting of the pass before.
        """
        steps = sum(scale.steps for scale in plan)
        pixels, before, done = own, None, 0
        last: FrameStep | None = None
        for scale in plan:
            pixels = self._begun(prepared, pixels, before, scale.edge_px, anchor)
            before = scale.edge_px
            for losses in self._steps(prepared, pixels, scale, anchor):
                done += 1
                last = _step(losses, frame, turn, done, steps, scale.edge_px)
                yield last
        assert pixels is not None
        assert last is not None
        return pixels, last

    def _begun(
        self,
        prepared: PreparedJob,
        pixels: Tensor | None,
        before: int | None,
        edge_px: int,
        anchor: Anchor | None,
    ) -> Tensor:
        """What the optimisation starts from at a size: the neighbours' paintings as far as they are sure.

        Elsewhere the frame's own painting of the pass before, or what the size before has painted, or at
        first the content in the colours of what is held.
        """
        sureness = 1.0
        if pixels is None:
            own = prepared.start(edge_px)
            if anchor is not None and self.params.init == "content":
                own = anchor.coloured_alike(prepared.contents.pixels_at(edge_px))
        elif before is None:
            own, sureness = pixels, BLEND
        else:
            own = prepared.textured(prepared.enlarged(pixels, before, edge_px), before, edge_px)
        if anchor is None:
            return own.clone()
        height, width = own.shape[-2:]
        target, known, _ = anchor.at(height, width, self.device)
        return own + sureness * known * (target - own)

    def _steps(
        self, prepared: PreparedJob, pixels: Tensor, scale: Scale, anchor: Anchor | None
    ) -> Generator[Tensor, None, None]:
        """Optimises the pixels in place; yields the losses (1, 5) of each step."""
        params, edge_px = self.params, scale.edge_px
        vgg = network(params, self.device, self.precision)
        betas = torch.tensor([params.nominal_beta], dtype=torch.float32, device=self.device)
        evaluate = Evaluator([prepared], vgg, edge_px, betas, budget=self.budget)
        height, width = pixels.shape[-2:]
        loop = OptimizationLoop(
            optimiser=first_order.make([params], history=history_for(width, height)),
            steps=scale.steps,
            stops=[params.stop],
        )
        if anchor is None:
            yield from loop.run(pixels, evaluate, scale.steps, renew=evaluate.renew_matches)
            return
        evaluate.prepare()
        evaluate.renew_matches(pixels)
        weight = self.motion.temporal * max(params.content_weight or 0.0, params.style_weight or 1.0)
        target, _, sure = anchor.at(height, width, self.device)
        held = Held(evaluate, target, sure, weight)
        yield from loop.run(pixels, held, scale.steps, renew=evaluate.renew_matches)


def _step(losses: Tensor, frame: int, turn: int, step: int, steps: int, size_px: int) -> FrameStep:
    _content, _style, content_rel, style_rel, total = losses[0].tolist()
    return FrameStep(
        frame=frame,
        turn=turn,
        step=step,
        steps=steps,
        size_px=size_px,
        content_rel=content_rel,
        style_rel=style_rel,
        total=total,
    )
