"""What is texture goes, what is an edge or a strong detail stays."""

import pytest
import torch
from torch import Tensor

from nst_core.images.simplifying import kuwahara, simplified


def halves(noise: float, height: int = 60, width: int = 80) -> Tensor:
    """Dark on the left, light on the right, with noise on both."""
    pixels = torch.full((1, 3, height, width), 0.3)
    pixels[..., width // 2 :] = 0.7
    return pixels + noise * (torch.rand(pixels.shape, generator=torch.Generator().manual_seed(1)) - 0.5)


def test_texture_goes_and_the_edge_stays_sharp() -> None:
    smooth = simplified(halves(0.1), 3.0)
    assert smooth[..., 5:35].std() < 0.4 * halves(0.1)[..., 5:35].std()
    assert (smooth[..., 41].mean() - smooth[..., 38].mean()).item() == pytest.approx(0.4, abs=0.03)


def test_an_edge_without_texture_is_not_touched() -> None:
    torch.testing.assert_close(simplified(halves(0.0), 3.0), halves(0.0), atol=1e-3, rtol=0)


def test_letters_and_lines_stay_and_faint_scratches_go() -> None:
    for depth, left in ((0.8, 0.99), (0.05, 0.25)):
        page = torch.full((1, 3, 40, 40), 0.9)
        page[..., 20, :] -= depth
        found = (0.9 - simplified(page, 3.0)[..., 20, :]).mean().item() / depth
        assert (found > left) if depth > 0.5 else (found < left)


def test_a_plain_area_and_small_radii_change_nothing() -> None:
    plain = torch.full((1, 3, 20, 30), 0.4)
    torch.testing.assert_close(simplified(plain, 4.0), plain)
    noisy = halves(0.1)
    assert simplified(noisy, 0.7) is noisy


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (3, 2), (50, 1)])
def test_pictures_of_any_shape_are_taken(size: tuple[int, int]) -> None:
    pixels = torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(2))
    found = simplified(pixels, 100.0)
    assert found.shape == pixels.shape
    assert found.isfinite().all()
    assert 0 <= found.min() <= found.max() <= 1


def test_strips_have_no_seams(monkeypatch: pytest.MonkeyPatch) -> None:
    noisy = halves(0.2)
    whole = kuwahara(noisy, 3.0)
    monkeypatch.setattr("nst_core.images.simplifying._STRIP", 7 * 80)
    torch.testing.assert_close(kuwahara(noisy, 3.0), whole)


def test_turned_pictures_are_simplified_alike() -> None:
    """Eight sectors are the same after a quarter turn."""
    noisy = halves(0.2, 40, 40)
    turned = torch.rot90(kuwahara(torch.rot90(noisy, 1, (2, 3)), 3.0), -1, (2, 3))
    torch.testing.assert_close(turned, kuwahara(noisy, 3.0), atol=1e-4, rtol=1e-3)


def test_an_even_sector_counts_more_than_a_mixed_one() -> None:
    """Beside an edge the mean is that of the own side, where a blur would mix both."""
    own = kuwahara(halves(0.0), 4.0)[..., 37:39].mean().item()
    assert own == pytest.approx(0.3, abs=0.01)
