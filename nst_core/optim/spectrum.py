"""How far a picture may move at each frequency and in each colour: the preconditioner of L-BFGS.

The loss is steep in fine brightness and flat in broad washes, in colour, and close to the Nyquist frequency,
which VGG hardly sees. Steps that undo this need a fraction of the iterations.
"""

from typing import Final

import torch
import torch.nn.functional as F  # noqa: N812  # PyTorch's own name for it
from torch import Tensor

_FREQUENCIES: Final = (0.003, 0.009, 0.016, 0.025, 0.037, 0.052, 0.075, 0.105, 0.15, 0.215, 0.3, 0.425, 0.6)
"""In cycles per pixel."""
_STEPS: Final = (
    (282.0, 125.0, 94.0, 53.0, 41.0, 27.0, 18.0, 12.9, 8.8, 6.5, 5.25, 5.0, 11.2),
    (156.0, 84.0, 57.0, 37.0, 29.0, 23.0, 17.7, 14.9, 13.5, 14.8, 20.4, 44.0, 131.0),
    (43.0, 39.0, 33.0, 23.0, 20.7, 18.0, 15.0, 13.2, 11.3, 10.3, 12.0, 26.5, 67.0),
)
"""Per colour axis and frequency, the change of the picture over the change of the gradient.

Measured: the ratio of the root mean squares of L-BFGS's own pairs, on two pairs of pictures at 256 px with
VGG-19's five style layers and beta 25 (in arbitrary units). `python -m benchmarks.spectrum` measures it anew.
"""
_POWER: Final = 0.85
"""The whole correction makes the first steps too bold."""


class Spectrum:
    """A symmetric positive linear map of pictures (..., 3, h, w), for one size."""

    def __init__(self, height: int, width: int, device: torch.device) -> None:
        rows = torch.fft.fftfreq(height)[:, None]
        columns = torch.fft.rfftfreq(width)[None]
        knots = torch.tensor(_FREQUENCIES).log()
        place = (rows.square() + columns.square()).sqrt().clamp(_FREQUENCIES[0], _FREQUENCIES[-1]).log()
        above = torch.searchsorted(knots, place).clamp(1, len(knots) - 1)
        part = (place - knots[above - 1]) / (knots[above] - knots[above - 1])
        steps = torch.tensor(_STEPS).log() * _POWER
        gains = (steps[:, above - 1] * (1 - part) + steps[:, above] * part).exp()
        self._gains = (gains / gains.mean()).to(device)
        self._axes = opponent_axes().to(device)
        self.size = (height, width)

    def __call__(self, values: Tensor) -> Tensor:
        opponent = torch.einsum("ij,...jhw->...ihw", self._axes, values)
        opponent = torch.fft.irfft2(torch.fft.rfft2(opponent) * self._gains, s=self.size)
        return torch.einsum("ji,...jhw->...ihw", self._axes, opponent)


def opponent_axes() -> Tensor:
    """Brightness, red against blue, and green against both: an orthonormal basis (3, 3) of RGB."""
    axes = torch.tensor([[1.0, 1.0, 1.0], [1.0, 0.0, -1.0], [1.0, -2.0, 1.0]])
    return F.normalize(axes, dim=1)
