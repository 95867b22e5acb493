import math

import pytest
import torch
from torch import Tensor

from nst_core.losses.terms import feature_sums, gram, mean_squared_error, smooth_chroma, total_variation


def random(*shape: int, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(3), dtype=dtype)


def test_gram_is_the_mean_over_positions_of_products_of_channels() -> None:
    features = random(2, 3, 4, 5)
    naive = torch.zeros(2, 3, 3, dtype=torch.float64)
    for b in range(2):
        for i in range(3):
            for j in range(3):
                for y in range(4):
                    for x in range(5):
                        naive[b, i, j] += features[b, i, y, x] * features[b, j, y, x] / 20
    torch.testing.assert_close(gram(features), naive)


def test_gram_does_not_depend_on_where_things_are() -> None:
    features = random(1, 6, 8, 8)
    moved = features.flatten(2)[..., torch.randperm(64)].view_as(features)
    torch.testing.assert_close(gram(moved), gram(features))


def test_gram_of_a_tiled_picture_is_the_same() -> None:
    features = random(1, 6, 8, 8)
    torch.testing.assert_close(gram(features.repeat(1, 1, 2, 3)), gram(features))


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_gram_sums_in_float32_even_from_bfloat16(memory_format: torch.memory_format) -> None:
    features = random(1, 4, 64, 64, dtype=torch.float32).bfloat16().contiguous(memory_format=memory_format)
    sums = gram(features)
    assert sums.dtype is torch.float32
    torch.testing.assert_close(sums, gram(features.double()).float(), rtol=1e-5, atol=1e-6)


def test_gram_does_not_overflow_where_float16_would() -> None:
    features = torch.full((1, 2, 16, 16), 300.0, dtype=torch.float16)
    torch.testing.assert_close(gram(features), torch.full((1, 2, 2), 90_000.0))


def test_grams_gradient_has_its_closed_form() -> None:
    """For L = mean((G - A)^2): dL/dF = 4 (G - A) F / (C^2 N), by equation 6 of the paper."""
    features, target = random(1, 3, 4, 5).requires_grad_(), random(1, 3, 3)
    target = target + target.mT
    loss = mean_squared_error(gram(features), target)
    (grad,) = torch.autograd.grad(loss.sum(), features)
    closed = 4 * (gram(features) - target) @ features.flatten(2) / (9 * 20)
    torch.testing.assert_close(grad, closed.detach().view_as(grad))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_grams_gradient_keeps_to_that_in_float64(dtype: torch.dtype) -> None:
    """Over more positions than are summed at once, with gradients that are not symmetric."""
    exact = random(2, 5, 96, 100)
    grads = random(2, 5, 5)
    features = exact.to(dtype).requires_grad_()
    (grad,) = torch.autograd.grad(gram(features), features, grads.float())
    reference = features.detach().double().requires_grad_()
    (wanted,) = torch.autograd.grad(gram(reference), reference, grads)
    assert grad.dtype is dtype
    tolerance = 3 * torch.finfo(dtype).eps
    assert (grad.double() - wanted).norm() <= tolerance * wanted.norm()


def test_grams_of_many_positions_are_those_of_one_product() -> None:
    features = random(2, 3, 100, 101)
    flat = features.flatten(2)
    torch.testing.assert_close(gram(features), flat @ flat.mT / 10_100)


def test_grams_gradient_is_that_of_finite_differences() -> None:
    features = random(1, 3, 2, 3).requires_grad_()
    assert torch.autograd.gradcheck(gram, (features,))
    mask = random(1, 2, 3)
    assert torch.autograd.gradcheck(lambda one: gram(one, mask), (features,))


def test_the_content_losss_gradient_has_its_closed_form() -> None:
    features, target = random(1, 2, 3, 4).requires_grad_(), torch.ones(1, 2, 3, 4, dtype=torch.float64)
    (grad,) = torch.autograd.grad(mean_squared_error(features, target).sum(), features)
    torch.testing.assert_close(grad, (2 * (features - target) / 24).detach())


def test_gradients_agree_with_finite_differences() -> None:
    picture = random(1, 3, 4, 4).requires_grad_()
    assert torch.autograd.gradcheck(gram, picture)
    assert torch.autograd.gradcheck(total_variation, picture)


def test_total_variation_of_a_ramp_is_its_squared_slope() -> None:
    ramp = torch.linspace(0, 1, 5).expand(1, 3, 4, 5)
    assert total_variation(ramp).item() == pytest.approx(4 / 5 * 0.25**2)
    assert total_variation(ramp.mT).item() == pytest.approx(4 / 5 * 0.25**2)


@pytest.mark.parametrize("shape", [(1, 3, 1, 1), (1, 3, 1, 7), (1, 3, 7, 1)])
def test_a_single_row_or_pixel_has_a_finite_total_variation(shape: tuple[int, ...]) -> None:
    assert math.isfinite(total_variation(torch.rand(shape)).item())


def test_a_masked_gram_counts_each_position_by_its_mask_squared() -> None:
    features, mask = random(2, 3, 4, 5), random(2, 4, 5)
    weights = mask.square() / mask.square().sum(dim=(1, 2), keepdim=True)
    expected = torch.einsum("bihw,bjhw,bhw->bij", features, features, weights)
    torch.testing.assert_close(gram(features, mask), expected)
    torch.testing.assert_close(gram(features, torch.ones_like(mask)), gram(features))


def test_a_masked_gram_sees_nothing_of_the_rest() -> None:
    features, mask = random(1, 3, 4, 6), torch.zeros(1, 4, 6, dtype=torch.float64)
    mask[..., :3] = 1
    torch.testing.assert_close(gram(features, mask), gram(features[..., :3]))


def test_each_sample_of_a_batch_has_its_own_loss() -> None:
    values, target = random(3, 2, 4, 4), random(1, 2, 4, 4)
    each = torch.stack([mean_squared_error(one[None], target)[0] for one in values])
    torch.testing.assert_close(mean_squared_error(values, target), each)
    each = torch.stack([total_variation(one[None])[0] for one in values])
    torch.testing.assert_close(total_variation(values), each)


def test_a_mask_of_a_single_faint_position_still_weighs_as_one() -> None:
    features, mask = random(1, 3, 4, 5), torch.zeros(1, 4, 5, dtype=torch.float64)
    mask[0, 1, 2] = 0.5
    column = features[:, :, 1, 2]
    torch.testing.assert_close(gram(features, mask), column[:, :, None] * column[:, None, :])


def test_a_squared_error_does_not_overflow_where_float16_would_and_keeps_float64() -> None:
    values, target = torch.full((1, 2, 4, 4), 300.0, dtype=torch.float16), torch.zeros(1, 2, 4, 4)
    torch.testing.assert_close(mean_squared_error(values, target), torch.tensor([90_000.0]))
    fine = torch.full((1, 2), 1 + 1e-12, dtype=torch.float64)
    error = mean_squared_error(fine, torch.ones(1, 2, dtype=torch.float64))
    torch.testing.assert_close(error, torch.tensor([1e-24], dtype=torch.float64), rtol=1e-3, atol=0)


def test_sums_of_features_are_weighted_by_the_square_of_the_mask() -> None:
    features, mask = random(2, 3, 4, 5), random(2, 4, 5)
    torch.testing.assert_close(feature_sums(features), features.sum(dim=(2, 3)))
    expected = torch.einsum("bchw,bhw->bc", features, mask * mask)
    torch.testing.assert_close(feature_sums(features, mask), expected)


def test_smooth_chroma_leaves_brightness_and_grey_as_they_are() -> None:
    weights = torch.tensor([0.299, 0.587, 0.114], dtype=torch.float64)
    pictures, grey = random(2, 3, 6, 9), random(1, 1, 6, 9).expand(-1, 3, -1, -1)
    before, after = (torch.einsum("bchw,c->bhw", one, weights) for one in (pictures, smooth_chroma(pictures)))
    torch.testing.assert_close(after, before)
    torch.testing.assert_close(smooth_chroma(grey), grey)


def test_smooth_chroma_blurs_a_coloured_pixel_by_the_binomial_filter_and_is_linear() -> None:
    picture = torch.zeros(1, 3, 9, 9, dtype=torch.float64)
    picture[0, 2, 4, 4] = 1
    row = torch.tensor([1, 4, 6, 4, 1], dtype=torch.float64) / 16
    chroma = torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64) - 0.114
    expected = torch.zeros_like(picture)
    expected[0, :, 2:7, 2:7] = chroma[:, None, None] * (row[:, None] * row)
    expected[0, :, 4, 4] += 0.114
    torch.testing.assert_close(smooth_chroma(picture), expected)
    one, other = random(1, 3, 6, 9), random(1, 3, 6, 9).flip(3)
    torch.testing.assert_close(
        smooth_chroma(2 * one - 3 * other), 2 * smooth_chroma(one) - 3 * smooth_chroma(other)
    )


def test_colours_that_alternate_from_pixel_to_pixel_become_grey() -> None:
    stripes = torch.zeros(1, 3, 20, 20, dtype=torch.float64)
    stripes[:, 0, :, ::2], stripes[:, 1, :, 1::2] = 0.587, 0.299  # of the same luma
    inner = smooth_chroma(stripes)[..., 4:-4, 4:-4]
    torch.testing.assert_close(
        inner, inner.mean(dim=(2, 3), keepdim=True).expand_as(inner), atol=1e-9, rtol=0
    )
