"""The network that finds faces: RetinaFace on a MobileNet of a quarter's width.

Source: Deng, Guo, Ververas, Kotsia & Zafeiriou, "RetinaFace: single-shot multi-level face localisation in the
wild", CVPR 2020; structure and weights are those of yakhyo/retinaface-pytorch.

Differs: the eyes, nose and mouth that it could point at are left out.
"""

import functools
from typing import Final

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812  # PyTorch's own name for it
from numpy.typing import NDArray
from torch import Tensor

from nst_core.bundled import read_bundled

_MEAN: Final = (123 / 255, 117 / 255, 104 / 255)
_CONVOLUTIONS: Final = 27
"""Of the MobileNet: the first has stride 2 and all channels, then depthwise and pointwise ones take turns."""
_STRIDED: Final = frozenset({0, 3, 7, 11, 23})
_ENDS: Final = (10, 22, 26)
"""The convolutions whose outputs are the levels of the pyramid, at strides 8, 16 and 32."""
_LEVELS: Final = ((8, (16, 32)), (16, (64, 128)), (32, (256, 512)))
"""Each level's stride and the edges of the squares that it measures faces by, in pixels."""
_CENTRE_UNIT: Final = 0.1
_SIZE_UNIT: Final = 0.2
_SLOPE: Final = 0.1


class FaceDetector:
    """The bundled network on the CPU."""

    def __init__(self) -> None:
        self._weights = {key: value.float() for key, value in read_bundled("face_detector").items()}

    @torch.inference_mode()
    def __call__(self, rgb: NDArray[np.float32]) -> NDArray[np.float32]:
        """All candidates in a picture (h, w, 3): x, y, width and height in pixels, and a score, as (n, 5).

        One face gives many that overlap. Scores are from 0, no face, to 1.
        """
        mean = torch.tensor(_MEAN)
        copy = np.array(rgb, dtype=np.float32, order="C")  # PyTorch cannot read arrays that run backwards
        pixels = (torch.from_numpy(copy) - mean).permute(2, 0, 1)[None]
        features = self._pyramid(self._backbone(pixels))
        found = [
            self._candidates(self._context(level, n), n, *_LEVELS[n - 1])
            for n, level in enumerate(features, start=1)
        ]
        return np.asarray(torch.cat(found).numpy())

    def _backbone(self, hidden: Tensor) -> list[Tensor]:
        levels = []
        for n in range(_CONVOLUTIONS):
            hidden = self._convolve(hidden, f"backbone.{n}", stride=2 if n in _STRIDED else 1)
            if n in _ENDS:
                levels.append(hidden)
        return levels

    def _pyramid(self, levels: list[Tensor]) -> list[Tensor]:
        """What the coarse levels know is added to the fine ones."""
        fine, middle, coarse = (
            self._convolve(level, f"lateral.{n}") for n, level in enumerate(levels, start=1)
        )
        middle = self._convolve(middle + F.interpolate(coarse, size=middle.shape[2:]), "merge.2")
        fine = self._convolve(fine + F.interpolate(middle, size=fine.shape[2:]), "merge.1")
        return [fine, middle, coarse]

    def _context(self, level: Tensor, n: int) -> Tensor:
        """Looks at 3, 5 and 7 positions around each; (1, 64, h, w) as before."""
        near = self._convolve(level, f"context.{n}.0", slope=1)
        wider = self._convolve(level, f"context.{n}.1")
        wide = self._convolve(wider, f"context.{n}.2", slope=1)
        widest = self._convolve(self._convolve(wider, f"context.{n}.3"), f"context.{n}.4", slope=1)
        return F.relu(torch.cat([near, wide, widest], dim=1))

    def _candidates(self, features: Tensor, n: int, stride: int, edges: tuple[int, ...]) -> Tensor:
        """The level's boxes and scores, (positions * edges, 5)."""
        height, width = features.shape[2:]
        scores = self._convolve(features, f"score.{n}", slope=1).sigmoid().reshape(len(edges), height, width)
        shifts = self._convolve(features, f"box.{n}", slope=1).reshape(len(edges), 4, height, width)
        x = (torch.arange(width) + 0.5) * stride
        y = (torch.arange(height)[:, None] + 0.5) * stride
        edge = torch.tensor(edges, dtype=torch.float32)[:, None, None]
        wide, high = (edge * (shifts[:, place] * _SIZE_UNIT).exp() for place in (2, 3))
        left = x + shifts[:, 0] * _CENTRE_UNIT * edge - wide / 2
        top = y + shifts[:, 1] * _CENTRE_UNIT * edge - high / 2
        return torch.stack([left, top, wide, high, scores], dim=-1).reshape(-1, 5)

    def _convolve(self, hidden: Tensor, name: str, *, stride: int = 1, slope: float = _SLOPE) -> Tensor:
        """Convolution and leaky ReLU, which a slope of 1 leaves out."""
        weight, bias = self._weights[f"{name}.weight"], self._weights[f"{name}.bias"]
        groups = hidden.shape[1] // weight.shape[1]
        output = F.conv2d(hidden, weight, bias, stride, weight.shape[2] // 2, groups=groups)
        return F.leaky_relu(output, slope)


@functools.cache
def detector() -> FaceDetector:
    """The one detector of the process; nothing in it changes, so threads may share it."""
    return FaceDetector()
