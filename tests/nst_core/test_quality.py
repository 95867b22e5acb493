import dataclasses
import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from nst_core.engine import measure, stylize
from nst_core.errors import DeviceError, ParamsError
from nst_core.events import Finished
from nst_core.images.picture import Picture, fit, quantise, resize
from nst_core.models import weights
from nst_core.models.vgg import Vgg
from nst_core.nearest_patches import nearest_patches
from nst_core.params import PUBLISHED, Params
from nst_core.quality import (
    CONTENT_LAYERS,
    Comparison,
    clipped_share,
    colour_distance,
    colour_noise,
    compare,
    content_distance,
    fine_energy,
    luma,
    ssim,
)
from nst_core.styles import blended

RANDOM = np.random.default_rng(5)


def on_cpu(result: Picture, content: Picture, style: Picture) -> Comparison:
    return compare(result, content, style, device="cpu")


def levels(height: int, width: int, top: int = 256) -> NDArray[np.uint8]:
    return RANDOM.integers(0, top, (height, width, 3), dtype=np.uint8)


def flat(level: int, height: int = 12, width: int = 9) -> NDArray[np.uint8]:
    return np.full((height, width, 3), level, dtype=np.uint8)


def grating(amplitude: float, cycles: int, side: int = 64) -> NDArray[np.float64]:
    """A vertical cosine of so many half waves across the picture; its mean square is amplitude^2 / 2."""
    wave = 0.5 + amplitude * np.cos(np.pi * cycles * (np.arange(side) + 0.5) / side)
    return np.tile(wave, (side, 1))


def ssim_by_hand(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """The paper's sums, one window at a time."""
    weight = np.array(
        [[math.exp(-((y - 5) ** 2 + (x - 5) ** 2) / (2 * 1.5**2)) for x in range(11)] for y in range(11)]
    )
    weight /= weight.sum()
    found = []
    for top, left in itertools.product(range(one.shape[0] - 10), range(one.shape[1] - 10)):
        a, b = (values[top : top + 11, left : left + 11] for values in (one, other))
        mean_a, mean_b = (weight * a).sum(), (weight * b).sum()
        var_a, var_b = (weight * (a - mean_a) ** 2).sum(), (weight * (b - mean_b) ** 2).sum()
        cov = (weight * (a - mean_a) * (b - mean_b)).sum()
        c1, c2 = 0.01**2, 0.03**2
        found.append(
            (2 * mean_a * mean_b + c1)
            * (2 * cov + c2)
            / ((mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2))
        )
    return float(np.mean(found))


def test_the_content_itself_is_at_no_distance_and_as_far_from_the_style_as_can_be(
    chelsea: Picture, starry_night: Picture
) -> None:
    same = on_cpu(chelsea, chelsea, starry_night)
    assert same.content_distance == 0
    assert same.content_rel == 0
    assert same.content_colours == 0
    assert same.content_ssim == pytest.approx(1, abs=1e-12)
    assert same.style_rel == pytest.approx(1, rel=1e-4)
    assert same.style_colours > 0.05
    assert same.clipped == same.content_clipped


def test_the_style_itself_is_at_no_distance_from_the_style(chelsea: Picture, starry_night: Picture) -> None:
    same = on_cpu(starry_night, chelsea, starry_night)
    assert same.style_rel == 0
    assert same.patch_distance == 0
    assert same.style_colours == 0
    assert same.fine_noise == pytest.approx(1)
    assert same.colour_noise == same.style_colour_noise
    assert same.content_distance > 0.5


def test_a_stylised_picture_is_nearer_to_the_style_than_its_content_is(
    chelsea: Picture, starry_night: Picture
) -> None:
    *_, last = stylize(chelsea, starry_night, Params(size=96, steps=30), device="cpu")
    assert isinstance(last, Finished)
    painted = on_cpu(last.picture, chelsea, starry_night)
    plain = on_cpu(fit(chelsea, 96), chelsea, starry_night)
    assert painted.network == "vgg16"
    assert painted.style_rel < 0.7 * plain.style_rel
    assert painted.patch_distance < plain.patch_distance
    assert painted.style_colours < plain.style_colours
    assert painted.content_distance > plain.content_distance
    assert painted.content_ssim < plain.content_ssim


def test_the_relative_losses_are_those_of_the_engine(chelsea: Picture, starry_night: Picture) -> None:
    picture = resize(starry_night, width=96, height=64)
    losses = measure(picture, chelsea, starry_night, Params(**PUBLISHED, size=96), device="cpu")
    found = compare(picture, chelsea, starry_night, network="vgg19", device="cpu")
    assert found.network == "vgg19"
    assert found.content_rel == pytest.approx(losses.content_rel, rel=1e-2)
    assert found.style_rel == pytest.approx(losses.style_rel, rel=1e-2)


def test_a_style_given_twice_is_that_style(chelsea: Picture, starry_night: Picture) -> None:
    small = fit(chelsea, 64)
    alone = on_cpu(small, chelsea, starry_night)
    assert compare(small, chelsea, starry_night, starry_night, device="cpu") == alone
    assert compare(small, chelsea, starry_night, weights=[7], device="cpu") == alone


def test_against_a_blend_the_figures_lie_between_those_of_its_styles(
    chelsea: Picture, starry_night: Picture, the_scream: Picture
) -> None:
    small = fit(chelsea, 64)
    styles = (starry_night, the_scream)
    one, other = (on_cpu(small, chelsea, style) for style in styles)
    for weights_, alone in (([1, 1e-9], one), ([1e-9, 1], other)):
        found = compare(small, chelsea, *styles, weights=weights_, device="cpu")
        for name, value in dataclasses.asdict(alone).items():
            if name not in {"width", "height", "network", "patch_distance", "largest_share"}:
                assert getattr(found, name) == pytest.approx(value, rel=1e-4), name
    pictures = fit(starry_night, 64), chelsea, *styles
    nearer, further = (compare(*pictures, weights=[n, 1], device="cpu") for n in (3, 1))
    assert 0 < nearer.style_rel < further.style_rel
    assert nearer.style_colours == pytest.approx(further.style_colours / 2, rel=1e-9)


def test_the_style_loss_against_a_blend_is_that_of_its_target(
    chelsea: Picture, starry_night: Picture, the_scream: Picture
) -> None:
    picture = resize(starry_night, width=64, height=48)
    mixed = blended([starry_night, the_scream], weights=[2, 1])
    losses = measure(picture, chelsea, mixed, Params(**PUBLISHED, network="vgg16"), device="cpu")
    found = compare(picture, chelsea, starry_night, the_scream, weights=[2, 1], device="cpu")
    assert (found.content_rel, found.style_rel) == (losses.content_rel, losses.style_rel)


def test_patches_are_compared_with_those_of_all_styles_whatever_their_weights(
    chelsea: Picture, starry_night: Picture, the_scream: Picture
) -> None:
    pixels = (
        torch.from_numpy(quantise(fit(one, 64).rgb).transpose(2, 0, 1))[None].float() / 255
        for one in (chelsea, starry_night, the_scream)
    )
    expected = nearest_patches(Vgg(weights.load("vgg19")), *pixels)
    pictures = fit(chelsea, 64), chelsea, starry_night, the_scream
    found = compare(*pictures, weights=[3, 1], network="vgg19", device="cpu")
    assert found.patch_distance == pytest.approx(expected.distance, rel=1e-5)
    assert found.largest_share == expected.largest_share


def test_the_fine_noise_of_a_blend_is_held_against_the_mean_of_its_styles() -> None:
    smooth, noisy = Picture(rgb=np.full((32, 32, 3), 0.5, np.float32)), as_picture(levels(32, 32))
    mixed = compare(noisy, smooth, smooth, noisy, weights=[3, 1], device="cpu")
    assert mixed.fine_noise == pytest.approx(4)
    assert mixed.style_colour_noise == pytest.approx(mixed.colour_noise / 4)


def test_nothing_to_compare_with_is_refused(chelsea: Picture) -> None:
    with pytest.raises(ParamsError, match="at least one style"):
        compare(chelsea, chelsea, device="cpu")
    with pytest.raises(ParamsError, match="give one for each"):
        compare(chelsea, chelsea, chelsea, weights=[1, 1], device="cpu")


def test_growing_noise_takes_every_figure_further_from_the_content(
    chelsea: Picture, starry_night: Picture
) -> None:
    small = fit(chelsea, 96)
    noise = RANDOM.standard_normal(small.rgb.shape).astype(np.float32)
    rows = [
        on_cpu(Picture(rgb=np.clip(small.rgb + sigma * noise, 0, 1)), chelsea, starry_night)
        for sigma in (0, 0.02, 0.08, 0.3)
    ]
    for name in (
        "content_distance",
        "content_rel",
        "content_colours",
        "fine_noise",
        "colour_noise",
        "clipped",
    ):
        values = [getattr(row, name) for row in rows]
        assert values == sorted(values), name
        assert values[0] < values[-1], name
    similarities = [row.content_ssim for row in rows]
    assert similarities == sorted(similarities, reverse=True)
    assert rows[0].fine_noise <= 1 < rows[-1].fine_noise


def as_picture(values: NDArray[np.uint8]) -> Picture:
    return Picture(rgb=values.astype(np.float32) / np.float32(255))


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (40, 3), (11, 11), (33, 18)])
def test_pictures_of_any_shape_have_finite_figures(shape: tuple[int, int]) -> None:
    result, content, style = (
        Picture(rgb=(levels(*size) / 255).astype(np.float32)) for size in (shape, (5, 21), (13, 2))
    )
    found = dataclasses.asdict(on_cpu(result, content, style))
    assert (found.pop("height"), found.pop("width"), found.pop("network")) == (*shape, "vgg16")
    assert all(math.isfinite(value) for value in found.values())


def test_three_equal_pictures_of_one_colour_have_finite_figures() -> None:
    grey = Picture(rgb=np.full((16, 16, 3), 128 / 255, dtype=np.float32))
    found = on_cpu(grey, grey, grey)
    assert (found.content_distance, found.style_rel, found.fine_noise, found.clipped) == (0, 0, 0, 0)
    assert found.patch_distance == 0
    assert found.colour_noise == found.style_colour_noise == pytest.approx(0, abs=1e-15)


def test_a_device_that_is_not_there_is_refused(chelsea: Picture) -> None:
    with pytest.raises(DeviceError, match="device must be"):
        compare(chelsea, chelsea, chelsea, device="tpu")


def test_content_distance_is_twice_one_minus_the_cosine_where_activations_are() -> None:
    one, other = levels(24, 32), levels(24, 32)
    vgg = Vgg(weights.load("vgg16"))
    taps, others = (
        vgg(torch.from_numpy(each.transpose(2, 0, 1))[None].float() / 255, CONTENT_LAYERS)
        for each in (one, other)
    )
    by_layer = []
    for layer in CONTENT_LAYERS:
        a, b = taps[layer].double(), others[layer].double()
        assert bool((a.norm(dim=1) > 0).all())
        assert bool((b.norm(dim=1) > 0).all())
        cosine = (a * b).sum(dim=1) / (a.norm(dim=1) * b.norm(dim=1))
        by_layer.append((2 - 2 * cosine).mean().item())
    assert content_distance(one, other) == pytest.approx(sum(by_layer) / 4, rel=1e-4)
    assert content_distance(other, one) == pytest.approx(content_distance(one, other), rel=1e-6)


def test_luma_has_the_weights_of_rec_601() -> None:
    pixels = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]]], dtype=np.uint8)
    np.testing.assert_allclose(luma(pixels), [[0.299, 0.587, 0.114, 1]], rtol=1e-12)


@pytest.mark.parametrize("shape", [(11, 11), (14, 23), (30, 12)])
def test_ssim_is_the_papers_sum_over_windows(shape: tuple[int, int]) -> None:
    one = RANDOM.random(shape)
    other = np.clip(0.6 * one + 0.4 * RANDOM.random(shape), 0, 1)
    assert ssim(one, other) == pytest.approx(ssim_by_hand(one, other), rel=1e-10)


def test_ssim_of_small_pictures_is_that_of_their_mirrored_continuation() -> None:
    one, other = RANDOM.random((6, 15)), RANDOM.random((6, 15))
    mirrored = [np.vstack([each, each[::-1][:5]]) for each in (one, other)]
    assert ssim(one, other) == pytest.approx(ssim_by_hand(*mirrored), rel=1e-10)


def test_ssim_of_two_flat_pictures_is_the_term_of_their_means() -> None:
    one, other = np.full((16, 16), 0.2), np.full((16, 16), 0.6)
    expected = (2 * 0.2 * 0.6 + 1e-4) / (0.2**2 + 0.6**2 + 1e-4)
    assert ssim(one, other) == pytest.approx(expected, rel=1e-10)


@settings(max_examples=30)
@given(one=st.integers(0, 255), other=st.integers(0, 255))
def test_the_colour_distance_of_two_constants_is_their_difference(one: int, other: int) -> None:
    distance = colour_distance(flat(one), flat(other, 3, 4))
    assert distance == pytest.approx(abs(one - other) / 255, abs=1e-12)


def test_the_colour_distance_is_that_of_the_sorted_values() -> None:
    one, other = levels(20, 30), levels(30, 20, top=90)
    quantiles = [np.sort(each.reshape(-1, 3).astype(float) / 255, axis=0) for each in (one, other)]
    expected = np.abs(quantiles[0] - quantiles[1]).mean()
    assert colour_distance(one, other) == pytest.approx(expected, rel=1e-10)


def test_the_colour_distance_knows_nothing_of_where_and_how_often() -> None:
    one, other = levels(8, 9), levels(7, 5)
    shuffled = RANDOM.permutation(one.reshape(-1, 3)).reshape(9, 8, 3)
    assert colour_distance(one, shuffled) == 0
    twice = np.concatenate([one, one])
    assert colour_distance(twice, other) == pytest.approx(colour_distance(one, other), rel=1e-12)


def test_the_colours_of_a_mixture_are_mixed_by_their_weights_whatever_the_sizes() -> None:
    one, other = levels(5, 8), levels(11, 3)
    assert colour_distance(one, other, other) == pytest.approx(colour_distance(one, other), rel=1e-12)
    assert colour_distance(one, other, one, weights=[1, 0]) == colour_distance(one, other)
    assert colour_distance(flat(0), flat(0, 2, 2), flat(255), weights=[3, 1]) == pytest.approx(1 / 4)
    together = np.concatenate([one.reshape(1, -1, 3)] * 33 + [other.reshape(1, -1, 3)] * 40, axis=1)
    assert colour_distance(together, one, other, weights=[1, 1]) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(("cycles", "fine"), [(1, False), (31, False), (32, False), (33, True), (63, True)])
def test_fine_energy_is_that_of_waves_shorter_than_4_px(cycles: int, fine: bool) -> None:
    expected = 0.3**2 / 2 if fine else 0
    for picture in (grating(0.3, cycles), grating(0.3, cycles).T):
        assert fine_energy(picture) == pytest.approx(expected, abs=1e-12)


def test_fine_energy_counts_a_diagonal_by_its_own_wavelength() -> None:
    """Each direction alone is coarse, at 0.2 cycles per pixel; together they are 0.28."""
    wave = np.cos(np.pi * 24 * (np.arange(60) + 0.5) / 60)
    assert fine_energy(0.5 + 0.4 * wave[:, None] * wave) == pytest.approx(0.4**2 / 4, rel=1e-9)


def test_fine_energy_of_white_noise_is_its_share_of_the_plane() -> None:
    noise = 0.1 * RANDOM.standard_normal((256, 256))
    assert fine_energy(noise) == pytest.approx(0.01 * (1 - math.pi / 16), rel=0.03)


def test_a_slope_has_next_to_no_fine_energy_although_its_edges_differ() -> None:
    slope = np.tile(np.linspace(0, 1, 128), (64, 1))
    assert fine_energy(slope) < 1e-6


def test_fine_noise_is_relative_to_the_larger_of_content_and_style() -> None:
    weak, strong, result = (
        Picture(rgb=np.repeat(grating(amplitude, 50)[..., None], 3, axis=2).astype(np.float32))
        for amplitude in (0.05, 0.1, 0.3)
    )
    for content, style in ((weak, strong), (strong, weak)):
        assert on_cpu(result, content, style).fine_noise == pytest.approx(9, rel=0.02)


def test_the_colour_noise_of_a_checkerboard_is_its_chroma_but_for_the_borders() -> None:
    """The blur of 1, -1, 1, … is 0 inside, and by hand 1/2 and 1/8 at a border, where pixels are repeated."""
    height, width = 30, 40
    signs = np.multiply.outer([1, -1] * (height // 2), [1, -1] * (width // 2))
    down, across = (
        np.array([1 / 2, 1 / 8, *[0] * (length - 4), -1 / 8, -1 / 2]) for length in (height, width)
    )
    board = flat(128, height, width)
    board[..., 0] = 128 + 51 * signs
    chroma = 0.2 * np.array([0.701, -0.299, -0.299])
    expected = np.sqrt(np.mean((signs - np.outer(down, across)) ** 2) * np.mean(chroma**2))
    assert colour_noise(board) == pytest.approx(expected, rel=1e-12)
    assert colour_noise(board) == pytest.approx(np.sqrt(np.mean(chroma**2)), rel=0.03)


def test_the_colour_noise_of_a_wave_of_four_px_is_three_quarters_of_it() -> None:
    wave = np.tile(np.array([60, 0, -60, 0]), (8, 100))
    striped = flat(128, 8, 400)
    striped[..., 2] = 128 + wave
    chroma = 60 / 255 / np.sqrt(2) * np.sqrt(np.mean(np.array([-0.114, -0.114, 0.886]) ** 2))
    assert colour_noise(striped) == pytest.approx(0.75 * chroma, rel=0.01)


def test_brightness_and_slopes_of_colour_are_no_colour_noise() -> None:
    grey = np.repeat(levels(20, 30)[..., :1], 3, axis=2)
    assert colour_noise(grey) == pytest.approx(0, abs=1e-15)
    slope = flat(0, 20, 256)
    slope[..., 1] = np.arange(256)
    assert colour_noise(slope) < 0.0005


def test_the_clipped_share_counts_both_ends_of_the_range() -> None:
    pixels = flat(128, 1, 4)
    pixels[0, 0] = (0, 255, 1)
    pixels[0, 1] = (254, 255, 128)
    assert clipped_share(pixels) == 3 / 12
