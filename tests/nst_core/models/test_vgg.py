from typing import Any

import pytest
import torch
from torch import Tensor

from nst_core.errors import ParamsError
from nst_core.kernels.convolution import EXACT, Precision
from nst_core.kernels.precision import choose_precision
from nst_core.models import weights
from nst_core.models.vgg import MEAN, STD, Vgg
from nst_core.models.weights import torchvision_models
from nst_core.params import layers_of

PICTURE = torch.rand(1, 3, 48, 64, generator=torch.Generator().manual_seed(5))


@pytest.mark.parametrize("network", ["vgg19", "vgg16"])
def test_every_layer_is_torchvisions_own(network: str) -> None:
    loaded = weights.load(network)
    models: Any = torchvision_models()
    reference = getattr(models, network)().features[: 30 if network == "vgg19" else 26]
    reference.load_state_dict({key.removeprefix("features."): v for key, v in loaded.items()}, strict=True)
    hidden = (PICTURE - torch.tensor(MEAN).view(1, 3, 1, 1)) / torch.tensor(STD).view(1, 3, 1, 1)
    expected = []
    with torch.no_grad():
        for module in reference:
            hidden = module(hidden)
            if isinstance(module, torch.nn.ReLU):
                expected.append(hidden.clone())
    taps = Vgg(loaded)(PICTURE, layers_of(network))
    assert list(taps) == list(layers_of(network))
    for tap, value in zip(taps.values(), expected, strict=True):
        torch.testing.assert_close(tap, value, rtol=1e-4, atol=1e-4)


def test_bfloat16_is_near_float32(vgg19: dict[str, Tensor]) -> None:
    fast = Vgg(vgg19, precision=choose_precision(torch.device("cpu"), "bfloat16"))
    exact = Vgg(vgg19)(PICTURE, ["relu4_2"])["relu4_2"]
    rounded = fast(PICTURE, ["relu4_2"])["relu4_2"]
    assert rounded.dtype is torch.bfloat16
    assert (rounded.float() - exact).norm() < 0.03 * exact.norm()


@pytest.mark.parametrize(("height", "width"), [(128, 192), (150, 131)])
def test_by_winograd_values_and_gradients_are_those_of_float32(
    height: int, width: int, vgg19: dict[str, Tensor]
) -> None:
    picture = torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(6)).requires_grad_()
    layers = ["relu3_1", "relu4_2", "relu5_1"]
    values, grads = [], []
    for name in ("float32", "winograd"):
        taps = Vgg(vgg19, precision=choose_precision(torch.device("cpu"), name))(picture, layers)
        values.append([tap.detach() for tap in taps.values()])
        total = torch.stack([tap.square().mean() for tap in taps.values()]).sum()
        grads.append(torch.autograd.grad(total, picture)[0])
    for found, expected in zip(*reversed(values), strict=True):
        assert (found - expected).norm() < 1e-4 * expected.norm()
        assert not torch.equal(found, expected)
    assert (grads[1] - grads[0]).norm() < 1e-2 * grads[0].norm()  # a pooling's maxima may change places


def test_pixel_gradients_agree_with_finite_differences(vgg19: dict[str, Tensor]) -> None:
    double = Precision(dtype=torch.float64, memory_format=EXACT.memory_format)
    vgg = Vgg(vgg19, precision=double)
    picture = PICTURE[..., :8, :8].double().requires_grad_()

    def value(pixels: Tensor) -> Tensor:
        return vgg(pixels, ["relu2_1"])["relu2_1"].square().mean()

    (grad,) = torch.autograd.grad(value(picture), picture)
    for y, x in ((0, 0), (3, 4), (7, 7)):
        bump = torch.zeros_like(picture)
        bump[0, 1, y, x] = 1e-6
        finite = (value(picture + bump) - value(picture - bump)) / 2e-6
        torch.testing.assert_close(grad[0, 1, y, x], finite.detach(), rtol=1e-4, atol=1e-9)


def test_average_pooling_is_another_network(vgg19: dict[str, Tensor]) -> None:
    largest = Vgg(vgg19, pooling="max")(PICTURE, ["relu2_1"])["relu2_1"]
    average = Vgg(vgg19, pooling="avg")(PICTURE, ["relu2_1"])["relu2_1"]
    assert largest.shape == average.shape
    assert not torch.allclose(largest, average)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 40), (33, 17)])
@pytest.mark.parametrize("pooling", ["max", "avg"])
def test_any_shape_passes_and_every_pixel_counts(
    height: int, width: int, pooling: str, vgg19: dict[str, Tensor]
) -> None:
    picture = PICTURE[..., :height, :width].clone().requires_grad_()
    features = Vgg(vgg19, pooling=pooling)(picture, ["relu5_1"])["relu5_1"]
    assert features.shape[-2:] == (-(-height // 16), -(-width // 16))
    (grad,) = torch.autograd.grad(features.square().sum(), picture)
    assert bool(grad.isfinite().all())
    assert bool((grad.abs().sum(dim=1)[0, -1] > 0).any())


def test_nothing_is_computed_past_the_deepest_tap(vgg19: dict[str, Tensor]) -> None:
    shallow = {key: value for key, value in vgg19.items() if key.startswith(("features.0.", "features.2."))}
    assert list(Vgg(shallow)(PICTURE, ["relu1_2"])) == ["relu1_2"]


def test_a_layer_that_is_not_there_is_named(vgg19: dict[str, Tensor]) -> None:
    with pytest.raises(ParamsError, match="no layer 'relu5_4'"):
        Vgg(vgg19)(PICTURE, ["relu1_1", "relu5_4"])


def test_weights_are_frozen(vgg19: dict[str, Tensor]) -> None:
    features = Vgg(vgg19)(PICTURE, ["relu1_1"])["relu1_1"]
    assert not features.requires_grad
