"""Specks go, lines stay, and a picture with more grain loses more of it."""

import numpy as np
import pytest
import torch
from torch import Tensor

from nst_core.images.grain import grain, much, radius_px, without_grain
from nst_core.images.picture import Picture
from nst_core.images.simplifying import simplified


def page(*, line: float = 0.0, speck: float = 0.0) -> Tensor:
    """A light page (1, 3, 60, 60) with a dark line of 2 px on the left and dark specks on the right."""
    pixels = torch.full((1, 3, 60, 60), 0.9)
    pixels[..., 14:16] -= line
    pixels[..., 4:56:6, 34:58:6] -= speck
    return pixels


def left_of(pixels: Tensor, before: Tensor) -> tuple[float, float]:
    """How much of the line's and of the specks' contrast is left, away from its ends."""
    line, specks = (slice(15, 45), slice(14, 16)), (slice(16, 46, 6), slice(40, 52, 6))
    found = [
        ((0.9 - pixels[0, 0][part]).mean() / (0.9 - before[0, 0][part]).mean()).item()
        for part in (line, specks)
    ]
    return found[0], found[1]


def test_strong_specks_go_and_strong_lines_stay() -> None:
    before = page(line=0.7, speck=0.7)
    line, specks = left_of(without_grain(before, 2.5, 1.0), before)
    assert line > 0.95
    assert specks < 0.35


def test_with_little_grain_strong_specks_stay_too_and_faint_detail_goes() -> None:
    before = page(line=0.7, speck=0.7)
    assert min(left_of(without_grain(before, 2.5, 0.0), before)) > 0.95
    torch.testing.assert_close(without_grain(before, 2.5, 0.0), simplified(before, 2.5))
    faint = page(line=0.03, speck=0.03)
    assert max(left_of(without_grain(faint, 2.5, 1.0), faint)) < 0.6


def test_half_as_much_is_half_way() -> None:
    before = page(line=0.7, speck=0.5)
    none, half, full = (without_grain(before, 2.5, amount) for amount in (0.0, 0.5, 1.0))
    torch.testing.assert_close(half, (none + full) / 2)


def test_a_line_stays_in_any_direction() -> None:
    before = page(line=0.7, speck=0.7)
    found = without_grain(before.mT, 2.5, 1.0).mT
    torch.testing.assert_close(found, without_grain(before, 2.5, 1.0), atol=1e-4, rtol=1e-3)


def test_small_radii_change_nothing_and_pictures_of_any_shape_are_taken() -> None:
    noisy = torch.rand(1, 3, 20, 30, generator=torch.Generator().manual_seed(1))
    assert without_grain(noisy, 0.7, 1.0) is noisy
    for size in ((1, 1), (1, 50), (3, 2)):
        pixels = torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(2))
        found = without_grain(pixels, 100.0, 1.0)
        assert found.shape == pixels.shape
        assert 0 <= found.min() <= found.max() <= 1


def strokes(deviation: float, *, seed: int = 0) -> Picture:
    """Broad strokes, dark and light, with noise of this deviation, at the size where grain is measured."""
    broad = np.tile(np.repeat([0.3, 0.7], 40), 8)[None, :, None]
    noise = deviation * np.random.default_rng(seed).standard_normal((640, 640, 1))
    return Picture(rgb=np.clip(np.broadcast_to(broad, (640, 640, 3)) + noise, 0, 1).astype(np.float32))


def test_grain_is_measured_beside_the_contrast() -> None:
    found = [grain(strokes(deviation)) for deviation in (0.0, 0.02, 0.04, 0.08)]
    assert found[0] < 0.01
    assert found == sorted(found)
    assert found[2] == pytest.approx(2 * found[1], rel=0.2)
    assert 0.4 < found[2] / (0.04 / 0.2) < 1  # about half of the noise, over the strokes' deviation of 0.2


def test_plain_pictures_have_no_grain() -> None:
    assert much(Picture(rgb=np.full((30, 40, 3), 0.4, dtype=np.float32))) == 0


def test_only_what_is_seen_is_measured() -> None:
    clean, noisy = strokes(0.0), strokes(0.08)
    both = np.concatenate([clean.rgb[:, :320], noisy.rgb[:, 320:]], axis=1)
    left = np.zeros((640, 640), dtype=np.float32)
    left[:, :310] = 1
    assert grain(Picture(rgb=both, alpha=left)) < 0.02
    assert grain(Picture(rgb=both)) > 0.1


@pytest.mark.parametrize(
    ("much_of_it", "edge_px", "wanted"),
    [(0.0, 256, 1.0), (1.0, 256, 1.0), (0.0, 1024, 1.5), (0.5, 1024, 2.0), (1.0, 512, 2.0), (1.0, 4096, 2.5)],
)
def test_the_radius_grows_with_the_painting_up_to_the_grain_s(
    much_of_it: float, edge_px: int, wanted: float
) -> None:
    assert radius_px(much_of_it, edge_px) == pytest.approx(wanted)
