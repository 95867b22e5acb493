import pytest
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.breakdown import breakdown
from benchmarks.flops import convolutions, flops
from benchmarks.utilisation import measure, peak
from nst_core.kernels.convolution import EXACT
from nst_core.losses.objective import Objective
from nst_core.losses.style import Target
from nst_core.losses.terms import gram
from nst_core.models.vgg import Vgg
from nst_core.params import PUBLISHED, Params

CPU = torch.device("cpu")


@pytest.mark.parametrize(("edge_px", "wanted"), [(256, 99.2e9), (512, 397e9), (1024, 1588e9)])
def test_an_iteration_has_the_operations_that_the_method_counts(edge_px: int, wanted: float) -> None:
    assert flops(edge_px, edge_px) == pytest.approx(wanted, rel=0.01)


@pytest.mark.parametrize(("height", "width"), [(64, 64), (48, 80), (37, 51)])
def test_operations_agree_with_pytorchs_own_count(height: int, width: int, vgg19: dict[str, Tensor]) -> None:
    params = Params(**PUBLISHED)
    vgg = Vgg(vgg19)
    picture = torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(0))
    taps = vgg(picture, params.style_layers)
    target = Target(grams=[gram(taps[layer])[0] for layer in params.style_layers])
    objective = Objective(vgg, picture, [[target]], [params])
    with FlopCounterMode(display=False) as counter:
        objective.gradient(picture)
    assert counter.get_total_flops() == flops(height, width)


def test_a_breakdown_counts_every_operation_once() -> None:
    rows = breakdown(32, CPU, EXACT, repeats=1)
    assert sum(row["flops"] for row in rows) == flops(32, 32)
    assert {row["part"] for row in rows} >= {"conv1_1 backward", "block 5", "five Grams"}


def test_the_convolutions_end_at_conv5_1_with_poolings_rounded_up() -> None:
    last = convolutions(37, 51)[-1]
    assert (last.name, last.height, last.width) == ("conv5_1", 3, 4)


def test_an_iteration_of_a_batch_is_measured_beside_the_peak() -> None:
    row = measure(CPU, EXACT, 32, 2, repeats=1)
    assert row["flops"] == 2 * flops(32, 32)
    assert row["flops_per_s"] == pytest.approx(row["flops"] / row["seconds"])
    assert peak(CPU, "float32", (32,)) > 0
