import pytest
import torch
from torch import Tensor

from nst_core.kernels.precision import choose_precision
from nst_core.losses.objective import Objective
from nst_core.losses.style import Target
from nst_core.losses.terms import gram
from nst_core.models.vgg import Vgg
from nst_core.params import STYLE_LAYERS, Params
from nst_core.run.evaluator import Graphed

gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")


def evaluate(pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    totals = pictures.square().flatten(1).sum(dim=1)
    return 2 * pictures, totals, totals[:, None].expand(-1, 5).clone()


@gpu
def test_a_graph_gives_what_the_plain_call_gives_at_every_replay() -> None:
    graphed = Graphed(evaluate, torch.zeros(2, 3, 8, 8, device="cuda"))
    for seed in range(3):
        generator = torch.Generator("cuda").manual_seed(seed)
        pictures = torch.rand(2, 3, 8, 8, device="cuda", generator=generator)
        for found, expected in zip(graphed(pictures), evaluate(pictures), strict=True):
            torch.testing.assert_close(found, expected)


@gpu
def test_what_a_replay_returned_is_not_overwritten_by_the_next() -> None:
    graphed = Graphed(evaluate, torch.zeros(1, 3, 8, 8, device="cuda"))
    first = graphed(torch.full((1, 3, 8, 8), 0.5, device="cuda"))
    kept = [values.clone() for values in first]
    graphed(torch.ones(1, 3, 8, 8, device="cuda"))
    for values, before in zip(first, kept, strict=True):
        assert torch.equal(values, before)


@gpu
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_the_objective_is_captured_with_its_values_and_follows_its_betas(
    precision: str, vgg19: dict[str, Tensor]
) -> None:
    device = torch.device("cuda")
    vgg = Vgg(vgg19, device=device, precision=choose_precision(device, precision))
    generator = torch.Generator(device).manual_seed(1)
    contents, styles, *pictures = torch.rand(5, 2, 3, 64, 64, device=device, generator=generator)
    params = [Params(beta=3.0), Params(beta=40.0, tv=1.0)]
    taps = vgg(styles, STYLE_LAYERS)
    wanted = [[Target(grams=[gram(taps[layer])[n] for layer in STYLE_LAYERS])] for n in range(2)]
    objective = Objective(vgg, contents, wanted, params)
    graphed = Graphed(objective.gradient, contents)
    close = 1e-3 if precision == "float32" else 3e-2
    for given in (*pictures, pictures[0]):
        for found, expected in zip(graphed(given), objective.gradient(given), strict=True):
            assert (found - expected).norm() <= close * expected.norm()
        objective.betas.mul_(1.5)


@gpu
def test_what_cannot_be_captured_is_called_plainly_on_the_stream_it_was() -> None:
    """`item` waits for the device, which no graph can."""

    def waiting(given: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        grads, totals, losses = evaluate(given)
        return grads, totals * (2.0 if totals.sum().item() > 0 else 1.0), losses

    stream = torch.cuda.current_stream()
    graphed = Graphed(waiting, torch.ones(1, 3, 8, 8, device="cuda"))
    for value in (0.5, 1.0):
        given = torch.full((1, 3, 8, 8), value, device="cuda")
        torch.testing.assert_close(graphed(given)[1], 2 * evaluate(given)[1])
        assert torch.cuda.current_stream() == stream
