"""The iterations at one size, watched for losses that are not finite."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import torch
from torch import Tensor

from nst_core.errors import EngineError
from nst_core.optimisers import Evaluate, Optimiser

RETRIES: Final = 2
_PENALTY: Final = 0.1


@dataclass(slots=True, kw_only=True)
class Descent:
    """Runs an optimiser over the whole pyramid; at each scale the learning rate falls anew.

    Attributes:
        optimiser: What changes the picture.
        steps: The iterations of the whole run.
        read_every: Iterations between two looks at the losses; each waits for the device.
        done: The iterations so far.
        penalty: Factor on the learning rate; below 1 after a loss that was not finite.
    """

    optimiser: Optimiser
    steps: int
    read_every: int = 1
    done: int = 0
    penalty: float = 1.0
    notes: list[str] = field(default_factory=list)

    def run(self, picture: Tensor, evaluate: Evaluate, steps: int) -> Iterator[Tensor]:
        """Takes `steps` iterations on the picture, in place; yields the figures (5,) at each look.

        A loss that is not finite takes the picture back to the last look and lowers the rate, twice at most.

        Raises:
            EngineError: the loss is not finite even so.
        """
        end = self.done + steps
        sound, sound_at = picture.clone(), self.done
        retries = 0
        while self.done < end:
            rows = []
            for _ in range(min(self.read_every, end - self.done)):
                rate = self.penalty * self.optimiser.decay ** (1 - (end - self.done) / steps)
                rows.append(self.optimiser.step(picture, evaluate, rate))
                self.done += 1
            row = torch.stack(rows).cpu()
            if bool(row.isfinite().all() and picture.isfinite().all()):
                sound.copy_(picture)
                sound_at = self.done
                yield row[-1]
                continue
            retries += 1
            if retries > RETRIES:
                raise EngineError("The loss is not finite, even at a lower learning rate: lower the weights.")
            picture.copy_(sound)
            self.done = sound_at
            self.penalty *= _PENALTY
            self.optimiser.forget()
            self.notes.append(f"The loss was not finite at step {self.done + 1}: the rate was lowered.")
