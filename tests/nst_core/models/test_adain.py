import pytest
import torch

from nst_core.models.adain import Adain, adain_alpha, transfer
from nst_core.params import Params, beta_for_strength

RANDOM = torch.Generator().manual_seed(4)


def test_features_take_the_styles_mean_and_deviation() -> None:
    content = torch.randn(1, 4, 20, 30, generator=RANDOM, dtype=torch.float64)
    style = 3 * torch.randn(1, 4, 16, 16, generator=RANDOM, dtype=torch.float64) + 2
    moved = transfer(content, style)
    for channel in range(4):
        own, wanted = moved[0, channel], style[0, channel]
        assert own.mean().item() == pytest.approx(wanted.mean().item(), abs=1e-6)
        assert own.std(correction=0).item() == pytest.approx(wanted.std(correction=0).item(), rel=1e-4)
        naive = (content[0, channel] - content[0, channel].mean()) / content[0, channel].std(correction=0)
        expected = wanted.std(correction=0) * naive + wanted.mean()
        torch.testing.assert_close(own, expected, rtol=1e-4, atol=1e-4)


def test_a_masked_style_has_the_moments_of_its_masked_part() -> None:
    content = torch.randn(1, 4, 5, 6, generator=RANDOM, dtype=torch.float64)
    style = torch.randn(1, 4, 8, 8, generator=RANDOM, dtype=torch.float64)
    mask = torch.zeros(1, 32, 32, dtype=torch.float64)
    mask[..., :12] = 0.5
    torch.testing.assert_close(transfer(content, style, mask), transfer(content, style[..., :3]))
    torch.testing.assert_close(transfer(content, style, torch.ones_like(mask)), transfer(content, style))


def test_a_masked_content_has_the_styles_moments_within_its_mask() -> None:
    content = torch.randn(1, 4, 8, 8, generator=RANDOM, dtype=torch.float64)
    content[..., 3:] *= 0.1
    style = torch.randn(1, 4, 5, 6, generator=RANDOM, dtype=torch.float64)
    mask = torch.zeros(1, 32, 32, dtype=torch.float64)
    mask[..., :12] = 0.5
    moved = transfer(content, style, content_mask=mask)
    torch.testing.assert_close(moved[..., :3], transfer(content[..., :3], style))


def test_where_the_masked_content_is_all_alike_the_rest_does_not_explode() -> None:
    content = torch.randn(1, 4, 8, 8, generator=RANDOM, dtype=torch.float64)
    content[..., :2, :2] = 1.0
    mask = torch.zeros(1, 8, 8, dtype=torch.float64)
    mask[..., :2, :2] = 1
    style = torch.randn(1, 4, 5, 6, generator=RANDOM, dtype=torch.float64)
    moved = transfer(content, style, content_mask=mask)
    deviation = (moved - style.mean(dim=(2, 3), keepdim=True)).square().mean(dim=(2, 3)).sqrt()
    torch.testing.assert_close(deviation, style.std(dim=(2, 3), correction=0), rtol=1e-4, atol=1e-4)


def test_a_constant_channel_takes_the_styles_mean() -> None:
    moved = transfer(torch.ones(1, 1, 3, 3), torch.full((1, 1, 2, 2), 5.0))
    torch.testing.assert_close(moved, torch.full((1, 1, 3, 3), 5.0))


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 40), (2, 9), (64, 48), (37, 53)])
def test_a_picture_of_any_shape_keeps_it(height: int, width: int) -> None:
    picture = Adain(torch.device("cpu"))(
        torch.rand(1, 3, height, width, generator=RANDOM), [torch.rand(1, 3, 33, 20, generator=RANDOM)]
    )
    assert picture.shape == (1, 3, height, width)
    assert 0 <= picture.min() <= picture.max() <= 1


def test_alpha_runs_from_the_content_to_the_full_style() -> None:
    adain = Adain(torch.device("cpu"))
    content = torch.rand(1, 3, 32, 32, generator=RANDOM)
    style = torch.rand(1, 3, 32, 32, generator=RANDOM) * 0.3
    full = adain(content, [style])
    distances = [
        (adain(content, [style], alpha=alpha) - full).norm().item() for alpha in (0.0, 0.4, 0.8, 1.0)
    ]
    assert distances == sorted(distances, reverse=True)
    assert distances[-1] == 0
    assert torch.equal(adain(content, [style], alpha=0.0), content)
    torch.testing.assert_close(adain(content, [style], alpha=1e-4), content, rtol=0, atol=0.01)


def test_a_draft_takes_more_of_the_style_with_more_strength() -> None:
    alphas = [adain_alpha(Params(beta=beta_for_strength(strength))) for strength in (0, 10, 25, 50, 75, 100)]
    assert alphas == sorted(alphas)
    assert alphas[0] == 0
    assert alphas[3] == pytest.approx(2 / 3)
    assert alphas[4:] == [1, 1]


def test_in_the_raw_form_a_draft_takes_all_of_the_style_or_none() -> None:
    assert adain_alpha(Params(content_weight=1.0, style_weight=5.0)) == 1
    assert adain_alpha(Params(content_weight=1.0, style_weight=0.0)) == 0


def test_two_styles_are_blended_by_their_weights() -> None:
    adain = Adain(torch.device("cpu"))
    content, one, other = (torch.rand(1, 3, 32, 32, generator=RANDOM) for _ in range(3))
    alone = adain(content, [one])
    torch.testing.assert_close(adain(content, [one, other], [1.0, 1e-6]), alone, rtol=0, atol=1e-3)
    torch.testing.assert_close(adain(content, [one, one], [0.3, 0.7]), alone, rtol=0, atol=1e-3)
    assert (adain(content, [one, other], [1.0, 1.0]) - alone).abs().mean() > 1e-3
