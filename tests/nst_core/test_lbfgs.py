import itertools

import pytest
import torch
from torch import Tensor

from nst_core.evaluation import Evaluate
from nst_core.evaluators import Evaluator
from nst_core.hardware import EXACT
from nst_core.images import Picture
from nst_core.lbfgs import Lbfgs
from nst_core.params import Params
from nst_core.studio import Job, Studio, lifted, network

BASE = torch.linspace(0.2, 0.8, 3 * 8 * 8).view(1, 3, 8, 8)
RATE = torch.ones(1)


def valley(lowest: Tensor, steepness: Tensor) -> Evaluate:
    """`sum(steepness * (x - lowest)^2) / 2`, whose figures are the loss five times."""

    def evaluate(pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        apart = pictures - lowest
        totals = (steepness * apart.square()).flatten(1).sum(dim=1) / 2
        return steepness * apart, totals, totals[:, None].expand(-1, 5)

    return evaluate


def losses(optimiser: Lbfgs, pictures: Tensor, evaluate: Evaluate, steps: int) -> list[float]:
    return [optimiser.step(pictures, evaluate, RATE)[0, 0].item() for _ in range(steps)]


def test_it_finds_the_bottom_of_an_ill_conditioned_valley() -> None:
    steepness = torch.logspace(0, 3, BASE.numel()).view_as(BASE)
    found = losses(Lbfgs(1.0), BASE.flip(-1).clone(), valley(BASE, steepness), 150)
    assert found[-1] < 1e-4 * found[0]
    assert all(later <= earlier for earlier, later in itertools.pairwise(found))


def test_pixels_end_at_the_bounds_where_the_bottom_lies_outside() -> None:
    lowest = torch.where(BASE > 0.5, 1.5, -0.5)
    pictures = BASE.clone()
    losses(Lbfgs(1.0), pictures, valley(lowest, torch.ones_like(BASE)), 40)
    torch.testing.assert_close(pictures, lowest.clamp(0, 1), rtol=0, atol=1e-3)


def test_a_trial_that_is_not_a_number_is_refused_and_the_step_halved() -> None:
    bowl, calls = valley(BASE, torch.ones_like(BASE)), itertools.count()

    def stumbling(pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        slopes, totals, rows = bowl(pictures)
        broken = torch.nan if next(calls) == 1 else 1.0
        return slopes * broken, totals * broken, rows * broken

    optimiser, pictures = Lbfgs(1.0), torch.rand(BASE.shape, generator=torch.Generator().manual_seed(1))
    start = pictures.clone()
    first, second = losses(optimiser, pictures, stumbling, 2)
    assert second == first
    torch.testing.assert_close(pictures, start)
    assert losses(optimiser, pictures, stumbling, 3)[-1] < first


def test_the_history_is_carried_in_the_measure_of_the_next_size(
    chelsea: Picture, starry_night: Picture
) -> None:
    params = Params(size=96)
    studio = Studio(Job(content=chelsea, style=starry_night, params=params), torch.device("cpu"), EXACT)
    vgg, betas = network(params, studio.device, EXACT), torch.tensor([10.0])
    optimiser, coarse = Lbfgs(1.0), studio.start(48).clone()
    losses(optimiser, coarse, Evaluator([studio], vgg, 48, betas), 25)
    fine = lifted(coarse, studio.pixels_at(48), studio.pixels_at(96), detail=True)
    optimiser.resize(*fine.shape[-2:])
    found = losses(optimiser, fine, Evaluator([studio], vgg, 96, betas), 3)
    assert (
        found[1] < 0.95 * found[0]
    )  # the whole first step is right at once: it is neither refused nor timid
    assert found[2] < found[1]


@pytest.mark.parametrize("history", [1, 4])
def test_a_shorter_history_still_descends(history: int) -> None:
    found = losses(
        Lbfgs(1.0, history=history), BASE.flip(-1).clone(), valley(BASE, torch.ones_like(BASE)), 20
    )
    assert found[-1] < 1e-2 * found[0]
