"""The iterations at one size, watched for losses that are not finite and for those that stand still."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import torch
from torch import Tensor

from nst_core.errors import EngineError
from nst_core.optim.evaluation import Evaluate
from nst_core.optim.first_order import Optimiser

RETRIES: Final = 2
_PENALTY: Final = 0.1
WINDOW: Final = 20
"""Steps over which the loss is averaged before its slope is judged; the least that a size gets."""


@dataclass(slots=True, kw_only=True)
class OptimizationLoop:
    """Runs an optimiser over the whole pyramid; at each scale the learning rate falls anew.

    Attributes:
        optimiser: What changes the pictures.
        steps: The iterations of the whole run.
        stops: Per picture the relative fall of the averaged loss per step that ends a size; 0 never does.
        read_every: Iterations between two looks at the losses; each waits for the device.
        done: The iterations so far, those that an early stop saved among them.
        taken: Per picture the iterations that really were taken.
        notes: Per picture what went otherwise than asked.
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

    def run(self, pictures: Tensor, evaluate: Evaluate, steps: int) -> Iterator[Tensor]:
        """Takes up to `steps` iterations on the pictures, in place; yields the figures (b, 5) at each look.

        A loss that is not finite takes its picture back to the last look and lowers the rate, twice at most.

        Raises:
            EngineError: the loss is not finite even so.
        """
        begun, end = self.done, self.done + steps
        self._penalties = self._penalties.to(pictures.device)
        watch = [_Watch(stop=stop) for stop in self.stops]
        sound, retries = pictures.clone(), 0
        while self.done < end and not all(one.still for one in watch):
            running = torch.tensor([float(not one.still) for one in watch], device=pictures.device)
            count = min(self.read_every, end - self.done)
            rows = []
            for step in range(self.done - begun, self.done - begun + count):
                rate = self._penalties * running * self.optimiser.decay ** (step / steps)
                rows.append(self.optimiser.step(pictures, evaluate, rate))
            look = torch.stack(rows).cpu()
            finite = look.isfinite().all(dim=2).all(dim=0) & pictures.isfinite().flatten(1).all(dim=1).cpu()
            if not bool(finite.all()):
                retries += 1
                self._take_back(pictures, sound, ~finite, retries)
                continue
            self.done += count
            sound.copy_(pictures)
            for n, one in enumerate(watch):
                self.taken[n] += 0 if one.still else count
                one.look(look[:, n, -1].tolist())
            yield look[-1]
        self.done = end

    def _take_back(self, pictures: Tensor, sound: Tensor, lost: Tensor, retries: int) -> None:
        if retries > RETRIES:
            raise EngineError("The loss is not finite, even at a lower learning rate: lower the weights.")
        which = lost.to(pictures.device)
        pictures.copy_(torch.where(which[:, None, None, None], sound, pictures))
        self._penalties = torch.where(which, self._penalties * _PENALTY, self._penalties)
        self.optimiser.forget(which)
        for n in torch.nonzero(lost).flatten().tolist():
            self.notes[n].append(f"The loss was not finite at step {self.done + 1}: the rate was lowered.")


@dataclass(slots=True, kw_only=True)
class _Watch:
    """Says when the loss of one picture stands still: its mean over a window against the window before.

    Where it rises, or comes back from a rise, it does not: Adam's first steps at a size may overshoot.
    """

    stop: float
    still: bool = False
    losses: list[float] = field(default_factory=list)
    lowest: float = math.inf

    def look(self, losses: list[float]) -> None:
        self.losses.extend(losses)
        if self.stop <= 0 or len(self.losses) < WINDOW:
            return
        half = WINDOW // 2
        earlier, later = (sum(part) / half for part in (self.losses[-WINDOW:-half], self.losses[-half:]))
        self.lowest = min(self.lowest, earlier)
        small = self.stop * half * abs(earlier)
        self.still = earlier - later < small and later - self.lowest < small
