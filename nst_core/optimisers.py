"""First-order methods over the pixels, each of which keeps every pixel within [0, 1].

Where pixels may leave the gamut and are clipped when saved, the loss falls while the saved picture's rises.
Differs: after each update the picture is projected back, `x <- clamp(x, 0, 1)`.
"""

from collections import deque
from collections.abc import Callable
from typing import Final, Protocol

import torch
import torch.nn.functional as F  # noqa: N812  # PyTorch's own name for it
from torch import Tensor

from nst_core.params import Params

Evaluate = Callable[[Tensor], tuple[Tensor, Tensor]]
"""From a picture to its total loss (scalar) and its figures (5,)."""

ADAM_LR: Final = 0.04
FINER: Final = 0.6
"""Adam's rate at a size, relative to the size before; at the full rate fine sizes speckle."""
EPSILON: Final = 1e-2
"""Adam's epsilon is this over the number of values, since gradients of a mean shrink with that number.

Below it are rounding errors, which would otherwise move pixels that are right at the full rate.
"""
WARM_UP: Final = 10
"""Steps over which Adam's rate grows to the full; at the full rate the first ones speckle flat areas."""
LBFGS_LR: Final = 1.0
GD_STEP: Final = 0.02
"""Plain descent's first step at its own default rate, as the root mean square over the pixels."""


class Optimiser(Protocol):
    """What changes a picture in place, one iteration at a time."""

    decay: float
    """What the learning rate falls to by the end of each scale, as a factor."""

    def step(self, picture: Tensor, evaluate: Evaluate, rate: float) -> Tensor:
        """Updates the picture (1, 3, h, w) and returns the figures (5,) from before the update.

        `rate` is a factor on the learning rate.
        """

    def resize(self, height: int, width: int, /) -> None:
        """Carries the state to another size of picture."""

    def forget(self) -> None:
        """Drops the state, as if no step had been taken."""


def make(params: Params) -> Optimiser:
    """The optimiser that the parameters name."""
    if params.optimizer == "adam":
        unit = 1.0 if params.style_weight is None else max(params.content_weight or 0.0, params.style_weight)
        return Adam(params.lr or ADAM_LR, unit=unit)
    if params.optimizer == "lbfgs":
        return Lbfgs(params.lr or LBFGS_LR)
    return GradientDescent(params.lr)


def gradient(picture: Tensor, evaluate: Evaluate) -> tuple[Tensor, Tensor, Tensor]:
    """The gradient, the total loss and the figures of a picture."""
    with torch.enable_grad():
        leaf = picture.detach().requires_grad_()
        total, row = evaluate(leaf)
        (slope,) = torch.autograd.grad(total, leaf)
    return slope, total.detach(), row


class Adam:
    """Adam (Kingma & Ba, ICLR 2015, algorithm 1), whose moments grow with the picture.

    Differs: no value moves by more than the rate in one step. After a change of size the gradients are larger
    than the moments that were carried over, and the first steps would leave speckles behind.
    """

    decay = 0.1

    def __init__(self, lr: float, *, betas: tuple[float, float] = (0.9, 0.99), unit: float = 1.0) -> None:
        self._lr = lr
        self._betas = betas
        self._unit = unit
        self._count = 0
        self._first: Tensor | None = None
        self._second: Tensor | None = None

    @torch.no_grad()
    def step(self, picture: Tensor, evaluate: Evaluate, rate: float) -> Tensor:
        slope, _, row = gradient(picture, evaluate)
        if self._first is None or self._second is None:
            self._first, self._second = torch.zeros_like(picture), torch.zeros_like(picture)
        self._count += 1
        one, two = self._betas
        self._first.lerp_(slope, 1 - one)
        self._second.lerp_(slope.square(), 1 - two)
        first = self._first / (1 - one**self._count)
        second = self._second / (1 - two**self._count)
        epsilon = EPSILON * self._unit / picture.numel()
        update = (first / (second.sqrt() + epsilon)).clamp_(-1, 1)
        warmth = min(1.0, self._count / WARM_UP)
        picture.sub_(warmth * rate * self._lr * update).clamp_(0, 1)
        return row

    def resize(self, height: int, width: int, /) -> None:
        self._lr *= FINER
        if self._first is None or self._second is None:
            return
        ratio = self._first.shape[-1] * self._first.shape[-2] / (height * width)
        self._first = _enlarged(self._first, height, width) * ratio
        self._second = _enlarged(self._second, height, width) * ratio**2

    def forget(self) -> None:
        self._count = 0
        self._first = self._second = None


class GradientDescent:
    """`x <- x - lr * dLoss/dx`, the paper's plain descent.

    Without a learning rate of one's own, the first step of each size sets it, so that its root mean square is
    GD_STEP whatever size and weights are (a mean over pixels has gradients that shrink with their number); a
    step that raised the loss halves it, any other makes it a little larger.
    """

    decay = 1.0

    def __init__(self, lr: float | None) -> None:
        self._given = lr
        self._lr: Tensor | None = None
        self._last: Tensor | None = None

    @torch.no_grad()
    def step(self, picture: Tensor, evaluate: Evaluate, rate: float) -> Tensor:
        slope, total, row = gradient(picture, evaluate)
        if self._given is not None:
            picture.sub_(rate * self._given * slope).clamp_(0, 1)
            return row
        if self._lr is None or self._last is None:
            self._lr = GD_STEP / slope.square().mean().sqrt().clamp(min=1e-30)
        else:
            self._lr = self._lr * torch.where(total > self._last, 0.5, 1.05)
        self._last = total
        picture.sub_(rate * self._lr * slope).clamp_(0, 1)
        return row

    def resize(self, _height: int, _width: int, /) -> None:
        self.forget()

    def forget(self) -> None:
        self._lr = self._last = None


class Lbfgs:
    """L-BFGS (Liu & Nocedal 1989; two loops as in Nocedal & Wright, algorithm 7.4), projected.

    Differs: pixels at 0 or 1 that the gradient pushes outwards are held; a pair of the history is made of the
    steps as they were after the projection; a step that does not lower the loss is halved (Armijo).
    """

    decay = 1.0
    HISTORY: Final = 12
    """At 1024 x 1024 px, 100 pairs would hold 2.4 GB."""
    TRIES: Final = 6

    def __init__(self, lr: float) -> None:
        self._lr = lr
        self._pairs: deque[tuple[Tensor, Tensor]] = deque(maxlen=self.HISTORY)
        self._here: tuple[Tensor, Tensor, Tensor] | None = None

    @torch.no_grad()
    def step(self, picture: Tensor, evaluate: Evaluate, rate: float) -> Tensor:
        slope, total, row = self._here or gradient(picture, evaluate)
        free = ((picture > 0) | (slope < 0)) & ((picture < 1) | (slope > 0))
        direction = -self._scaled(slope * free) * free
        if torch.sum(direction * slope) >= 0:  # the history misleads: begin again
            self._pairs.clear()
            direction = -self._scaled(slope * free)
        length = self._lr * rate
        for _ in range(self.TRIES):
            there = (picture + length * direction).clamp_(0, 1)
            new_slope, new_total, new_row = gradient(there, evaluate)
            if new_total <= total + 1e-4 * torch.sum(slope * (there - picture)):
                break
            length *= 0.5
        else:
            self._pairs.clear()
            self._here = (slope, total, row)
            return row
        moved, bent = there - picture, new_slope - slope
        if torch.sum(moved * bent) > 1e-10 * bent.norm() * moved.norm():
            self._pairs.append((moved, bent))
        picture.copy_(there)
        self._here = (new_slope, new_total, new_row)
        return row

    def resize(self, _height: int, _width: int, /) -> None:
        self.forget()

    def forget(self) -> None:
        self._pairs.clear()
        self._here = None

    def _scaled(self, slope: Tensor) -> Tensor:
        """The inverse Hessian's guess times the slope; without history, a step of a few 8-bit levels."""
        if not self._pairs:
            return slope * (0.01 / slope.square().mean().sqrt().clamp(min=1e-30))
        result = slope.clone()
        factors = []
        for moved, bent in reversed(self._pairs):
            factor = torch.sum(moved * result) / torch.sum(moved * bent)
            result -= factor * bent
            factors.append(factor)
        moved, bent = self._pairs[-1]
        result *= torch.sum(moved * bent) / bent.square().sum()
        for (moved, bent), factor in zip(self._pairs, reversed(factors), strict=True):
            result += moved * (factor - torch.sum(bent * result) / torch.sum(moved * bent))
        return result


def _enlarged(values: Tensor, height: int, width: int) -> Tensor:
    return F.interpolate(values, size=(height, width), mode="bilinear", align_corners=False)
