"""Adam and plain gradient descent over the pixels, and the choice of an optimiser.

Differs: after each update the picture is projected back into the gamut, `x <- clamp(x, 0, 1)`. Where pixels
may leave it and are clipped when the picture is saved, the loss falls while that of the saved picture rises.
"""

from collections.abc import Sequence
from typing import Final

import torch
import torch.nn.functional as F  # noqa: N812  # PyTorch's own name for it
from torch import Tensor

from nst_core.memory import HISTORY
from nst_core.optim.lbfgs import Lbfgs
from nst_core.optim.loop import Evaluate, Optimiser
from nst_core.params import Params

ADAM_LR: Final = 0.04
FINER: Final = 0.6
"""Adam's learning rate at a size, relative to the size before; at the full rate fine sizes speckle."""
EPSILON: Final = 1e-2
"""Adam's epsilon is this over the number of values, since gradients of a mean shrink with that number.

Below it are rounding errors, which would otherwise move converged pixels at the full rate.
"""
WARM_UP: Final = 10
"""Steps over which Adam's rate grows to the full; otherwise the first ones speckle flat areas."""
LBFGS_LR: Final = 1.0
"""The whole step."""
GD_STEP: Final = 0.02
"""Plain descent's first step at its own default rate, as the root mean square over the pixels."""


def make(params: Sequence[Params], *, history: int = HISTORY) -> Optimiser:
    """The optimiser for a batch; its kind and learning rate are those of the first picture.

    `history` is the number of pairs that L-BFGS keeps.
    """
    first = params[0]
    if first.optimizer == "adam":
        return Adam(first.lr or ADAM_LR, units=tuple(_unit(one) for one in params))
    if first.optimizer == "lbfgs":
        return Lbfgs(first.lr or LBFGS_LR, history=history)
    return GradientDescent(first.lr)


def _unit(params: Params) -> float:
    """The scale of the loss, so that Adam's epsilon means the same in the raw form."""
    return max(params.content_weight or 0.0, params.style_weight) if params.style_weight is not None else 1.0


class Adam:
    """Adam (Kingma & Ba, ICLR 2015, algorithm 1), whose moments are carried to larger sizes.

    Differs: no value moves by more than the rate in one step. After a change of size the gradients are larger
    than the moments that were carried over, and the first steps would leave speckles behind.
    """

    decay = 0.1

    def __init__(
        self, lr: float, *, betas: tuple[float, float] = (0.9, 0.99), units: tuple[float, ...] = (1.0,)
    ) -> None:
        self._lr = lr
        self._betas = betas
        self._units = units
        self._count = _EMPTY
        self._first = self._second = _EMPTY

    @torch.no_grad()
    def step(self, pictures: Tensor, evaluate: Evaluate, rate: Tensor) -> Tensor:
        grads, _, losses = evaluate(pictures)
        if self._first is _EMPTY:
            self._first, self._second = torch.zeros_like(pictures), torch.zeros_like(pictures)
            self._count = pictures.new_zeros(len(pictures))
        self._count += 1
        one, two = self._betas
        self._first.lerp_(grads, 1 - one)
        self._second.lerp_(grads.square(), 1 - two)
        first = self._first / _column(1 - one**self._count)
        second = self._second / _column(1 - two**self._count)
        units = torch.tensor(self._units, device=pictures.device)
        epsilon = _column(EPSILON * units / pictures[0].numel())
        update = (first / (second.sqrt() + epsilon)).clamp_(-1, 1)
        warmth = (self._count / WARM_UP).clamp(max=1.0)
        pictures.sub_(_column(warmth * rate * self._lr) * update).clamp_(0, 1)
        return losses

    def resize(self, height: int, width: int, /) -> None:
        self._lr *= FINER
        if self._first is _EMPTY:
            return
        ratio = self._first.shape[-1] * self._first.shape[-2] / (height * width)
        self._first = _enlarged(self._first, height, width) * ratio
        self._second = _enlarged(self._second, height, width) * ratio**2

    def renew(self) -> None:
        """Nothing: the averages of the gradients are of much the same loss."""

    def forget(self, which: Tensor | None = None) -> None:
        if self._first is _EMPTY:
            return
        lost = torch.ones_like(self._count, dtype=torch.bool) if which is None else which
        self._count = torch.where(lost, 0.0, self._count)
        self._first = torch.where(_column(lost), 0.0, self._first)  # not a product: it may hold NaN
        self._second = torch.where(_column(lost), 0.0, self._second)


class GradientDescent:
    """`x <- x - lr * dLoss/dx`, the paper's plain descent.

    Where no learning rate is given, the first step of each size sets it so that the root mean square of that
    step is GD_STEP, whatever the size and the weights (the gradients of a mean over pixels shrink with their
    number). A step that raised the loss halves it; any other raises it by 5 %.
    """

    decay = 1.0

    def __init__(self, lr: float | None) -> None:
        self._given = lr
        self._lr = self._last = _EMPTY  # (b,); the last loss is NaN before the first step

    @torch.no_grad()
    def step(self, pictures: Tensor, evaluate: Evaluate, rate: Tensor) -> Tensor:
        grads, totals, losses = evaluate(pictures)
        if self._given is not None:
            pictures.sub_(_column(rate * self._given) * grads).clamp_(0, 1)
            return losses
        if self._lr is _EMPTY:
            self._lr, self._last = torch.ones_like(totals), torch.full_like(totals, torch.nan)
        own = GD_STEP / grads.square().mean(dim=(1, 2, 3)).sqrt().clamp(min=1e-30)
        adapted = self._lr * torch.where(totals > self._last, 0.5, 1.05)
        self._lr = torch.where(self._last.isnan(), own, adapted)
        self._last = totals
        pictures.sub_(_column(rate * self._lr) * grads).clamp_(0, 1)
        return losses

    def resize(self, _height: int, _width: int, /) -> None:
        self.forget()

    def renew(self) -> None:
        self.forget()

    def forget(self, which: Tensor | None = None) -> None:
        if self._last is not _EMPTY:
            lost = torch.ones_like(self._last, dtype=torch.bool) if which is None else which
            self._last = torch.where(lost, torch.nan, self._last)


_EMPTY: Final = torch.empty(0)


def _column(values: Tensor) -> Tensor:
    """(b,) as (b, 1, 1, 1)."""
    return values[:, None, None, None]


def _enlarged(values: Tensor, height: int, width: int) -> Tensor:
    return F.interpolate(values, size=(height, width), mode="bilinear", align_corners=False)
