import gc
import itertools
import math

import pytest
import torch
from torch import Tensor

from nst_core.images.picture import Picture
from nst_core.kernels.convolution import EXACT
from nst_core.optim.lbfgs import FIRST_STEP, Lbfgs, Spectrum, opponent_axes
from nst_core.optim.loop import Evaluate
from nst_core.params import Params
from nst_core.run.enlarging import lifted
from nst_core.run.evaluator import Evaluator
from nst_core.run.prepared_job import PreparedJob, StyleTransferJob, network

ONE = torch.ones(1)


class Quadratic:
    """`(x - lowest)^T A (x - lowest) / 2`, A of eigenvalues 1 / condition to 1 in random directions."""

    def __init__(self, seed: int, lowest: Tensor, condition: float) -> None:
        generator = torch.Generator().manual_seed(seed)
        count = lowest.numel()
        basis, _ = torch.linalg.qr(torch.randn(count, count, generator=generator, dtype=torch.float64))
        values = torch.logspace(-math.log10(condition), 0, count, dtype=torch.float64)
        self.matrix = (basis * values @ basis.T).float()
        self.lowest = lowest

    def __call__(self, pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        away = (pictures - self.lowest).flatten(1)
        grads = away @ self.matrix
        totals = 0.5 * (away * grads).sum(dim=1)
        return grads.view_as(pictures), totals, totals[:, None].expand(-1, 5)


def noise(seed: int, height: int, width: int, low: float = 0.3, high: float = 0.7) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return low + (high - low) * torch.rand(1, 3, height, width, generator=generator)


def wavy(pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """A loss with many hollows."""
    phases = 12 * pictures + torch.arange(pictures[0].numel()).view_as(pictures[0])
    totals = (phases.sin() + pictures.square()).sum(dim=(1, 2, 3))
    return 12 * phases.cos() + 2 * pictures, totals, totals[:, None].expand(-1, 5)


class Recorder:
    """An evaluation that remembers the trials, and whose losses come out as `value` at the calls `spoilt`."""

    def __init__(
        self, evaluate: Evaluate, *, value: float = math.nan, spoilt: set[int] | None = None
    ) -> None:
        self._evaluate = evaluate
        self._value, self._spoilt = value, spoilt or set()
        self.trials: list[Tensor] = []

    def __call__(self, pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        self.trials.append(pictures.clone())
        grads, totals, losses = self._evaluate(pictures)
        if len(self.trials) in self._spoilt:
            return grads * math.nan, torch.full_like(totals, self._value), losses * self._value
        return grads, totals, losses


def descend(evaluate: Evaluate, picture: Tensor, steps: int, optimiser: Lbfgs | None = None) -> list[float]:
    """The losses after each step; the picture is changed in place."""
    optimiser = optimiser or Lbfgs(1.0)
    return [optimiser.step(picture, evaluate, ONE)[0, -1].item() for _ in range(steps)]


def length(step: Tensor) -> float:
    return step.square().mean().sqrt().item()


@pytest.mark.parametrize("condition", [1.0, 10.0, 100.0])
@pytest.mark.parametrize(("height", "width"), [(3, 4), (4, 5)])
def test_a_quadratics_minimum_is_found_in_a_few_steps_per_dimension(
    condition: float, height: int, width: int
) -> None:
    """Though the first guess of the inverse Hessian has nothing to do with this one."""
    quadratic = Quadratic(1, noise(2, height, width), condition)
    picture = torch.full((1, 3, height, width), 0.5)
    losses = descend(quadratic, picture, 3 * picture.numel())
    assert losses[-1] < 1e-6 * losses[0]
    torch.testing.assert_close(picture, quadratic.lowest, rtol=0, atol=0.01)


@pytest.mark.parametrize("loss", [Quadratic(3, noise(4, 3, 4, -1.0, 2.0), 300.0), wavy])
def test_the_loss_never_rises(loss: Evaluate) -> None:
    losses = descend(loss, noise(5, 3, 4), 60)
    assert all(later <= earlier for earlier, later in itertools.pairwise(losses))
    assert losses[-1] < losses[0] - 0.1 * abs(losses[0])


def test_the_losses_are_those_of_the_current_picture() -> None:
    optimiser, picture = Lbfgs(1.0), noise(5, 3, 4)
    for _ in range(25):
        losses = optimiser.step(picture, wavy, ONE)
        torch.testing.assert_close(losses, wavy(picture)[2])


@pytest.mark.parametrize("start", [0.0, 0.5, 1.0])
def test_the_minimum_within_the_gamut_is_found_where_the_free_one_lies_outside(start: float) -> None:
    """Karush-Kuhn-Tucker: the gradient is 0 within the bounds, and points outwards at them."""
    quadratic = Quadratic(6, noise(7, 3, 4, -0.5, 1.5), 10.0)
    picture = torch.full((1, 3, 3, 4), start)
    descend(quadratic, picture, 200)
    grads = quadratic(picture)[0]
    low, high = picture == 0, picture == 1
    free = ~low & ~high
    assert min(int(where.sum()) for where in (low, high, free)) > 3
    assert grads[free].abs().max() < 1e-3
    assert grads[low].min() > -1e-3
    assert grads[high].max() < 1e-3


def test_pixels_at_a_bound_are_held_while_the_gradient_points_outwards() -> None:
    """The other pixels find their minimum as if those at the bounds were not there."""
    lowest = noise(8, 2, 4)
    lowest[..., :2] = 2.0
    recorder = Recorder(Quadratic(9, lowest, 1.0))
    picture = noise(10, 2, 4)
    picture[..., :2] = 1.0
    descend(recorder, picture, 30)
    assert all(bool((trial[..., :2] == 1).all()) for trial in recorder.trials)
    torch.testing.assert_close(picture[..., 2:], lowest[..., 2:], rtol=0, atol=1e-3)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_trial_that_is_not_finite_is_refused_and_the_step_halved(value: float) -> None:
    recorder = Recorder(Quadratic(1, noise(2, 3, 4), 10.0), value=value, spoilt={6, 7})
    optimiser, picture = Lbfgs(1.0), torch.full((1, 3, 3, 4), 0.5)
    before_losses = descend(recorder, picture, 5, optimiser)
    before = picture.clone()
    assert descend(recorder, picture, 2, optimiser) == before_losses[-1:] * 2
    assert torch.equal(picture, before)
    (last,) = descend(recorder, picture, 1, optimiser)
    whole, half, quarter = (trial - before for trial in recorder.trials[5:8])
    torch.testing.assert_close(half, 0.5 * whole, rtol=1e-3, atol=1e-6)
    torch.testing.assert_close(quarter, 0.25 * whole, rtol=1e-3, atol=1e-6)
    assert last < before_losses[-1]
    assert bool(picture.isfinite().all())


def test_a_history_whose_direction_never_helps_is_dropped() -> None:
    recorder = Recorder(Quadratic(1, noise(2, 3, 4), 10.0), value=math.inf, spoilt=set(range(6, 13)))
    optimiser, picture = Lbfgs(1.0), torch.full((1, 3, 3, 4), 0.5)
    descend(recorder, picture, 5, optimiser)
    before = picture.clone()
    descend(recorder, picture, 8, optimiser)
    assert length(recorder.trials[12] - before) == pytest.approx(FIRST_STEP, rel=1e-3)
    assert not torch.equal(picture, before)


def test_what_was_forgotten_is_evaluated_first_and_moved_carefully() -> None:
    recorder = Recorder(Quadratic(1, noise(2, 3, 4), 10.0))
    optimiser, picture = Lbfgs(1.0), torch.full((1, 3, 3, 4), 0.5)
    descend(recorder, picture, 4, optimiser)
    optimiser.forget()
    before = picture.clone()
    descend(recorder, picture, 2, optimiser)
    assert torch.equal(recorder.trials[-2], before)
    assert length(recorder.trials[-1] - before) == pytest.approx(FIRST_STEP, rel=1e-3)


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 0, 1]])
def test_no_picture_of_a_batch_disturbs_another(order: list[int]) -> None:
    """Beside one whose trials are refused and one that stands still, each goes as it would alone."""
    quadratic = Quadratic(1, noise(2, 3, 4), 30.0)
    starts = torch.cat([noise(seed, 3, 4) for seed in (11, 12, 13)])
    rates = torch.tensor([1.0, 1.0, 0.0])

    def run(which: list[int]) -> Tensor:
        optimiser, pictures, calls = Lbfgs(1.0), starts[which].clone(), itertools.count()

        def evaluate(given: Tensor) -> tuple[Tensor, Tensor, Tensor]:
            grads, totals, losses = quadratic(given)
            spoilt = next(calls) in {4, 5, 9}
            factors = torch.tensor([math.nan if spoilt and index == 1 else 1.0 for index in which])
            return grads, totals * factors, losses * factors[:, None]

        for _ in range(15):
            optimiser.step(pictures, evaluate, rates[which])
        return pictures

    together = run(order)
    for place, index in enumerate(order):
        torch.testing.assert_close(together[place : place + 1], run([index]), rtol=1e-3, atol=1e-4)
    assert torch.equal(together[order.index(2)], starts[2])
    assert not torch.allclose(together[order.index(1)], starts[1], atol=1e-2)


def test_each_size_begins_with_an_empty_history(chelsea: Picture, starry_night: Picture) -> None:
    prepared = PreparedJob(
        StyleTransferJob(content=chelsea, style=starry_night, params=Params(size=96)),
        torch.device("cpu"),
        EXACT,
    )
    vgg, betas = network(prepared.params, prepared.device, EXACT), torch.tensor([10.0])
    optimiser, coarse = Lbfgs(1.0), prepared.start(48).clone()
    descend(Evaluator([prepared], vgg, 48, betas), coarse, 20, optimiser)
    fine = lifted(coarse, prepared.contents.pixels_at(48), prepared.contents.pixels_at(96), detail=True)
    optimiser.resize(*fine.shape[-2:])
    start, again = fine.clone(), fine.clone()
    recorder = Recorder(Evaluator([prepared], vgg, 96, betas))
    losses = descend(recorder, fine, 4, optimiser)
    assert torch.equal(recorder.trials[0], start)
    assert length(recorder.trials[1] - start) == pytest.approx(FIRST_STEP, rel=0.2)  # less at the bounds
    assert losses == descend(Evaluator([prepared], vgg, 96, betas), again, 4)
    assert losses[-1] < 0.9 * losses[0]


@pytest.mark.parametrize("history", [1, 4])
def test_a_shorter_history_still_descends(history: int) -> None:
    quadratic = Quadratic(1, noise(2, 3, 4), 10.0)
    losses = descend(quadratic, torch.full((1, 3, 3, 4), 0.5), 40, Lbfgs(1.0, history=history))
    assert losses[-1] < 1e-2 * losses[0]


def test_nothing_is_kept_of_a_size_that_is_over() -> None:
    def alive() -> int:
        return sum(type(one) is Tensor and one.shape == pictures.shape for one in gc.get_objects())

    optimiser, pictures = Lbfgs(1.0), noise(1, 7, 9)
    before = alive()
    for _ in range(3):
        optimiser.step(pictures, wavy, ONE)
    assert alive() > before + 3
    optimiser.resize(14, 18)
    assert alive() == before


CPU = torch.device("cpu")


def random(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(8))


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (16, 16), (17, 30)])
def test_the_map_is_symmetric_and_positive(size: tuple[int, int]) -> None:
    spectrum, one, other = Spectrum(*size, CPU), random(3, *size), random(3, *size) + 1
    assert spectrum(one).shape == one.shape
    left, right = (one * spectrum(other)).sum(), (other * spectrum(one)).sum()
    torch.testing.assert_close(left, right, rtol=1e-3, atol=1e-4)
    assert (one * spectrum(one)).sum() > 0


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (6, 6), (7, 5)])
def test_all_eigenvalues_are_positive(size: tuple[int, int]) -> None:
    count = 3 * size[0] * size[1]
    matrix = Spectrum(*size, CPU)(torch.eye(count).view(count, 3, *size)).reshape(count, count).double()
    values = torch.linalg.eigvalsh((matrix + matrix.T) / 2)
    assert values.min() > 1e-3 * values.max()


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (9, 6), (7, 11)])
def test_a_picture_of_one_colour_is_mapped_to_one_of_one_colour(size: tuple[int, int]) -> None:
    flat = Spectrum(*size, CPU)(torch.tensor([0.2, 0.7, 0.4]).view(3, 1, 1).expand(3, *size))
    torch.testing.assert_close(flat, flat[:, :1, :1].expand_as(flat))
    assert flat.abs().max() > 0.1


def test_it_is_linear_and_takes_the_pictures_of_a_batch_apart() -> None:
    spectrum = Spectrum(6, 7, CPU)
    one, other = random(2, 3, 6, 7)
    torch.testing.assert_close(spectrum(2 * one - other), 2 * spectrum(one) - spectrum(other))
    together = spectrum(torch.stack([one, other])[:, None])
    torch.testing.assert_close(together[:, 0], torch.stack([spectrum(one), spectrum(other)]))


def test_a_flat_grey_stays_flat_and_grey() -> None:
    flat = Spectrum(12, 10, CPU)(torch.ones(3, 12, 10))
    torch.testing.assert_close(flat, flat[0, 0, 0].expand_as(flat))


def test_broad_brightness_moves_further_than_fine_brightness() -> None:
    wave = torch.arange(64) / 64 * 2 * torch.pi
    broad, fine = (torch.cos(cycles * wave).expand(3, 64, 64) for cycles in (1, 20))
    spectrum = Spectrum(64, 64, CPU)
    assert spectrum(broad).norm() / broad.norm() > 5 * spectrum(fine).norm() / fine.norm()


def test_the_colour_axes_are_orthonormal() -> None:
    torch.testing.assert_close(opponent_axes() @ opponent_axes().T, torch.eye(3))


def test_after_a_renewal_the_next_trial_is_taken_even_uphill_and_gives_no_pair() -> None:
    bowl = Quadratic(4, noise(5, 6, 7), condition=30)

    def raised(pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        grads, totals, losses = bowl(pictures)
        return grads, totals + 1, losses + 1

    optimiser, picture = Lbfgs(1.0), noise(6, 6, 7)
    for _ in range(5):
        before = optimiser.step(picture, bowl, ONE)
    kept = picture.clone()
    optimiser.step(picture, raised, ONE)
    assert torch.equal(picture, kept), "another loss, of which nobody told it, is a step uphill"
    optimiser, picture = Lbfgs(1.0), noise(6, 6, 7)
    for _ in range(5):
        optimiser.step(picture, bowl, ONE)
    optimiser.renew()
    after = optimiser.step(picture, raised, ONE)
    assert not torch.equal(picture, kept)
    assert after[0, -1] > before[0, -1]
    pairs = [bool(pair.valid.item()) for pair in optimiser._pairs]
    assert not pairs[0]
    assert any(pairs[1:])
    for _ in range(30):
        last = optimiser.step(picture, raised, ONE)
    assert last[0, -1].item() == pytest.approx(1, abs=1e-3)


def test_a_renewal_before_the_first_step_changes_nothing() -> None:
    optimiser = Lbfgs(1.0)
    optimiser.renew()
    picture = noise(6, 6, 7)
    assert optimiser.step(picture, Quadratic(4, noise(5, 6, 7), condition=30), ONE).isfinite().all()
