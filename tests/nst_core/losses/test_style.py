import pytest
import torch
from torch import Tensor

from nst_core.images.picture import Picture, fit
from nst_core.losses.objective import Objective
from nst_core.losses.style import Target, covariance
from nst_core.losses.targets import TargetCache, statistics_of, targets
from nst_core.losses.terms import gram
from nst_core.models.vgg import Vgg
from nst_core.params import Params
from nst_core.styles import as_spec, blended
from tests.support.slim_vgg import slim

LAYERS = ("relu1_1", "relu3_1")


def random(*shape: int, seed: int = 1) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_moments_are_half_the_covariances_and_half_the_means_each_relative_to_the_contents() -> None:
    vgg = slim("vgg19")
    content, style, picture = (random(1, 3, 24, 28, seed=seed) * (1 - 0.3 * seed) for seed in (0, 1, 2))
    params = Params(
        style_layers=LAYERS, layer_weights=(3.0, 1.0), gram=0.0, moments=2.0, matching=0.0, chroma="free"
    )
    found = statistics_of(vgg, style, None, LAYERS)
    one = Objective(vgg, content, [[Target(grams=found[:2], means=found[2:])]], [params])
    parts = []
    for layer in LAYERS:
        each = [vgg(pixels, [layer])[layer] for pixels in (picture, content, style)]
        means = [features.mean(dim=(2, 3)) for features in each]
        covariances = [torch.cov(features[0].flatten(1), correction=0)[None] for features in each]
        halves = [
            (values[0] - values[2]).square().mean() / (values[1] - values[2]).square().mean()
            for values in (covariances, means)
        ]
        parts.append(sum(halves) / 2)
    expected = 0.75 * parts[0] + 0.25 * parts[1]
    assert one(picture)[1][0, 3].item() == pytest.approx(float(expected))
    assert one(content)[1][0, 3].item() == pytest.approx(1)


def test_a_covariance_is_the_gram_matrix_less_the_products_of_the_means() -> None:
    features = random(2, 5, 6, 7)
    found = covariance(gram(features), features.mean(dim=(2, 3)))
    torch.testing.assert_close(found[1], torch.cov(features[1].flatten(1), correction=0))


@pytest.fixture(scope="module")
def vgg(vgg19: dict[str, Tensor]) -> Vgg:
    return Vgg(vgg19, padding="reflect")


@pytest.mark.parametrize(
    ("size_px", "params", "matched"),
    [
        (64, Params(size=256), False),
        (128, Params(size=256), True),
        (64, Params(size=64), True),
        (128, Params(size=256, matching=0.0), False),
        (128, Params(size=256, content_weight=1.0, style_weight=10.0), False),
    ],
    ids=["coarse", "fine", "one small size", "without its term", "raw"],
)
def test_styles_are_matched_from_128_px_on_unless_the_picture_is_smaller(
    size_px: int, params: Params, starry_night: Picture, vgg: Vgg, *, matched: bool
) -> None:
    content = fit(starry_night, size_px)
    (found,) = targets(as_spec(starry_night), content, params, size_px=size_px, vgg=vgg, cache=TargetCache())
    assert (found.bank is not None) == matched


def test_in_the_bank_of_a_blend_each_style_has_its_share(
    starry_night: Picture, chelsea: Picture, vgg: Vgg
) -> None:
    params, cache = Params(size=64, style_scale=4.0), TargetCache()
    content = fit(chelsea, 64)

    def rows(spec: Picture | None, weights: list[float]) -> Tensor:
        styles = as_spec(spec) if spec is not None else blended([starry_night, chelsea], weights=weights)
        (found,) = targets(styles, content, params, size_px=64, vgg=vgg, cache=cache)
        assert found.bank is not None
        return found.bank.rows

    night, both = rows(starry_night, []), rows(None, [3, 1])
    assert len(night) == 8000
    assert len(both) == 8000
    assert torch.equal(rows(None, [3, 1]), both)
    own = (both[:6000].float() @ night.float().T).amax(dim=1)
    other = (both[6000:].float() @ night.float().T).amax(dim=1)
    assert own.median() > 0.99
    assert other.median() < 0.95
