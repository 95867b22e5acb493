import dataclasses
from collections.abc import Collection

import numpy as np
import pytest
import torch
from torch import Tensor

from nst_core.images.picture import Picture, filled, fit
from nst_core.losses.style_pictures import pixels_of
from nst_core.losses.targets import TargetCache, seen_plane, targets
from nst_core.losses.terms import gram
from nst_core.models.vgg import Vgg
from nst_core.params import PUBLISHED, Params
from nst_core.styles import Region, Style, StyleSpec, as_spec, blended

PARAMS = Params(**PUBLISHED, size=48, style_layers=("relu1_1", "relu2_1"))


class Counting(Vgg):
    """A network that counts how often it was asked."""

    count = 0

    def __call__(
        self, picture: Tensor, layers: Collection[str], *, checkpoint: bool = False
    ) -> dict[str, Tensor]:
        self.count += 1
        return super().__call__(picture, layers, checkpoint=checkpoint)


@pytest.fixture(scope="module")
def vgg(vgg19: dict[str, Tensor]) -> Counting:
    return Counting(vgg19)


def wanted(spec: StyleSpec, content: Picture, vgg: Vgg, params: Params = PARAMS) -> list[Tensor]:
    found = targets(spec, content, params, size_px=48, vgg=vgg, cache=TargetCache())
    return list(found[0].grams)


def test_one_style_asks_for_its_own_gram_matrices(chelsea: Picture, starry_night: Picture, vgg: Vgg) -> None:
    taps = vgg(pixels_of(fit(starry_night, 48).rgb, vgg.device), PARAMS.style_layers)
    for found, layer in zip(wanted(as_spec(starry_night), chelsea, vgg), PARAMS.style_layers, strict=True):
        torch.testing.assert_close(found, gram(taps[layer])[0])


def test_the_target_of_a_blend_is_the_weighted_mean(
    chelsea: Picture, starry_night: Picture, vgg: Vgg
) -> None:
    one, other = (wanted(as_spec(picture), chelsea, vgg) for picture in (chelsea, starry_night))
    mixed = wanted(blended([chelsea, starry_night], weights=[3, 1]), chelsea, vgg)
    for a, b, found in zip(one, other, mixed, strict=True):
        torch.testing.assert_close(found, 0.75 * a + 0.25 * b)


def test_a_style_mask_lets_only_its_part_count(chelsea: Picture, starry_night: Picture, vgg: Vgg) -> None:
    left, right = (fit(picture, 48).rgb[:24, :48] for picture in (chelsea, starry_night))
    both = Picture(rgb=np.concatenate([left, right], axis=1))
    mask = np.zeros(both.rgb.shape[:2], dtype=np.float32)
    mask[:, :48] = 1
    masked = StyleSpec(regions=(Region(styles=(Style(picture=both, mask=mask),)),))
    params = dataclasses.replace(PARAMS, style_scale=2.0)
    found, alone, whole = (
        wanted(spec, chelsea, vgg, one)[0]
        for spec, one in ((masked, params), (as_spec(Picture(rgb=left)), PARAMS), (as_spec(both), params))
    )
    assert (found - alone).norm() < 0.2 * (whole - alone).norm()


def test_within_its_mask_a_style_is_exactly_the_picture_that_is_there(vgg: Vgg) -> None:
    """relu1_1 sees one pixel around: a mask that ends a column before the edge sees nothing of the rest."""
    random = np.random.default_rng(2)
    one, other = random.random((2, 48, 48, 3), dtype=np.float32)
    halves = Picture(rgb=np.concatenate([one[:, :24], 0.3 * other[:, 24:]], axis=1).astype(np.float32))
    mask = np.zeros((48, 48), dtype=np.float32)
    mask[:, :23] = 1
    spec = StyleSpec(regions=(Region(styles=(Style(picture=halves, mask=mask),)),))
    params = dataclasses.replace(PARAMS, style_layers=("relu1_1",))
    seen = vgg(pixels_of(one, vgg.device), ["relu1_1"])["relu1_1"][..., :23]
    torch.testing.assert_close(wanted(spec, Picture(rgb=one), vgg, params)[0], gram(seen)[0])


def test_a_regions_mask_is_multiplied_by_the_edit_mask(chelsea: Picture, vgg: Vgg) -> None:
    half, tall = np.zeros((4, 4), dtype=np.float32), np.zeros((4, 4), dtype=np.float32)
    half[:, :2], tall[:2] = 1, 1
    spec = StyleSpec(regions=(Region(styles=as_spec(chelsea).styles, mask=half),), edit_mask=tall)
    content = fit(chelsea, 48)
    mask = targets(spec, content, PARAMS, size_px=48, vgg=vgg, cache=TargetCache())[0].mask
    assert mask is not None
    assert mask.shape == content.rgb.shape[:2]
    assert mask[2, 2] == pytest.approx(1, abs=0.1)
    assert mask[-3].max() == pytest.approx(0, abs=0.1)
    assert mask[2, -3] == pytest.approx(0, abs=0.1)


def test_whatever_the_gram_matrices_depend_on_is_part_of_the_key(
    chelsea: Picture, starry_night: Picture, vgg: Counting, vgg19: dict[str, Tensor]
) -> None:
    cache = TargetCache()

    def first(params: Params, size_px: int = 48, network: Vgg = vgg, style: Picture = starry_night) -> Tensor:
        return targets(as_spec(style), chelsea, params, size_px=size_px, vgg=network, cache=cache)[0].grams[0]

    once = first(PARAMS)
    before = vgg.count
    assert first(PARAMS, style=Picture(rgb=starry_night.rgb.copy())).equal(once)
    assert vgg.count == before
    others = [
        first(PARAMS, size_px=40),
        first(PARAMS, network=Vgg(vgg19, pooling="avg")),
        first(dataclasses.replace(PARAMS, style_scale=0.5)),
        first(dataclasses.replace(PARAMS, colors="covariance")),
        first(PARAMS, style=Picture(rgb=starry_night.rgb[::-1].copy() * 0.9)),
        first(dataclasses.replace(PARAMS, chroma="smooth")),
        first(dataclasses.replace(PARAMS, simplify_style=4.0)),
    ]
    assert not any(other.equal(once) for other in (others[0], *others[2:]))
    assert vgg.count == before + 6  # the averaging network was asked on its own


def test_a_styles_alpha_is_its_mask_and_part_of_the_key(
    chelsea: Picture, starry_night: Picture, vgg: Vgg
) -> None:
    night = fit(starry_night, 48)
    rows, columns = np.mgrid[: night.height, : night.width]
    alpha, other = ((part % 16 < 12).astype(np.float32) for part in (rows, columns))
    cache = TargetCache()

    def first(style: Style, content: Picture = chelsea, params: Params = PARAMS) -> Tensor:
        spec = StyleSpec(regions=(Region(styles=(style,)),))
        return targets(spec, content, params, size_px=48, vgg=vgg, cache=cache)[0].grams[0]

    sticker = Picture(rgb=night.rgb, alpha=alpha)
    seen = vgg(pixels_of(filled(sticker).rgb, vgg.device), ["relu1_1"])["relu1_1"]
    torch.testing.assert_close(first(Style(picture=sticker)), gram(seen, torch.from_numpy(alpha)[None])[0])
    both = torch.from_numpy(alpha * other)[None]
    torch.testing.assert_close(first(Style(picture=sticker, mask=other)), gram(seen, both)[0])
    assert not first(Style(picture=night)).equal(first(Style(picture=sticker)))
    assert not first(Style(picture=night)).equal(first(Style(picture=Picture(rgb=night.rgb, alpha=other))))
    kept = dataclasses.replace(PARAMS, colors="covariance")
    cat = fit(chelsea, 48)
    half = np.repeat(np.array([1, 0], dtype=np.float32), [24, cat.width - 24])[None].repeat(
        cat.height, axis=0
    )
    cut_out = Picture(rgb=cat.rgb, alpha=half)
    opaque, part = (first(Style(picture=night), one, kept) for one in (cat, cut_out))
    assert not opaque.equal(part)


def test_what_counts_of_a_content_is_the_mask_times_its_alpha() -> None:
    random = np.random.default_rng(5)
    alpha, mask = random.random((2, 6, 9), dtype=np.float32)
    rgb = np.zeros((6, 9, 3), dtype=np.float32)
    cut_out, opaque = Picture(rgb=rgb, alpha=alpha), Picture(rgb=rgb)
    assert seen_plane(None, opaque) is None
    for plane, expected in (
        (seen_plane(None, cut_out), alpha),
        (seen_plane(mask, opaque), mask),
        (seen_plane(mask, cut_out), mask * alpha),
    ):
        assert plane is not None
        np.testing.assert_allclose(plane, expected, atol=1e-6)
