"""L-BFGS over the pixels of a batch: one evaluation per step, and no decision that waits for the device.

Source: Liu & Nocedal 1989; Nocedal & Wright, "Numerical Optimization", algorithm 7.4 and equation 3.4.
Differs: pixels at 0 or 1 that the gradient pushes outwards are held, and every step is projected into [0, 1];
the pairs of the history hold the step after that projection, and a rejected step takes a place there too; the
initial inverse Hessian is a `Spectrum` instead of a multiple of the identity; each picture of the batch
accepts or rejects its own step.
"""

import math
from collections import deque
from dataclasses import dataclass
from typing import Final

import torch
import torch.nn.functional as F  # noqa: N812  # PyTorch's own name for it
from torch import Tensor

from nst_core.memory import HISTORY
from nst_core.optim.loop import Evaluate

FIRST_STEP: Final = 0.01
"""Root mean square of the first step, while there is no history to scale it."""
_ARMIJO: Final = 1e-4
_SHORTEST: Final = 0.02
"""A step rejected at less than this length drops the history, whose direction must be wrong."""
_TINY: Final = 1e-30

_FREQUENCIES: Final = (0.003, 0.009, 0.016, 0.025, 0.037, 0.052, 0.075, 0.105, 0.15, 0.215, 0.3, 0.425, 0.6)
"""In cycles per pixel."""
_GAINS: Final = (
    (282.0, 125.0, 94.0, 53.0, 41.0, 27.0, 18.0, 12.9, 8.8, 6.5, 5.25, 5.0, 11.2),
    (156.0, 84.0, 57.0, 37.0, 29.0, 23.0, 17.7, 14.9, 13.5, 14.8, 20.4, 44.0, 131.0),
    (43.0, 39.0, 33.0, 23.0, 20.7, 18.0, 15.0, 13.2, 11.3, 10.3, 12.0, 26.5, 67.0),
)
"""Per colour axis and frequency, the change of the picture over the change of the gradient.

Measured: the ratio of the root mean squares of L-BFGS's own pairs, on two pairs of pictures at 256 px with
VGG-19's five style layers and beta 25 (in arbitrary units). `python -m benchmarks.spectrum` measures it anew.
"""
_EXPONENT: Final = 0.85
"""The whole correction makes the first steps too long."""


class Lbfgs:
    """Projected L-BFGS with a spectral initial inverse Hessian."""

    decay = 1.0

    def __init__(self, lr: float, *, history: int = HISTORY) -> None:
        self._lr = lr
        self._history = history
        self._spectrum: Spectrum | None = None
        self._pairs: deque[_Pair] = deque(maxlen=history)  # newest first
        self._scale = _EMPTY  # (b,), by which the newest pair corrects the initial inverse Hessian
        self._grads = self._totals = self._losses = self._direction = self._length = _EMPTY
        self._known = _EMPTY  # (b,), whether the loss of the picture itself is known

    @torch.no_grad()
    def step(self, pictures: Tensor, evaluate: Evaluate, rate: Tensor) -> Tensor:
        """Evaluates the pictures themselves at first, then one trial per call, taken where it is lower."""
        if self._spectrum is None:
            self._reset(pictures)
        known = self._known
        length = _column(torch.where(known, self._length * rate * self._lr, 0.0))
        trials = (pictures + length * self._direction).clamp_(0, 1)
        grads, totals, losses = evaluate(trials)
        grads = grads.contiguous()
        steps = trials - pictures
        accepted = ~known | (totals <= self._totals + _ARMIJO * _dot(self._grads, steps))
        self._store_pair(steps, grads - self._grads, accepted & known & self._totals.isfinite())
        self._update_length(accepted)
        pictures.copy_(torch.where(_column(accepted), trials, pictures))
        self._totals = torch.where(accepted, totals, self._totals)
        self._grads = torch.where(_column(accepted), grads, self._grads)
        self._losses = torch.where(accepted[:, None], losses, self._losses)
        self._known = torch.ones_like(known)
        self._update_direction(pictures)
        return self._losses

    def resize(self, _height: int, _width: int, /) -> None:
        """Starts anew: each size has a curvature of its own, and the history of another one misleads."""
        self._spectrum = None
        self._pairs.clear()
        self._grads = self._direction = _EMPTY  # frees their memory for the next size's targets

    def renew(self) -> None:
        """The next trial is taken as it is, since there is no loss to compare it with, and gives no pair."""
        if self._spectrum is not None:
            self._totals = torch.full_like(self._totals, math.inf)

    def forget(self, which: Tensor | None = None) -> None:
        if self._spectrum is None:
            return
        which = torch.ones_like(self._known) if which is None else which
        self._known = self._known & ~which
        self._drop_pairs(which)
        self._direction = torch.where(_column(which), 0.0, self._direction)

    def _reset(self, pictures: Tensor) -> None:
        batch, _, height, width = pictures.shape
        self._spectrum = Spectrum(height, width, pictures.device)
        self._pairs.clear()
        self._scale = pictures.new_ones(batch)
        self._grads = self._direction = torch.zeros_like(pictures)
        self._totals, self._length = pictures.new_zeros(batch), pictures.new_ones(batch)
        self._losses = pictures.new_zeros(batch, 5)
        self._known = torch.zeros_like(self._totals, dtype=torch.bool)

    def _store_pair(self, steps: Tensor, changes: Tensor, accepted: Tensor) -> None:
        """Adds a pair, which is invalid for pictures whose step was rejected or has no positive curvature."""
        assert self._spectrum is not None
        curvature = _dot(steps, changes)
        valid = accepted & (curvature > 1e-10 * (_dot(steps, steps) * _dot(changes, changes)).sqrt())
        # not a product: rejected ones may not be finite
        steps, changes = (torch.where(_column(valid), part, 0.0) for part in (steps, changes))
        scale = curvature / _dot(changes, self._spectrum(changes)).clamp(min=_TINY)
        self._scale = torch.where(valid, scale, self._scale)
        self._pairs.appendleft(_Pair(steps=steps, changes=changes, curvature=curvature, valid=valid))

    def _drop_pairs(self, which: Tensor) -> None:
        for pair in self._pairs:
            pair.valid = pair.valid & ~which

    def _update_length(self, accepted: Tensor) -> None:
        """The full step next where this one was accepted, half of this one where it was not."""
        misled = ~accepted & (self._length < _SHORTEST)
        self._drop_pairs(misled)
        self._length = torch.where(accepted | misled, 1.0, 0.5 * self._length)

    def _update_direction(self, pictures: Tensor) -> None:
        """The next search direction; a history that leads uphill is dropped."""
        free = ((pictures > 0) | (self._grads < 0)) & ((pictures < 1) | (self._grads > 0))
        grads = self._grads * free
        direction = -self._inverse_hessian_times(grads) * free
        uphill = _dot(direction, grads) >= 0
        self._drop_pairs(uphill)
        steepest = -grads * _column(FIRST_STEP / _rms(grads))
        self._direction = torch.where(_column(uphill), steepest, direction)

    def _inverse_hessian_times(self, grads: Tensor) -> Tensor:
        """The estimated inverse Hessian times the gradients (b, 3, h, w), by the two-loop recursion."""
        assert self._spectrum is not None
        result = grads.clone()
        factors = []
        for pair in self._pairs:
            factor = pair.over_curvature(pair.steps, result)
            result.addcmul_(pair.changes, _column(factor), value=-1)
            factors.append(factor)
        result = self._spectrum(result)
        has_pair = torch.zeros_like(self._known)
        for pair in self._pairs:
            has_pair = has_pair | pair.valid
        result *= _column(torch.where(has_pair, self._scale, FIRST_STEP / _rms(result)))
        for pair, factor in zip(reversed(self._pairs), reversed(factors), strict=True):
            result.addcmul_(pair.steps, _column(factor - pair.over_curvature(pair.changes, result)))
        return result


@dataclass(slots=True, kw_only=True)
class _Pair:
    """Steps (b, 3, h, w) and the changes of the gradients over them; it counts where `valid` (b,)."""

    steps: Tensor
    changes: Tensor
    curvature: Tensor  # (b,), their inner products
    valid: Tensor

    def over_curvature(self, one: Tensor, other: Tensor) -> Tensor:
        """`one . other` over the curvature (b,); 0 where the pair is invalid."""
        return torch.where(self.valid, _dot(one, other) / self.curvature, 0.0)


class Spectrum:
    """The preconditioner: how far a picture of one size may move at each frequency and in each colour.

    It is a symmetric positive definite linear map of gradients (..., 3, h, w). The loss is steep in fine
    brightness and flat in broad washes, in colour, and close to the Nyquist frequency, which VGG hardly sees.
    Steps that undo this need a fraction of the iterations.
    """

    def __init__(self, height: int, width: int, device: torch.device) -> None:
        down, across = torch.fft.fftfreq(height)[:, None], torch.fft.rfftfreq(width)[None]
        knots = torch.tensor(_FREQUENCIES).log()
        place = (down.square() + across.square()).sqrt().clamp(_FREQUENCIES[0], _FREQUENCIES[-1]).log()
        above = torch.searchsorted(knots, place).clamp(1, len(knots) - 1)
        part = (place - knots[above - 1]) / (knots[above] - knots[above - 1])
        measured = torch.tensor(_GAINS).log() * _EXPONENT
        gains = (measured[:, above - 1] * (1 - part) + measured[:, above] * part).exp()
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


_EMPTY: Final = torch.empty(0)


def _dot(one: Tensor, other: Tensor) -> Tensor:
    """Inner products (b,) of pictures."""
    if len(one) == 1:
        return torch.dot(one.flatten(), other.flatten())[None]  # without their product in memory
    return (one * other).sum(dim=(-3, -2, -1))


def _rms(values: Tensor) -> Tensor:
    """Root mean squares (b,) of pictures, above 0."""
    return values.square().mean(dim=(-3, -2, -1)).sqrt().clamp(min=_TINY)


def _column(values: Tensor) -> Tensor:
    """(b,) as (b, 1, 1, 1)."""
    return values[..., None, None, None]
