import pytest
import torch

from benchmarks.published import averaged_adam, lbfgs
from nst_core.engine import measure
from nst_core.images.picture import Picture
from nst_core.kernels.convolution import EXACT
from nst_core.kernels.precision import choose_precision
from nst_core.params import Params

CPU = torch.device("cpu")


def loss(pixels: torch.Tensor, content: Picture, style: Picture, params: Params) -> float:
    rgb = pixels[0].clamp(0, 1).permute(1, 2, 0).numpy()
    return measure(Picture(rgb=rgb), content, style, params, device="cpu").total


@pytest.mark.parametrize("precision", ["published", "bfloat16"])
def test_lbfgs_lowers_the_loss(precision: str, chelsea: Picture, starry_night: Picture) -> None:
    params = Params(size=40, beta=25.0)
    how = EXACT if precision == "published" else choose_precision(CPU, precision)
    snapshots = list(lbfgs(chelsea, starry_night, params, CPU, steps=12, every=4, precision=how))
    assert [one.iterations for one in snapshots] == [4, 8, 12]
    losses = [loss(one.pixels, chelsea, starry_night, params) for one in snapshots]
    assert losses[-1] < min(losses[0], params.nominal_beta)  # the content itself has a style loss of 1


def test_averaged_adam_lowers_the_loss_over_growing_sizes(chelsea: Picture, starry_night: Picture) -> None:
    params = Params(size=181, beta=25.0)
    snapshots = list(averaged_adam(chelsea, starry_night, params, CPU, steps=(4, 2), every=2))
    assert [(one.size_px, one.iterations) for one in snapshots] == [(128, 2), (128, 4), (181, 6)]
    assert max(snapshots[-1].pixels.shape) == 181
    seconds = [one.seconds for one in snapshots]
    assert seconds == sorted(seconds)
    last = loss(snapshots[-1].pixels, chelsea, starry_night, params)
    assert last < params.nominal_beta
