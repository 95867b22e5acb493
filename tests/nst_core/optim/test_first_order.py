import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from nst_core.optim import first_order
from nst_core.optim.first_order import Adam, GradientDescent
from nst_core.optim.lbfgs import Lbfgs
from nst_core.optim.loop import Optimiser
from nst_core.params import Optimizer, Params

TARGET = torch.tensor([0.2, 0.9, 0.4]).view(1, 3, 1, 1).expand(1, 3, 6, 5)


RATE = torch.ones(1)


def evaluation(loss: Callable[[Tensor], Tensor], picture: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients, total and all losses of pictures (b, 3, h, w) by autograd, of a loss (b,)."""
    with torch.enable_grad():
        leaf = picture.detach().requires_grad_()
        total = loss(leaf)
        (grad,) = torch.autograd.grad(total.sum(), leaf)
    return grad, total.detach(), total.detach()[:, None].expand(-1, 5)


def bowl(picture: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """A valley ten times as steep in one channel as in another, lowest at TARGET."""
    steepness = torch.tensor([1.0, 3.0, 10.0]).view(1, 3, 1, 1)
    return evaluation(lambda p: (steepness * (p - TARGET).square()).mean(dim=(1, 2, 3)), picture)


def outside(picture: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Lowest far outside the gamut."""
    return evaluation(lambda p: (p - 3).square().mean(dim=(1, 2, 3)), picture)


def loss(picture: Tensor) -> float:
    return bowl(picture)[1].item()


def start() -> Tensor:
    return torch.rand(1, 3, 6, 5, generator=torch.Generator().manual_seed(2))


def descend(optimiser: Optimiser, steps: int) -> Tensor:
    picture = start()
    for _ in range(steps):
        optimiser.step(picture, bowl, RATE)
    return picture


@pytest.mark.parametrize("name", ["adam", "lbfgs", "gd"])
def test_each_optimiser_finds_the_bottom_of_a_valley(name: Optimizer) -> None:
    picture = descend(first_order.make([Params(optimizer=name)]), 150)
    assert loss(picture) < 1e-3 * loss(start())


@pytest.mark.parametrize("name", ["adam", "lbfgs", "gd"])
def test_no_pixel_leaves_the_gamut(name: Optimizer) -> None:
    optimiser, picture = first_order.make([Params(optimizer=name)]), start()
    for _ in range(60):
        optimiser.step(picture, outside, RATE)
        assert 0 <= picture.min() <= picture.max() <= 1
    assert picture.min() > 0.99


def test_plain_descent_with_a_rate_is_the_papers_update() -> None:
    picture = start()
    grad, _, _ = bowl(picture)
    GradientDescent(lr=2.0).step(picture, bowl, RATE)
    torch.testing.assert_close(picture, (start() - 2.0 * grad).clamp(0, 1))


def test_plain_descents_own_rate_does_not_depend_on_the_losss_scale() -> None:
    pictures = []
    for scale in (1e-6, 1.0, 1e6):

        def scaled_bowl(picture: Tensor, scale: float = scale) -> tuple[Tensor, Tensor, Tensor]:
            grad, total, losses = bowl(picture)
            return scale * grad, scale * total, losses

        picture, optimiser = start(), GradientDescent(lr=None)
        for _ in range(20):
            optimiser.step(picture, scaled_bowl, RATE)
        pictures.append(picture)
    torch.testing.assert_close(pictures[0], pictures[1], rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(pictures[2], pictures[1], rtol=1e-3, atol=1e-4)


def test_lbfgs_beats_adam_on_a_smooth_valley() -> None:
    assert loss(descend(Lbfgs(1.0), 15)) < loss(descend(Adam(0.03), 15))


def test_lbfgs_never_raises_the_loss() -> None:
    optimiser, picture = Lbfgs(1.0), start()
    last = math.inf
    for _ in range(20):
        total = optimiser.step(picture, bowl, RATE)[0, 0].item()
        assert total <= last
        last = total


def test_adams_state_is_carried_to_a_finer_size() -> None:
    optimiser, picture = Adam(0.03), start()
    for _ in range(10):
        optimiser.step(picture, outside, RATE)
    optimiser.resize(12, 10)
    finer = torch.full((1, 3, 12, 10), 0.5)
    optimiser.step(finer, outside, RATE)
    torch.testing.assert_close(finer, torch.full_like(finer, 0.518), rtol=0, atol=1e-3)


@pytest.mark.parametrize("name", ["adam", "lbfgs", "gd"])
def test_a_flat_loss_moves_nothing(name: Optimizer) -> None:
    optimiser, picture = first_order.make([Params(optimizer=name)]), start()
    for _ in range(3):
        optimiser.step(picture, lambda p: (p * 0, torch.zeros(1), torch.zeros(1, 5)), RATE)
    torch.testing.assert_close(picture, start())


@pytest.mark.parametrize("name", ["adam", "lbfgs", "gd"])
def test_each_picture_of_a_batch_goes_its_own_way(name: Optimizer) -> None:
    alone = descend(first_order.make([Params(optimizer=name)]), 12)
    optimiser = first_order.make([Params(optimizer=name)] * 2)
    pair = torch.cat([start(), 1 - start()])
    for _ in range(12):
        optimiser.step(pair, bowl, torch.ones(2))
    torch.testing.assert_close(pair[:1], alone, rtol=1e-4, atol=1e-5)
    assert not torch.allclose(pair[1:], alone, atol=1e-3)


@pytest.mark.parametrize("name", ["adam", "lbfgs", "gd"])
def test_a_picture_at_rate_0_stays_as_it_is(name: Optimizer) -> None:
    optimiser = first_order.make([Params(optimizer=name)] * 2)
    pair = start().repeat(2, 1, 1, 1)
    for _ in range(5):
        optimiser.step(pair, bowl, torch.tensor([1.0, 0.0]))
    torch.testing.assert_close(pair[1:], start())
    assert loss(pair[:1]) < 0.9 * loss(start())


# Which optimiser, and what it carries from size to size -------------------------------------------------


def made(*params: Params, history: int = 4) -> Optimiser:
    return first_order.make(params, history=history)


@pytest.mark.parametrize(("given", "rate"), [(None, first_order.ADAM_LR), (0.1, 0.1)])
def test_adam_takes_the_rate_of_the_first_picture(given: float | None, rate: float) -> None:
    optimiser = made(Params(optimizer="adam", lr=given), Params(optimizer="adam", lr=0.3))
    assert isinstance(optimiser, Adam)
    assert optimiser._lr == rate


@pytest.mark.parametrize(("given", "rate"), [(None, first_order.LBFGS_LR), (0.5, 0.5)])
def test_l_bfgs_takes_the_rate_and_as_many_pairs_as_it_is_told(given: float | None, rate: float) -> None:
    optimiser = made(Params(optimizer="lbfgs", lr=given), history=3)
    assert isinstance(optimiser, Lbfgs)
    assert (optimiser._lr, optimiser._history, optimiser._pairs.maxlen) == (rate, 3, 3)


@pytest.mark.parametrize("given", [None, 0.5])
def test_plain_descent_takes_the_rate(given: float | None) -> None:
    optimiser = made(Params(optimizer="gd", lr=given))
    assert isinstance(optimiser, GradientDescent)
    assert optimiser._given == given


def test_adam_s_epsilon_follows_the_larger_weight_of_the_raw_form() -> None:
    raw = [
        Params(optimizer="adam", content_weight=content, style_weight=style)
        for content, style in ((2.0, 5.0), (8.0, 5.0), (0.0, 0.5))
    ]
    optimiser = made(Params(optimizer="adam"), *raw)
    assert isinstance(optimiser, Adam)
    assert optimiser._units == (1.0, 5.0, 8.0, 0.5)


def two_bowls(optimiser: Optimiser, steps: int = 3) -> None:
    """Some steps on two pictures, which are not alike."""
    pictures = torch.cat([start(), 1 - start()])
    for _ in range(steps):
        optimiser.step(pictures, bowl, torch.ones(2))


def test_adam_s_moments_are_enlarged_as_gradients_of_a_mean_shrink() -> None:
    optimiser = Adam(0.04, units=(1.0, 1.0))
    two_bowls(optimiser)
    first, second = optimiser._first.clone(), optimiser._second.clone()
    optimiser.resize(12, 15)  # from 6 x 5: a sixth
    assert optimiser._lr == pytest.approx(0.04 * first_order.FINER)
    for moment, before, factor in ((optimiser._first, first, 1 / 6), (optimiser._second, second, 1 / 36)):
        wanted = torch.nn.functional.interpolate(before, size=(12, 15), mode="bilinear") * factor
        torch.testing.assert_close(moment, wanted)


def test_before_the_first_step_a_change_of_size_lowers_adam_s_rate_alone() -> None:
    optimiser = Adam(0.04)
    optimiser.resize(12, 15)
    optimiser.forget()
    assert optimiser._lr == pytest.approx(0.04 * first_order.FINER)
    assert optimiser._first.numel() == optimiser._count.numel() == 0


def test_adam_forgets_one_picture_and_keeps_the_other() -> None:
    optimiser = Adam(0.04, units=(1.0, 1.0))
    two_bowls(optimiser)
    optimiser._first[0], optimiser._second[0] = torch.nan, torch.nan
    first, second = optimiser._first[1].clone(), optimiser._second[1].clone()
    optimiser.forget(torch.tensor([True, False]))
    assert optimiser._count.tolist() == [0.0, 3.0]
    assert not optimiser._first[0].any()
    assert not optimiser._second[0].any()
    torch.testing.assert_close(optimiser._first[1], first)
    torch.testing.assert_close(optimiser._second[1], second)


def test_adam_forgets_all() -> None:
    optimiser = Adam(0.04, units=(1.0, 1.0))
    two_bowls(optimiser)
    optimiser.forget()
    assert optimiser._count.tolist() == [0.0, 0.0]
    assert not optimiser._first.any()
    assert not optimiser._second.any()


def test_plain_descent_forgets_one_loss_and_keeps_the_other() -> None:
    optimiser = GradientDescent(None)
    optimiser.forget()
    assert optimiser._last.numel() == 0
    two_bowls(optimiser)
    kept = optimiser._last[1].item()
    optimiser.forget(torch.tensor([True, False]))
    assert math.isnan(optimiser._last[0].item())
    assert optimiser._last[1].item() == kept


def test_plain_descent_forgets_all_losses_at_a_new_size() -> None:
    optimiser = GradientDescent(None)
    two_bowls(optimiser)
    assert not optimiser._last.isnan().any()
    optimiser.resize(12, 15)
    assert optimiser._last.shape == (2,)
    assert optimiser._last.isnan().all()
