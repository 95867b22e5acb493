import pytest
import torch
from torch import Tensor

from nst_core.optim.spectrum import Spectrum, opponent_axes

CPU = torch.device("cpu")


def random(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(8))


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (16, 16), (17, 30)])
def test_the_map_is_symmetric_and_positive(size: tuple[int, int]) -> None:
    spectrum, one, other = Spectrum(*size, CPU), random(3, *size), random(3, *size) + 1
    assert spectrum(one).shape == one.shape
    left, right = (one * spectrum(other)).sum(), (other * spectrum(one)).sum()
    torch.testing.assert_close(left, right, rtol=1e-3, atol=1e-4)
    assert (one * spectrum(one)).sum() > 0


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (6, 6), (7, 5)])
def test_all_eigenvalues_are_positive(size: tuple[int, int]) -> None:
    count = 3 * size[0] * size[1]
    matrix = Spectrum(*size, CPU)(torch.eye(count).view(count, 3, *size)).reshape(count, count).double()
    values = torch.linalg.eigvalsh((matrix + matrix.T) / 2)
    assert values.min() > 1e-3 * values.max()


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (9, 6), (7, 11)])
def test_a_picture_of_one_colour_is_mapped_to_one_of_one_colour(size: tuple[int, int]) -> None:
    flat = Spectrum(*size, CPU)(torch.tensor([0.2, 0.7, 0.4]).view(3, 1, 1).expand(3, *size))
    torch.testing.assert_close(flat, flat[:, :1, :1].expand_as(flat))
    assert flat.abs().max() > 0.1


def test_it_is_linear_and_takes_the_pictures_of_a_batch_apart() -> None:
    spectrum = Spectrum(6, 7, CPU)
    one, other = random(2, 3, 6, 7)
    torch.testing.assert_close(spectrum(2 * one - other), 2 * spectrum(one) - spectrum(other))
    together = spectrum(torch.stack([one, other])[:, None])
    torch.testing.assert_close(together[:, 0], torch.stack([spectrum(one), spectrum(other)]))


def test_a_flat_grey_stays_flat_and_grey() -> None:
    flat = Spectrum(12, 10, CPU)(torch.ones(3, 12, 10))
    torch.testing.assert_close(flat, flat[0, 0, 0].expand_as(flat))


def test_broad_brightness_moves_further_than_fine_brightness() -> None:
    wave = torch.arange(64) / 64 * 2 * torch.pi
    broad, fine = (torch.cos(cycles * wave).expand(3, 64, 64) for cycles in (1, 20))
    spectrum = Spectrum(64, 64, CPU)
    assert spectrum(broad).norm() / broad.norm() > 5 * spectrum(fine).norm() / fine.norm()


def test_the_colour_axes_are_orthonormal() -> None:
    torch.testing.assert_close(opponent_axes() @ opponent_axes().T, torch.eye(3))
