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
from nst_core.video.flow import Plane, certainty, flow_between, warped

UNIT: Final = 0.1
"""The difference from the neighbours' paintings at which the temporal term is 1."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Anchor:
    """What a frame should look like, (h, w, 3) in [0, 1], and how sure that is, (h, w) in [0, 1]."""

    rgb: NDArray[np.float32]
    sure: Plane

    @property
    def share(self) -> float:
        """How much of the frame is held, 0 to 1."""
        return float(self.sure.mean())

    def at(self, height: int, width: int, device: torch.device) -> tuple[Tensor, Tensor]:
        """The picture (1, 3, h, w) and the weights (1, 1, h, w) at a size."""
        rgb = torch.from_numpy(np.ascontiguousarray(self.rgb.transpose(2, 0, 1)))[None].to(device)
        sure = torch.from_numpy(self.sure)[None, None].to(device)
        if rgb.shape[-2:] == (height, width):
            return rgb, sure
        return scaled(rgb, height, width), F.adaptive_avg_pool2d(sure, (height, width))


def anchor_of(
    grey: NDArray[np.uint8], neighbours: Sequence[tuple[NDArray[np.uint8], NDArray[np.float32]]]
) -> Anchor:
    """What the neighbours, nearest first, hold of the frame whose grey levels (h, w) are given.

    A neighbour is its grey levels (h, w) and its painting (h, w, 3). What a nearer one shows is not taken
    from a farther one.
    """
    rgb = np.zeros((*grey.shape, 3), dtype=np.float32)
    sure = np.zeros(grey.shape, dtype=np.float32)
    for other, painting in neighbours:
        there, back = flow_between(grey, other), flow_between(other, grey)
        more = np.maximum(certainty(there, back) - sure, 0)
        rgb += more[..., None] * np.clip(warped(painting, there), 0, 1)
        sure += more
    return Anchor(rgb=rgb, sure=sure)


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
