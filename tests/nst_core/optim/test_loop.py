import itertools

import pytest
import torch
from torch import Tensor

from nst_core.errors import EngineError
from nst_core.optim.first_order import Adam
from nst_core.optim.loop import WINDOW, Evaluate, OptimizationLoop


def flat(picture: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The mean, which falls alike wherever the picture is."""
    total = picture.mean(dim=(1, 2, 3))
    return torch.full_like(picture, 1 / picture[0].numel()), total, total[:, None].expand(-1, 5)


class Stumbling:
    """A loss that is not a number at the given evaluations."""

    def __init__(self, *, at: set[int]) -> None:
        self.count = 0
        self._at = at

    def __call__(self, picture: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        self.count += 1
        grad, total, losses = flat(picture)
        factor = torch.nan if self.count in self._at else 1.0
        return grad * factor, total * factor, losses * factor


@pytest.mark.parametrize("read_every", [1, 4])
def test_all_steps_are_taken_and_looked_at(read_every: int) -> None:
    loop = OptimizationLoop(optimiser=Adam(0.01), steps=10, read_every=read_every, stops=[0.0])
    losses = list(loop.run(torch.full((1, 3, 4, 4), 0.9), flat, 10))
    assert len(losses) == -(-10 // read_every)
    assert loop.done == 10
    assert all(later[0, 0] < earlier[0, 0] for earlier, later in itertools.pairwise(losses))


@pytest.mark.parametrize("read_every", [1, 4])
def test_a_loss_that_is_not_finite_takes_the_picture_back_and_lowers_the_rate(read_every: int) -> None:
    loop = OptimizationLoop(optimiser=Adam(0.01), steps=8, read_every=read_every, stops=[0.0])
    picture = torch.full((1, 3, 4, 4), 0.9)
    losses = list(loop.run(picture, Stumbling(at={5}), 8))
    assert loop.done == 8
    assert loop.notes == [["The loss was not finite at step 5: the rate was lowered."]]
    assert all(bool(one.isfinite().all()) for one in losses)
    assert bool(picture.isfinite().all())


def test_a_loss_that_stays_not_finite_is_an_error() -> None:
    loop = OptimizationLoop(optimiser=Adam(0.01), steps=9, stops=[0.0])
    with pytest.raises(EngineError, match="not finite"):
        list(loop.run(torch.full((1, 3, 4, 4), 0.9), Stumbling(at=set(range(3, 99))), 9))


def test_leaving_off_ends_the_work_at_once() -> None:
    evaluate = Stumbling(at=set())
    running = OptimizationLoop(optimiser=Adam(0.01), steps=50, stops=[0.0]).run(
        torch.rand(1, 3, 4, 4), evaluate, 50
    )
    next(iter(running))
    next(iter(running))
    assert evaluate.count == 2


class Recorder(Adam):
    """Adam that remembers the rates it was given."""

    def __init__(self) -> None:
        super().__init__(0.01)
        self.rates: list[float] = []

    def step(self, picture: Tensor, evaluate: Evaluate, rate: Tensor) -> Tensor:
        self.rates.append(rate.item())
        return super().step(picture, evaluate, rate)


def test_the_rate_falls_to_a_tenth_within_each_scale() -> None:
    recorder = Recorder()
    loop = OptimizationLoop(optimiser=recorder, steps=80, stops=[0.0])
    for _ in range(2):
        list(loop.run(torch.full((1, 3, 2, 2), 0.9), flat, 40))
    assert recorder.rates[0] == recorder.rates[40] == 1
    assert recorder.rates[39] == recorder.rates[79] == pytest.approx(0.1, rel=0.1)


def test_one_picture_that_is_not_finite_leaves_the_others_alone() -> None:
    def half_broken(pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        grad, total, losses = flat(pictures)
        calls.append(0)
        broken = torch.tensor([1.0, torch.nan if len(calls) == 4 else 1.0])
        return grad * broken[:, None, None, None], total * broken, losses * broken[:, None]

    calls: list[int] = []
    loop = OptimizationLoop(optimiser=Adam(0.01, units=(1.0, 1.0)), steps=10, stops=[0.0, 0.0])
    pictures = torch.full((2, 3, 4, 4), 0.9)
    list(loop.run(pictures, half_broken, 10))
    assert [len(notes) for notes in loop.notes] == [0, 1]
    assert bool(pictures.isfinite().all())
    assert pictures[0].mean() < pictures[1].mean() < 0.9


def test_a_loss_that_stands_still_ends_a_size_early_and_only_its_own_picture() -> None:
    def one_still(pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        grad, total, losses = flat(pictures)
        moving = torch.tensor([0.0, 1.0])
        still = torch.tensor([1.0, 0.0])
        return (
            grad * moving[:, None, None, None],
            total * moving + still,
            losses * moving[:, None] + still[:, None],
        )

    loop = OptimizationLoop(optimiser=Adam(0.002, units=(1.0, 1.0)), steps=60, stops=[1e-5, 1e-5])
    pictures = torch.full((2, 3, 4, 4), 0.9)
    list(loop.run(pictures, one_still, 60))
    assert loop.taken == [WINDOW, 60]
    assert loop.done == 60


@pytest.mark.parametrize("read_every", [1, 10])
def test_a_loss_that_comes_back_from_a_rise_does_not_end_a_size(read_every: int) -> None:
    course = iter([*range(60, 50, -1), *range(50, 70), *range(70, 30, -1)])

    def overshoot(pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        grad, _, _ = flat(pictures)
        total = torch.full((1,), float(next(course)))
        return grad, total, total[:, None].expand(-1, 5)

    loop = OptimizationLoop(optimiser=Adam(0.002), steps=70, read_every=read_every, stops=[0.001])
    list(loop.run(torch.full((1, 3, 4, 4), 0.9), overshoot, 70))
    assert loop.taken == [70]


class Listening(Adam):
    """Counts how often it is told that the loss has become another."""

    renewals = 0

    def renew(self) -> None:
        self.renewals += 1


@pytest.mark.parametrize("changed", [True, False])
def test_the_loss_is_renewed_every_twelve_steps_and_the_optimiser_hears_of_it(*, changed: bool) -> None:
    optimiser, seen = Listening(0.01), []

    def renew(picture: Tensor) -> bool:
        seen.append(picture.mean().item())
        return changed

    loop = OptimizationLoop(optimiser=optimiser, steps=60, stops=[0.0])
    picture = torch.full((1, 3, 4, 4), 0.9)
    list(loop.run(picture, flat, 30, renew=renew))
    assert len(seen) == 2
    list(loop.run(picture, flat, 12, renew=renew))
    assert len(seen) == 2, "a size begins with matches of its own"
    assert seen[0] > seen[1]
    assert optimiser.renewals == (2 if changed else 0)
