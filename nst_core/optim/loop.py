"""The iterations at one size: steps to a loss that is not finite are undone, and a plateau ends the size."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, Protocol

import torch
from torch import Tensor

from nst_core.errors import EngineError

RETRIES: Final = 2
_PENALTY: Final = 0.1
WINDOW: Final = 20
"""Steps whose losses are compared, the later half with the earlier; each size gets at least so many."""

RENEWED_EVERY: Final = 12
"""Iterations from one renewal of the loss to the next."""

Evaluate = Callable[[Tensor], tuple[Tensor, Tensor, Tensor]]
"""From pictures (b, 3, h, w) to their gradients (b, 3, h, w), total losses (b,) and all losses (b, 5)."""


class Optimiser(Protocol):
    """Updates a batch of pictures in place, with one evaluation per iteration."""

    decay: float
    """What the learning rate falls to by the end of each scale, as a factor."""

    def step(self, pictures: Tensor, evaluate: Evaluate, rate: Tensor) -> Tensor:
        """Updates the pictures (b, 3, h, w) and returns their last known losses (b, 5).

        `rate` (b,) is a factor on each picture's learning rate; at 0 a picture stays as it is. Where the
        evaluation raises an error nothing is changed.
        """

    def resize(self, height: int, width: int, /) -> None:
        """Carries the state to another size of picture."""

    def renew(self) -> None:
        """The loss has become another, though a similar one: what it was at the pictures no longer holds."""

    def forget(self, which: Tensor | None = None) -> None:
        """Resets the state of the pictures `which` (b,), by default of all, as if they had taken no step."""


@dataclass(slots=True, kw_only=True)
class OptimizationLoop:
    """Runs an optimiser over the whole pyramid; at each scale the learning rate falls anew.

    Attributes:
        optimiser: Updates the pictures.
        steps: The iterations of the whole run.
        stops: Per picture, the relative fall of the averaged loss per step below which a size ends; 0: never.
        read_every: Iterations between two readings of the losses; each reading waits for the device.
        done: The iterations so far, including those that an early stop saved.
        taken: Per picture, the iterations that were really taken.
        notes: Per picture, sentences about what was done differently from what was asked.
    """

    optimiser: Optimiser
    steps: int
    stops: list[float]
    read_every: int = 1
    done: int = 0
    taken: list[int] = field(default_factory=list)
    notes: list[list[str]] = field(default_factory=list)
    _penalties: Tensor = field(init=False)

    def __post_init__(self) -> None:
        self._penalties = torch.ones(len(self.stops))
        self.taken = [0] * len(self.stops)
        self.notes = [[] for _ in self.stops]

    def run(
        self,
        pictures: Tensor,
        evaluate: Evaluate,
        steps: int,
        *,
        renew: Callable[[Tensor], bool] | None = None,
    ) -> Iterator[Tensor]:
        """Takes up to `steps` iterations on the pictures, in place; yields the losses (b, 5) at each reading.

        `renew` is called with the pictures every RENEWED_EVERY iterations; it says whether that changed the
        loss.
        Where a loss is not finite, its picture goes back to the last reading and its learning rate to a
        tenth, twice at most.

        Raises:
            EngineError: the loss is still not finite after that.
        """
        begun, end = self.done, self.done + steps
        self._penalties = self._penalties.to(pictures.device)
        plateaus = [_Plateau(stop=stop) for stop in self.stops]
        last_finite, retries = pictures.clone(), 0
        while self.done < end and not all(plateau.reached for plateau in plateaus):
            running = torch.tensor(
                [float(not plateau.reached) for plateau in plateaus], device=pictures.device
            )
            count = min(self.read_every, end - self.done)
            unread = []
            for step in range(self.done - begun, self.done - begun + count):
                if renew is not None and step > 0 and step % RENEWED_EVERY == 0 and renew(pictures):
                    self.optimiser.renew()
                rate = self._penalties * running * self.optimiser.decay ** (step / steps)
                unread.append(self.optimiser.step(pictures, evaluate, rate))
            losses = torch.stack(unread).cpu()  # (count, b, 5)
            finite = losses.isfinite().all(dim=2).all(dim=0) & pictures.isfinite().flatten(1).all(dim=1).cpu()
            if not bool(finite.all()):
                retries += 1
                self._undo(pictures, last_finite, ~finite, retries)
                continue
            self.done += count
            last_finite.copy_(pictures)
            for n, plateau in enumerate(plateaus):
                self.taken[n] += 0 if plateau.reached else count
                plateau.add(losses[:, n, -1].tolist())
            yield losses[-1]
        self.done = end

    def _undo(self, pictures: Tensor, last_finite: Tensor, lost: Tensor, retries: int) -> None:
        if retries > RETRIES:
            raise EngineError("The loss is not finite, even at a lower learning rate: lower the weights.")
        which = lost.to(pictures.device)
        pictures.copy_(torch.where(which[:, None, None, None], last_finite, pictures))
        self._penalties = torch.where(which, self._penalties * _PENALTY, self._penalties)
        self.optimiser.forget(which)
        for n in torch.nonzero(lost).flatten().tolist():
            self.notes[n].append(f"The loss was not finite at step {self.done + 1}: the rate was lowered.")


@dataclass(slots=True, kw_only=True)
class _Plateau:
    """Whether the loss of one picture no longer falls: its mean over half a window against the half before.

    A loss that rises, or comes back from a rise, is no plateau: Adam's first steps at a size may overshoot.
    """

    stop: float
    reached: bool = False
    losses: list[float] = field(default_factory=list)
    lowest: float = math.inf

    def add(self, losses: list[float]) -> None:
        self.losses.extend(losses)
        if self.stop <= 0 or len(self.losses) < WINDOW:
            return
        half = WINDOW // 2
        earlier, later = (sum(part) / half for part in (self.losses[-WINDOW:-half], self.losses[-half:]))
        self.lowest = min(self.lowest, earlier)
        small = self.stop * half * abs(earlier)
        self.reached = earlier - later < small and later - self.lowest < small
