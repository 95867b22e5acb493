"""What holds a frame to its neighbours: their paintings, carried along by the flow where it can be believed.

Source: Ruder, Dosovitskiy & Brox, "Artistic style transfer for videos", arXiv 1604.08610: equation 7 (the
temporal term), 10 and 11 (long-term consistency).
Differs: the sum over the neighbours is one term. The weights of equation 11 are 1 for at most one neighbour
at each place, so that the terms of all are that of one picture put together from them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812  # PyTorch's own name for it
from numpy.typing import NDArray
from torch import Tensor

from nst_core.optim.loop import Evaluate
from nst_core.run.enlarging import scaled
from nst_core.video.checkpoints import Painted
from nst_core.video.clips import in_unit
from nst_core.video.flow import Plane, certainty, flow_between, shown, warped

UNIT: Final = 0.1
"""The difference from the neighbours' paintings at which the temporal term is 1."""
_STEADY: Final = 1e-2
"""Keeps the map of colours calm where nearly all held places have the same."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Anchor:
    """What a frame is begun with and held to.

    Attributes:
        rgb: The picture (h, w, 3) in [0, 1]; black where nothing is known.
        known: How far the frame is begun with it (h, w), in [0, 1].
        sure: How far the frame is held to it (h, w), in [0, 1]; no farther than it is known.
    """

    rgb: NDArray[np.float32]
    known: Plane
    sure: Plane

    @property
    def share(self) -> float:
        """How much of the frame is held, 0 to 1."""
        return float(self.sure.mean())

    @property
    def new(self) -> float:
        """How much of the frame no neighbour shows, 0 to 1."""
        return 1 - float(self.known.mean())

    def at(self, height: int, width: int, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
        """The picture (1, 3, h, w), where it is known and where it is sure (1, 1, h, w), at a size."""
        rgb = torch.from_numpy(np.ascontiguousarray(self.rgb.transpose(2, 0, 1)))[None].to(device)
        known, sure = (torch.from_numpy(plane)[None, None].to(device) for plane in (self.known, self.sure))
        if rgb.shape[-2:] == (height, width):
            return rgb, known, sure
        known, sure = (F.adaptive_avg_pool2d(plane, (height, width)) for plane in (known, sure))
        return scaled(rgb, height, width), known, sure

    def coloured_alike(self, content: Tensor) -> Tensor:
        """The frame's content (1, 3, h, w) in the colours that the held places were painted in.

        The linear map of colours that fits them best. A wood that is painted blue must be blue where more of
        it comes into sight: a frame's statistics are reached without that bar, and nothing would recolour it.
        """
        height, width = content.shape[-2:]
        target, _, sure = self.at(height, width, content.device)
        weights = sure.flatten()[:, None]
        colours = F.pad(content[0].flatten(1).T, (0, 1), value=1.0)
        products = (weights * colours).T @ colours + _STEADY * torch.eye(4, device=content.device)
        wanted = (weights * colours).T @ target[0].flatten(1).T
        mixing: Tensor = torch.linalg.solve(products, wanted)
        return (colours @ mixing).T.reshape(content.shape).clamp(0, 1)


def anchor_of(grey: NDArray[np.uint8], neighbours: Sequence[Painted]) -> Anchor:
    """What the neighbours, nearest first, hold of the frame whose grey levels (h, w) are given.

    What a nearer one shows is not taken from a farther one. Along the edges of what moves the frame is begun
    with the nearest, and not held. What is not painted to the end is held less.
    """
    held, begun = (np.zeros((*grey.shape, 3), dtype=np.float32) for _ in range(2))
    sure, known = (np.zeros(grey.shape, dtype=np.float32) for _ in range(2))
    done = np.zeros(grey.shape, dtype=np.float32)
    for one in neighbours:
        there, back = flow_between(grey, one.grey), flow_between(one.grey, grey)
        moved = np.clip(warped(in_unit(one.levels), there), 0, 1)
        more = np.maximum(certainty(there, back) - sure, 0)
        held += more[..., None] * moved
        sure += more
        more = np.maximum(shown(there, back) - known, 0)
        begun += more[..., None] * moved
        done += more * np.clip(warped(one.done, there), 0, 1)
        known += more
    return Anchor(rgb=np.where(sure[..., None] > 0, held, begun), known=known * done, sure=sure * done)


class Held:
    """An evaluation of one picture with the temporal term added to its loss.

    The term is `weight * mean(sure * (picture - target)^2) / UNIT^2`.

    Args:
        evaluate: The loss of the picture alone.
        target: The picture to hold to (1, 3, h, w).
        sure: How sure it is at each pixel (1, 1, h, w).
        weight: Of the term, in the unit of the total.
    """

    def __init__(self, evaluate: Evaluate, target: Tensor, sure: Tensor, weight: float) -> None:
        self._evaluate = evaluate
        self._target = target
        self._factors = sure * (weight / (UNIT**2 * target[0].numel()))

    def __call__(self, pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        grads, totals, losses = self._evaluate(pictures)
        away = pictures - self._target
        pull = self._factors * away
        term = (pull * away).sum(dim=(1, 2, 3))
        whole = torch.cat([losses[:, :-1], losses[:, -1:] + term[:, None]], dim=1)
        return grads + 2 * pull, totals + term, whole
