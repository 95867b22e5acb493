"""L-BFGS over the pixels of a batch: one evaluation a step, and nothing that waits for the device.

Source: Liu & Nocedal 1989; Nocedal & Wright, "Numerical Optimization", algorithm 7.4 and equation 3.4.
Differs: pixels at 0 or 1 that the gradient pushes outwards are held, and every step is projected into [0, 1];
a pair of the history is made of the step as it was after that, and a refused step has a place there too; the
first guess of the inverse Hessian is a `Spectrum` and not a multiple of the identity; each picture of the
batch accepts or refuses its own step.
"""

from collections import deque
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from nst_core.memory import HISTORY
from nst_core.optim.evaluation import Evaluate
from nst_core.optim.spectrum import Spectrum

FIRST_STEP: Final = 0.01
"""Root mean square of the first step's change, where there is no history to tell a better one."""
_ARMIJO: Final = 1e-4
_SHORTEST: Final = 0.02
"""A step refused at less than this drops the history, which must have misled."""
_TINY: Final = 1e-30


class Lbfgs:
    """Projected L-BFGS with a spectral first guess."""

    decay = 1.0

    def __init__(self, lr: float, *, history: int = HISTORY) -> None:
        self._lr = lr
        self._history = history
        self._spectrum: Spectrum | None = None
        self._pairs: deque[_Pair] = deque(maxlen=history)  # newest first
        self._scale = _EMPTY  # (b,), by which the newest pair corrects the first guess
        self._grads = self._totals = self._rows = self._direction = self._length = _EMPTY
        self._known = _EMPTY  # (b,), whether the picture's own loss is known

    @torch.no_grad()
    def step(self, pictures: Tensor, evaluate: Evaluate, rate: Tensor) -> Tensor:
        """One evaluation: of the picture itself at first, then of the next trial, taken where it is lower."""
        if self._spectrum is None:
            self._begin(pictures)
        known = self._known
        length = _column(torch.where(known, self._length * rate * self._lr, 0.0))
        trials = (pictures + length * self._direction).clamp_(0, 1)
        grads, totals, rows = evaluate(trials)
        grads = grads.contiguous()
        moved = trials - pictures
        accepted = ~known | (totals <= self._totals + _ARMIJO * _dot(self._grads, moved))
        self._remember(moved, grads - self._grads, accepted & known)
        self._adapt(accepted)
        pictures.copy_(torch.where(_column(accepted), trials, pictures))
        self._totals = torch.where(accepted, totals, self._totals)
        self._grads = torch.where(_column(accepted), grads, self._grads)
        self._rows = torch.where(accepted[:, None], rows, self._rows)
        self._known = torch.ones_like(known)
        self._aim(pictures)
        return self._rows

    def resize(self, _height: int, _width: int, /) -> None:
        """Begins anew: a size has a curvature of its own, and the history of the one before misleads."""
        self._spectrum = None
        self._pairs.clear()
        self._grads = self._direction = _EMPTY  # what they hold is free for the next size's targets

    def forget(self, which: Tensor | None = None) -> None:
        if self._spectrum is None:
            return
        which = torch.ones_like(self._known) if which is None else which
        self._known = self._known & ~which
        self._drop(which)
        self._direction = torch.where(_column(which), 0.0, self._direction)

    def _begin(self, pictures: Tensor) -> None:
        batch, _, height, width = pictures.shape
        self._spectrum = Spectrum(height, width, pictures.device)
        self._pairs.clear()
        self._scale = pictures.new_ones(batch)
        self._grads = self._direction = torch.zeros_like(pictures)
        self._totals, self._length = pictures.new_zeros(batch), pictures.new_ones(batch)
        self._rows = pictures.new_zeros(batch, 5)
        self._known = torch.zeros_like(self._totals, dtype=torch.bool)

    def _remember(self, moved: Tensor, bent: Tensor, accepted: Tensor) -> None:
        """A pair more; of a picture whose step was refused, or tells nothing, it has no say."""
        assert self._spectrum is not None
        curvature = _dot(moved, bent)
        kept = accepted & (curvature > 1e-10 * (_dot(moved, moved) * _dot(bent, bent)).sqrt())
        moved, bent = (torch.where(_column(kept), part, 0.0) for part in (moved, bent))  # perhaps not finite
        scale = curvature / _dot(bent, self._spectrum(bent)).clamp(min=_TINY)
        self._scale = torch.where(kept, scale, self._scale)
        self._pairs.appendleft(_Pair(moved=moved, bent=bent, curvature=curvature, valid=kept))

    def _drop(self, which: Tensor) -> None:
        for pair in self._pairs:
            pair.valid = pair.valid & ~which

    def _adapt(self, accepted: Tensor) -> None:
        """The whole step next where this one was taken, half of it where it was not."""
        misled = ~accepted & (self._length < _SHORTEST)
        self._drop(misled)
        self._length = torch.where(accepted | misled, 1.0, 0.5 * self._length)

    def _aim(self, pictures: Tensor) -> None:
        """The next direction; where the history points uphill it is dropped."""
        free = ((pictures > 0) | (self._grads < 0)) & ((pictures < 1) | (self._grads > 0))
        grads = self._grads * free
        direction = -self._scaled(grads) * free
        uphill = _dot(direction, grads) >= 0
        self._drop(uphill)
        plain = -grads * _column(FIRST_STEP / _rms(grads))
        self._direction = torch.where(_column(uphill), plain, direction)

    def _scaled(self, grads: Tensor) -> Tensor:
        """The guess of the inverse Hessian times the slopes, by the two loops."""
        assert self._spectrum is not None
        result = grads.clone()
        factors = []
        for pair in self._pairs:
            factor = pair.part(pair.moved, result)
            result.addcmul_(pair.bent, _column(factor), value=-1)
            factors.append(factor)
        result = self._spectrum(result)
        curved = torch.zeros_like(self._known)
        for pair in self._pairs:
            curved = curved | pair.valid
        result *= _column(torch.where(curved, self._scale, FIRST_STEP / _rms(result)))
        for pair, factor in zip(reversed(self._pairs), reversed(factors), strict=True):
            result.addcmul_(pair.moved, _column(factor - pair.part(pair.bent, result)))
        return result


@dataclass(slots=True, kw_only=True)
class _Pair:
    """How pictures moved (b, 3, h, w) and how their gradients bent; it counts where `valid` (b,)."""

    moved: Tensor
    bent: Tensor
    curvature: Tensor
    valid: Tensor

    def part(self, one: Tensor, other: Tensor) -> Tensor:
        """`one . other` over the curvature (b,)."""
        return torch.where(self.valid, _dot(one, other) / self.curvature, 0.0)


_EMPTY: Final = torch.empty(0)


def _dot(one: Tensor, other: Tensor) -> Tensor:
    """Inner products (b,) of pictures."""
    if len(one) == 1:
        return torch.dot(one.flatten(), other.flatten())[None]  # without their product in memory
    return (one * other).sum(dim=(-3, -2, -1))


def _rms(values: Tensor) -> Tensor:
    return values.square().mean(dim=(-3, -2, -1)).sqrt().clamp(min=_TINY)


def _column(values: Tensor) -> Tensor:
    """(b,) as (b, 1, 1, 1)."""
    return values[..., None, None, None]
