import itertools

import pytest
import torch
from torch import Tensor

from nst_core.descent import Descent
from nst_core.errors import EngineError
from nst_core.optimisers import Adam, Evaluate


def flat(picture: Tensor) -> tuple[Tensor, Tensor]:
    total = picture.mean()
    return total, total.detach().expand(5)


class Stumbling:
    """A loss that is not a number at the given evaluations."""

    def __init__(self, *, at: set[int]) -> None:
        self.count = 0
        self._at = at

    def __call__(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        self.count += 1
        total, row = flat(picture)
        return (total * torch.nan, row * torch.nan) if self.count in self._at else (total, row)


@pytest.mark.parametrize("read_every", [1, 4])
def test_all_steps_are_taken_and_looked_at(read_every: int) -> None:
    descent = Descent(optimiser=Adam(0.01), steps=10, read_every=read_every)
    rows = list(descent.run(torch.full((1, 3, 4, 4), 0.9), flat, 10))
    assert len(rows) == -(-10 // read_every)
    assert descent.done == 10
    assert all(later[0] < earlier[0] for earlier, later in itertools.pairwise(rows))


@pytest.mark.parametrize("read_every", [1, 4])
def test_a_loss_that_is_not_finite_takes_the_picture_back_and_lowers_the_rate(read_every: int) -> None:
    descent = Descent(optimiser=Adam(0.01), steps=8, read_every=read_every)
    picture = torch.full((1, 3, 4, 4), 0.9)
    rows = list(descent.run(picture, Stumbling(at={5}), 8))
    assert descent.done == 8
    assert descent.penalty == pytest.approx(0.1)
    assert len(descent.notes) == 1
    assert all(bool(row.isfinite().all()) for row in rows)
    assert bool(picture.isfinite().all())


def test_a_loss_that_stays_not_finite_is_an_error() -> None:
    descent = Descent(optimiser=Adam(0.01), steps=9)
    with pytest.raises(EngineError, match="not finite"):
        list(descent.run(torch.full((1, 3, 4, 4), 0.9), Stumbling(at=set(range(3, 99))), 9))


def test_leaving_off_ends_the_work_at_once() -> None:
    evaluate = Stumbling(at=set())
    running = Descent(optimiser=Adam(0.01), steps=50).run(torch.rand(1, 3, 4, 4), evaluate, 50)
    next(iter(running))
    next(iter(running))
    assert evaluate.count == 2


class Recorder(Adam):
    """Adam that remembers the rates it was given."""

    def __init__(self) -> None:
        super().__init__(0.01)
        self.rates: list[float] = []

    def step(self, picture: Tensor, evaluate: Evaluate, rate: float) -> Tensor:
        self.rates.append(rate)
        return super().step(picture, evaluate, rate)


def test_the_rate_falls_to_a_tenth_within_each_scale() -> None:
    recorder = Recorder()
    descent = Descent(optimiser=recorder, steps=80)
    for _ in range(2):
        list(descent.run(torch.full((1, 3, 2, 2), 0.9), flat, 40))
    assert recorder.rates[0] == recorder.rates[40] == 1
    assert recorder.rates[39] == recorder.rates[79] == pytest.approx(0.1, rel=0.1)
