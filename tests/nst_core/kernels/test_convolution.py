import pytest
import torch
import torch.nn.functional as F  # noqa: N812  # PyTorch's own name for it

from nst_core.kernels import winograd
from nst_core.kernels.convolution import Convolution
from nst_core.kernels.precision import choose_precision

CPU = torch.device("cpu")


@pytest.mark.parametrize("padding", [0, 1])
@pytest.mark.parametrize("precision", ["float32", "winograd", "bfloat16"])
def test_in_any_precision_it_is_pytorchs_own(precision: str, padding: int) -> None:
    generator = torch.Generator().manual_seed(0)
    weight = 0.05 * torch.randn(160, 128, 3, 3, generator=generator)
    bias, features = torch.randn(160, generator=generator), torch.randn(1, 128, 40, 50, generator=generator)
    chosen = choose_precision(CPU, precision)
    convolution = Convolution(weight, bias, device=CPU, precision=chosen)
    found = convolution(features.to(chosen.dtype), padding=padding)
    assert found.dtype is chosen.dtype
    expected = F.conv2d(features, weight, bias, padding=padding)
    tolerance = 0.02 if precision == "bfloat16" else 1e-5
    assert (found - expected).norm() < tolerance * expected.norm()


def test_small_and_narrow_ones_are_computed_directly() -> None:
    wide, narrow = torch.empty(128, 128, 3, 3), torch.empty(64, 128, 3, 3)
    assert winograd.gains(torch.empty(1, 128, 32, 32), wide)
    assert not winograd.gains(torch.empty(1, 128, 32, 31), wide)
    assert not winograd.gains(torch.empty(9, 128, 32, 31), wide)  # a picture must not depend on its company
    assert not winograd.gains(torch.empty(1, 128, 320, 320), narrow)
