from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from nst_core.images.picture import Picture, fit, quantise, resize
from nst_core.kernels.convolution import EXACT
from nst_core.losses.style_pictures import pixels_of
from nst_core.models import weights
from nst_core.params import Colors, Params
from nst_core.run import prepared_job
from nst_core.run.enlarging import lifted, scaled
from nst_core.run.prepared_job import PreparedJob, StyleTransferJob, network
from nst_core.styles import Mask, Region, Style, StyleSpec, blended

CPU = torch.device("cpu")
EDGE_PX = 64
LEFT, RIGHT = np.s_[..., :32], np.s_[..., 32:]


def mask(columns: slice, value: float = 1.0) -> Mask:
    plane = np.zeros((64, 64), dtype=np.float32)
    plane[:, columns] = value
    return plane


LEFT_HALF, RIGHT_HALF = mask(slice(32)), mask(slice(32, None))


@pytest.fixture(scope="module")
def content(chelsea: Picture) -> Picture:
    return resize(chelsea, width=64, height=64)


def job(content: Picture, style: Picture | StyleSpec, params: Params | None = None) -> PreparedJob:
    params = params or Params(size=64, style_scale=1.0)
    return PreparedJob(StyleTransferJob(content=content, style=style, params=params), CPU, EXACT)


def in_regions(*regions: tuple[Picture, Mask | None]) -> StyleSpec:
    return StyleSpec(
        regions=tuple(Region(styles=(Style(picture=one),), mask=plane) for one, plane in regions)
    )


def test_a_region_is_sketched_in_its_own_style_and_nothing_else_changes(
    content: Picture, starry_night: Picture
) -> None:
    whole = job(content, starry_night).sketch(EDGE_PX)
    part = job(content, in_regions((starry_night, LEFT_HALF))).sketch(EDGE_PX)
    torch.testing.assert_close(part[LEFT], whole[LEFT])
    assert torch.equal(part[RIGHT], pixels_of(content.rgb, CPU)[RIGHT])
    assert (part - pixels_of(content.rgb, CPU))[LEFT].abs().mean() > 0.05


def test_two_regions_are_sketched_each_in_its_style(
    content: Picture, starry_night: Picture, the_scream: Picture
) -> None:
    both = job(content, in_regions((starry_night, LEFT_HALF), (the_scream, RIGHT_HALF))).sketch(EDGE_PX)
    torch.testing.assert_close(both[LEFT], job(content, starry_night).sketch(EDGE_PX)[LEFT])
    torch.testing.assert_close(both[RIGHT], job(content, the_scream).sketch(EDGE_PX)[RIGHT])


@pytest.mark.parametrize("colors", ["style", "luminance"])
def test_outside_the_mask_sketch_and_picture_are_the_content(
    colors: Colors, content: Picture, starry_night: Picture
) -> None:
    one = job(content, blended([starry_night], edit_mask=LEFT_HALF), Params(size=64, colors=colors))
    assert torch.equal(one.sketch(EDGE_PX)[RIGHT], pixels_of(content.rgb, CPU)[RIGHT])
    picture = one.picture(torch.zeros(1, 3, 64, 64), EDGE_PX)
    np.testing.assert_array_equal(quantise(picture.rgb)[:, 32:], quantise(content.rgb)[:, 32:])
    if colors == "style":
        np.testing.assert_array_equal(picture.rgb[:, 32:], content.rgb[:, 32:])
        np.testing.assert_array_equal(picture.rgb[:, :32], 0)


def test_a_grey_mask_blends_softly(content: Picture, starry_night: Picture) -> None:
    one = job(content, blended([starry_night], edit_mask=mask(slice(None), 0.25)))
    picture = one.picture(torch.ones(1, 3, 64, 64), EDGE_PX)
    np.testing.assert_allclose(picture.rgb, 0.75 * content.rgb + 0.25, atol=1e-6)


def test_the_sketch_takes_only_the_masked_part_of_a_style(content: Picture, starry_night: Picture) -> None:
    """Halves of night and grey: masked to the night, the sketch is nearer to the night's own."""
    night = resize(starry_night, width=64, height=64)
    grey = np.full((64, 64, 3), 0.5, dtype=np.float32)
    halves = Picture(rgb=np.concatenate([night.rgb, grey], axis=1))
    left = np.array([[1.0, 1.0, 0.0, 0.0]], dtype=np.float32)

    def sketch(style: Style) -> Tensor:
        params = Params(size=64, style_scale=2.0)  # so that the halves keep their size
        return job(content, StyleSpec(regions=(Region(styles=(style,)),)), params).sketch(EDGE_PX)

    alone = job(content, night).sketch(EDGE_PX)
    masked, whole = sketch(Style(picture=halves, mask=left)), sketch(Style(picture=halves))
    assert (masked - alone).abs().mean() < 0.65 * (whole - alone).abs().mean()


def test_each_start_is_what_it_is_called(content: Picture, starry_night: Picture) -> None:
    pixels, night = (pixels_of(fit(one, EDGE_PX).rgb, CPU) for one in (content, starry_night))
    starts = {
        init: job(content, starry_night, Params(size=64, init=init, seed=3, style_scale=1.0)).start(EDGE_PX)
        for init in ("content", "noise", "style", "adain")
    }
    mean, plain_mean, night_mean = (one.mean(dim=(2, 3)) for one in (starts["content"], pixels, night))
    assert (mean - night_mean).norm() < 0.6 * (plain_mean - night_mean).norm()
    plain = job(content, starry_night, Params(size=64, strength=0)).start(EDGE_PX)
    assert torch.equal(plain, pixels)
    assert torch.equal(starts["adain"], job(content, starry_night).sketch(EDGE_PX))
    assert torch.equal(starts["style"], scaled(night, *pixels.shape[-2:]))
    assert 0.35 <= starts["noise"].min() < 0.36
    assert 0.64 < starts["noise"].max() <= 0.65


def test_contents_are_as_large_as_asked_however_often_and_in_whatever_order(
    chelsea: Picture, starry_night: Picture
) -> None:
    one = job(chelsea, starry_night)
    for edge_px in (32, 64, 96, 128, 64, 32):
        np.testing.assert_array_equal(one.contents.at(edge_px).rgb, fit(chelsea, edge_px).rgb)
        assert max(one.contents.pixels_at(edge_px).shape) == edge_px


def test_fine_detail_is_the_contents_own() -> None:
    """The coarse content itself, lifted, is the fine content; without detail it stays soft."""
    fine = torch.rand(1, 3, 30, 40, generator=torch.Generator().manual_seed(1))
    coarse = scaled(fine, 15, 20)
    torch.testing.assert_close(lifted(coarse, coarse, fine, detail=True), fine)
    soft = lifted(coarse, coarse, fine, detail=False)
    assert torch.equal(soft, scaled(coarse, 30, 40))
    assert (soft - fine).abs().mean() > 0.05


@pytest.mark.parametrize(
    ("params", "detail"),
    [
        (Params(strength=0), 1.0),
        (Params(strength=25), 0.75),
        (Params(strength=50), 0.5),
        (Params(strength=75), 0.25),
        (Params(strength=100), 0.0),
        (Params(beta=1e6), 0.0),
        (Params(content_weight=1.0, style_weight=1.0), 0.5),
        (Params(content_weight=0.0, style_weight=1.0), 0.0),
    ],
)
def test_the_stronger_the_style_the_less_of_the_contents_detail_is_added(
    content: Picture, starry_night: Picture, params: Params, detail: float
) -> None:
    one = job(content, starry_night, replace(params, size=64))
    coarse = torch.full((1, 3, *one.contents.pixels_at(32).shape[-2:]), 0.5)
    added = one.enlarged(coarse, 32, 64) - 0.5
    own = one.contents.pixels_at(64) - scaled(one.contents.pixels_at(32), *added.shape[-2:])
    torch.testing.assert_close(added, (0.5 + detail * own).clamp(0, 1) - 0.5, rtol=0, atol=1e-5)


def test_what_was_painted_is_carried_to_the_fine_size() -> None:
    fine = 0.5 + 0.2 * torch.rand(1, 3, 30, 40, generator=torch.Generator().manual_seed(1))
    coarse = scaled(fine, 15, 20)
    torch.testing.assert_close(lifted(coarse - 0.25, coarse, fine, detail=True), fine - 0.25)
    assert lifted(coarse + 0.9, coarse, fine, detail=True).max() == 1


def test_networks_with_a_name_are_kept_and_files_are_not(tmp_path: Path) -> None:
    kept = network(Params(network="vgg16"), CPU, EXACT)
    assert network(Params(network="vgg16", size=64, beta=3.0), CPU, EXACT) is kept
    assert network(Params(network="vgg16", pooling="avg"), CPU, EXACT) is not kept
    assert prepared_job.adain(CPU, EXACT) is prepared_job.adain(CPU, EXACT)
    copy = tmp_path / "mine.safetensors"
    copy.write_bytes(weights.inventory()["vgg16"].read_bytes())
    own = Params(network=str(copy))
    assert network(own, CPU, EXACT) is not network(own, CPU, EXACT)
