import dataclasses

import pytest
import torch
from torch import Tensor

from nst_core.errors import ParamsError
from nst_core.losses.objective import Objective
from nst_core.losses.style import Target, shrunk
from nst_core.losses.targets import statistics_of
from nst_core.losses.terms import gram
from nst_core.losses.tiled import Tiles
from nst_core.models.layers import halo_px, radius_px, stride_px
from nst_core.models.vgg import Vgg
from nst_core.params import Params, layers_of
from tests.support.slim_vgg import DOUBLE, slim

PARAMS = Params(beta=7.0)


def random(*shape: int, seed: int = 1) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def targets_of(vgg: Vgg, params: Params, *masks: Tensor | None) -> list[Target]:
    """One region per mask, each with a style of its own."""
    found = []
    for number, mask in enumerate(masks):
        taps = vgg(random(1, 3, 40, 48, seed=20 + number), params.style_layers)
        found.append(Target(grams=[gram(taps[layer])[0] for layer in params.style_layers], mask=mask))
    return found


def check(whole: Objective, tiles: Tiles, pictures: Tensor) -> None:
    for one, other in zip(tiles.gradient(pictures), whole.gradient(pictures), strict=True):
        assert farthest(one, other) < 1e-9
    for one, other in zip(tiles(pictures), whole(pictures), strict=True):
        assert farthest(one, other.detach()) < 1e-9


def farthest(one: Tensor, other: Tensor) -> float:
    return ((one - other).abs().max() / other.abs().max()).item()


@pytest.mark.parametrize("pooling", ["max", "avg"])
@pytest.mark.parametrize("network", ["vgg16", "vgg19"])
@pytest.mark.parametrize(("height", "width"), [(37, 301), (293, 50), (32, 256), (209, 193)])
def test_tiles_have_the_losses_and_the_gradient_of_the_whole(
    network: str, pooling: str, height: int, width: int
) -> None:
    vgg = slim(network, pooling)
    contents, pictures = random(1, 3, height, width), random(1, 3, height, width, seed=2)
    wanted = [targets_of(vgg, PARAMS, None)]
    whole = Objective(vgg, contents, wanted, [PARAMS])
    check(whole, Tiles(vgg, contents, wanted, [PARAMS], tile_px=32), pictures)


def test_masks_a_soft_edge_total_variation_and_a_batch_are_exact_too() -> None:
    vgg = slim("vgg19")
    height, width = 53, 275
    contents, pictures = random(2, 3, height, width), random(2, 3, height, width, seed=2)
    params = [dataclasses.replace(PARAMS, tv=3.0), Params(content_weight=2.0, style_weight=30.0, tv=1.0)]
    left = random(height, width, seed=3)
    wanted = [targets_of(vgg, PARAMS, left, 1 - left), targets_of(vgg, PARAMS, None, left)]
    here = random(2, 1, height, width, seed=4)
    whole = Objective(vgg, contents, wanted, params, edit_mask=here)
    tiles = Tiles(vgg, contents, wanted, params, edit_mask=here, tile_px=48)
    check(whole, tiles, pictures)


def test_shallow_layers_have_small_tiles_with_a_small_halo() -> None:
    vgg = slim("vgg19")
    params = Params(content_layer="relu2_2", style_layers=("relu1_2", "relu3_1"))
    contents, pictures = random(1, 3, 45, 61), random(1, 3, 45, 61, seed=2)
    wanted = [targets_of(vgg, params, None)]
    whole = Objective(vgg, contents, wanted, [params])
    check(whole, Tiles(vgg, contents, wanted, [params], tile_px=8), pictures)


def test_recomputed_activations_change_nothing() -> None:
    vgg = slim("vgg19")
    contents, pictures = random(1, 3, 64, 80), random(1, 3, 64, 80, seed=2)
    wanted = [targets_of(vgg, PARAMS, None)]
    whole = Objective(vgg, contents, wanted, [PARAMS])
    check(whole, Tiles(vgg, contents, wanted, [PARAMS], tile_px=48, checkpoint=True), pictures)


def test_the_bundled_network_is_exact_in_tiles(vgg19: dict[str, Tensor]) -> None:
    vgg = Vgg({key: value.double() for key, value in vgg19.items()}, precision=DOUBLE)
    contents, pictures = random(1, 3, 19, 139), random(1, 3, 19, 139, seed=2)
    wanted = [targets_of(vgg, PARAMS, None)]
    whole = Objective(vgg, contents, wanted, [PARAMS])
    check(whole, Tiles(vgg, contents, wanted, [PARAMS], tile_px=48), pictures)


def test_a_halo_of_one_step_less_is_no_longer_exact() -> None:
    vgg = slim("vgg19")
    contents, pictures = random(1, 3, 37, 301), random(1, 3, 37, 301, seed=2)
    wanted = [targets_of(vgg, PARAMS, None)]
    whole = Objective(vgg, contents, wanted, [PARAMS]).gradient(pictures)[0]
    narrow, enough = (
        Tiles(vgg, contents, wanted, [PARAMS], tile_px=32, halo_px=halo).gradient(pictures)[0]
        for halo in (64, 80)
    )
    assert farthest(narrow, whole) > 1e-7
    assert farthest(enough, whole) < 1e-9


def test_a_layer_that_the_network_lacks_is_refused() -> None:
    vgg = slim("vgg16")
    contents, params = random(1, 3, 20, 20), Params(network="a file", content_layer="relu3_4")
    with pytest.raises(ParamsError, match="no layer 'relu3_4'"):
        Tiles(vgg, contents, [targets_of(vgg, PARAMS, None)], [params])


def test_the_radius_is_how_far_the_gradient_of_one_position_reaches() -> None:
    vgg = slim("vgg19", "avg")
    pictures = random(1, 3, 16, 400).requires_grad_()
    taps = vgg(pictures, ["relu5_1"])["relu5_1"]
    (grads,) = torch.autograd.grad(taps[..., 12].sum(), pictures)
    columns = torch.nonzero(grads.abs().sum(dim=(0, 1, 2))).flatten()
    radius = radius_px({"relu5_1"}, layers_of("vgg19"))
    assert (int(columns.min()), int(columns.max())) == (12 * 16 - radius, 13 * 16 - 1 + radius)


def test_the_halo_is_whole_steps_of_the_deepest_layer() -> None:
    assert halo_px(PARAMS.style_layers, layers_of("vgg19")) == 80
    assert halo_px(PARAMS.style_layers, layers_of("vgg16")) == 64
    assert halo_px({"relu3_1"}, layers_of("vgg19")) == 12


@pytest.mark.parametrize("masked", [False, True])
def test_a_styles_gram_matrices_are_those_of_the_whole_picture(masked: bool) -> None:
    vgg = slim("vgg19")
    picture = random(1, 3, 53, 275)
    plane = random(53, 275, seed=3) if masked else None
    taps = vgg(picture, PARAMS.style_layers)
    found = statistics_of(vgg, picture, plane, PARAMS.style_layers, tile_px=48)[:5]
    for layer, one in zip(PARAMS.style_layers, found, strict=True):
        mask = None if plane is None else shrunk(plane[None], stride_px(layer))
        assert farthest(one, gram(taps[layer], mask)[0]) < 1e-9
