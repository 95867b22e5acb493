import pytest
import torch
from torch import Tensor

from nst_core.descent import Descent
from nst_core.errors import EngineError
from nst_core.optimisers import Adam


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
    assert all(later[0] < earlier[0] for earlier, later in zip(rows, rows[1:], strict=False))


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


def test_the_rate_falls_to_a_tenth_within_a_scale() -> None:
    picture = torch.full((1, 3, 2, 2), 0.9)
    moves = []
    for _ in Descent(optimiser=Adam(0.01), steps=40).run(picture, flat, 40):
        moves.append(picture.mean().item())
    first, last = moves[0] - moves[1], moves[-2] - moves[-1]
    assert last / first == pytest.approx(0.1, rel=0.15)
