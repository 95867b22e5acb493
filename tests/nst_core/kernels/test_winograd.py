import pytest
import torch
import torch.nn.functional as F  # noqa: N812  # PyTorch's own name for it
from torch import Tensor

from nst_core.kernels.winograd import convolve, kernels_of


def random(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


@pytest.mark.parametrize("padding", [0, 1, 2])
@pytest.mark.parametrize(
    ("batch", "inputs", "outputs", "height", "width"),
    [
        (1, 3, 5, 4, 4),
        (2, 4, 3, 9, 14),
        (1, 1, 1, 3, 3),
        (3, 2, 6, 5, 3),
        (1, 2, 2, 70, 50),
        (2, 2, 3, 6, 900),
    ],
)
def test_values_and_gradients_are_those_of_a_direct_convolution(
    batch: int, inputs: int, outputs: int, height: int, width: int, padding: int
) -> None:
    features = random(batch, inputs, height, width).requires_grad_()
    weight, bias = random(outputs, inputs, 3, 3, seed=1), random(outputs, seed=2)
    found = convolve(features, kernels_of(weight), bias, padding=padding)
    expected = F.conv2d(features, weight, bias, padding=padding)
    torch.testing.assert_close(found, expected, rtol=1e-11, atol=1e-11)
    seed = random(*expected.shape, seed=3)
    grads = [torch.autograd.grad(each, features, seed)[0] for each in (found, expected)]
    torch.testing.assert_close(*grads, rtol=1e-11, atol=1e-11)


def test_a_single_position_passes() -> None:
    features, weight, bias = random(1, 2, 1, 1), random(3, 2, 3, 3, seed=1), random(3, seed=2)
    found = convolve(features, kernels_of(weight), bias)
    torch.testing.assert_close(found, F.conv2d(features, weight, bias, padding=1))


@pytest.mark.parametrize(("channels", "height", "width"), [(128, 40, 60), (256, 21, 32), (512, 20, 32)])
def test_a_picture_comes_out_the_same_alone_and_among_others(channels: int, height: int, width: int) -> None:
    features = random(3, channels, height, width, dtype=torch.float32)
    kernels = kernels_of(random(channels, channels, 3, 3, seed=1, dtype=torch.float32))
    bias = random(channels, seed=2, dtype=torch.float32)
    together = convolve(features, kernels, bias)
    for number, one in enumerate(together):
        assert torch.equal(one, convolve(features[number : number + 1], kernels, bias)[0])


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_any_memory_format_is_taken_and_channels_are_last_after_it(
    memory_format: torch.memory_format,
) -> None:
    features = random(2, 8, 12, 20).contiguous(memory_format=memory_format)
    weight, bias = random(6, 8, 3, 3, seed=1), random(6, seed=2)
    found = convolve(features, kernels_of(weight), bias)
    assert found.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(found, F.conv2d(features, weight, bias, padding=1))


def test_float32_rounds_to_a_few_millionths() -> None:
    """Beside a direct convolution in float64, as many channels as VGG has."""
    features, weight, bias = (
        random(1, 512, 22, 32),
        0.05 * random(512, 512, 3, 3, seed=1),
        random(512, seed=2),
    )
    exact = F.conv2d(features, weight, bias, padding=1)
    found = convolve(features.float(), kernels_of(weight).float(), bias.float())
    assert (found - exact).norm() < 1e-5 * exact.norm()


def test_the_result_can_be_changed_in_place_as_a_relu_does() -> None:
    features = random(1, 4, 8, 8).requires_grad_()
    weight, bias = random(4, 4, 3, 3, seed=1), random(4, seed=2)
    found = F.relu(convolve(features, kernels_of(weight), bias), inplace=True).square().sum()
    expected = F.relu(F.conv2d(features, weight, bias, padding=1)).square().sum()
    torch.testing.assert_close(*(torch.autograd.grad(each, features)[0] for each in (found, expected)))
