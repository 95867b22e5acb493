import functools

import pytest
import torch
from torch import Tensor

from nst_core.engine import as_losses
from nst_core.events import Losses
from nst_core.losses.objective import Objective
from nst_core.losses.style import Target
from nst_core.losses.terms import gram, total_variation
from nst_core.losses.tiled import Tiles
from nst_core.models.vgg import Vgg
from nst_core.params import PUBLISHED, STYLE_LAYERS, Params

published = functools.partial(Params, **PUBLISHED)
RANDOM = torch.Generator().manual_seed(11)
CONTENT = torch.rand(1, 3, 32, 48, generator=RANDOM)
STYLE = 0.3 * torch.rand(1, 3, 40, 32, generator=RANDOM)
PICTURE = torch.rand(1, 3, 32, 48, generator=RANDOM)


@pytest.fixture(scope="module")
def vgg(vgg19: dict[str, Tensor]) -> Vgg:
    return Vgg(vgg19)


def objective(vgg: Vgg, content: Tensor, style: Tensor, params: Params) -> Objective:
    taps = vgg(style, params.style_layers)
    return Objective(
        vgg, content, [[Target(grams=[gram(taps[layer])[0] for layer in params.style_layers])]], [params]
    )


def now(one: Objective, picture: Tensor) -> Losses:
    return as_losses(one(picture)[1][0])


def by_hand(vgg: Vgg, params: Params) -> tuple[float, list[float], list[float]]:
    """The content loss, and per layer the style loss of the picture and of the content."""
    layers = {params.content_layer, *params.style_layers}
    of_picture, of_content, of_style = (vgg(p, layers) for p in (PICTURE, CONTENT, STYLE))
    content = (of_picture[params.content_layer] - of_content[params.content_layer]).square().mean().item()
    painted, plain = (
        [(gram(taps[layer]) - gram(of_style[layer])).square().mean().item() for layer in params.style_layers]
        for taps in (of_picture, of_content)
    )
    return content, painted, plain


def test_the_raw_form_is_the_papers_sum(vgg: Vgg) -> None:
    params = published(
        content_weight=2.0,
        style_weight=30.0,
        style_layers=("relu1_1", "relu3_1"),
        layer_weights=(0.25, 4.0),
    )
    one = objective(vgg, CONTENT, STYLE, params)
    total, losses = one(PICTURE)[0], one(PICTURE)[1][0]
    content, (first, second), _ = by_hand(vgg, params)
    style = 0.25 * first + 4 * second
    assert total.item() == pytest.approx(2 * content + 30 * style, rel=1e-4)
    assert as_losses(losses).content == pytest.approx(content, rel=1e-4)
    assert as_losses(losses).style == pytest.approx(style, rel=1e-4)


def test_the_relative_form_divides_by_the_natural_references(vgg: Vgg) -> None:
    params = published(beta=7.0)
    one = objective(vgg, CONTENT, STYLE, params)
    total, losses = one(PICTURE)[0], one(PICTURE)[1][0]
    content, painted, plain = by_hand(vgg, params)
    content_rel = content / vgg(CONTENT, ["relu4_2"])["relu4_2"].square().mean().item()
    ratios = [a / b for a, b in zip(painted, plain, strict=True)]
    assert as_losses(losses).content_rel == pytest.approx(content_rel, rel=1e-4)
    assert as_losses(losses).style_rel == pytest.approx(sum(ratios) / 5, rel=1e-4)
    assert total.item() == pytest.approx(content_rel + 7 * sum(ratios) / 5, rel=1e-4)


def test_the_content_itself_has_content_0_and_style_1(vgg: Vgg) -> None:
    found = now(objective(vgg, CONTENT, STYLE, published()), CONTENT)
    assert found.content == 0
    assert found.style_rel == pytest.approx(1, rel=1e-4)
    assert found.total == pytest.approx(published().nominal_beta, rel=1e-4)


def test_the_style_itself_has_style_0(vgg: Vgg) -> None:
    assert now(objective(vgg, CONTENT[..., :32], STYLE, published()), STYLE[..., :32, :]).style_rel < 1
    assert now(objective(vgg, STYLE, STYLE, published()), STYLE).style_rel == 0


def test_relative_losses_are_finite_when_the_content_is_the_style(vgg: Vgg) -> None:
    total, losses = objective(vgg, STYLE, STYLE, published())(STYLE * 0.5)
    assert bool(losses.isfinite().all())
    assert 0 < total.item() < 1e6


def test_relative_losses_do_not_depend_on_the_scale_of_the_activations(vgg19: dict[str, Tensor]) -> None:
    """Doubling the last convolution doubles relu5_1 and must change nothing."""
    louder = {key: value * 2 if key.startswith("features.28.") else value for key, value in vgg19.items()}
    one, other = (now(objective(Vgg(w), CONTENT, STYLE, published()), PICTURE) for w in (vgg19, louder))
    assert other.style_rel == pytest.approx(one.style_rel, rel=1e-4)
    assert other.style > one.style


def test_layer_weights_choose_among_layers(vgg: Vgg) -> None:
    only_first = published(layer_weights=(3.0, 0.0, 0.0, 0.0, 0.0))
    alone = published(style_layers=STYLE_LAYERS[:1])
    one, other = (now(objective(vgg, CONTENT, STYLE, p), PICTURE) for p in (only_first, alone))
    assert one.style_rel == pytest.approx(other.style_rel, rel=1e-5)


def test_total_variation_is_added_with_its_weight(vgg: Vgg) -> None:
    without, _ = objective(vgg, CONTENT, STYLE, published())(PICTURE)
    with_tv, _ = objective(vgg, CONTENT, STYLE, published(tv=3.0))(PICTURE)
    assert (with_tv - without).item() == pytest.approx(3 * total_variation(PICTURE).item(), rel=1e-3)


def target(vgg: Vgg, style: Tensor, mask: Tensor | None = None) -> Target:
    taps = vgg(style, STYLE_LAYERS)
    return Target(grams=[gram(taps[layer])[0] for layer in STYLE_LAYERS], mask=mask)


def test_each_picture_of_a_batch_has_the_losses_and_gradient_it_has_alone(vgg: Vgg) -> None:
    params = [
        published(beta=7.0, layer_weights=(5.0, 1.0, 1.0, 0.0, 2.0)),
        published(content_weight=1.0, style_weight=3.0, tv=0.5),
        published(beta=40.0, tv=1.5),
    ]
    contents, pictures = (
        torch.cat([CONTENT, PICTURE, CONTENT]),
        torch.cat([PICTURE, CONTENT, PICTURE.flip(1)]),
    )
    left = torch.zeros(32, 48)
    left[:, :16] = 1
    wanted = [[target(vgg, STYLE)], [target(vgg, STYLE.flip(1))], [target(vgg, STYLE.sqrt(), left)]]
    grads, totals, losses = Objective(vgg, contents, wanted, params).gradient(pictures)
    for n in range(3):
        alone = Objective(vgg, contents[n : n + 1], wanted[n : n + 1], params[n : n + 1])
        grad, total, own = alone.gradient(pictures[n : n + 1])
        torch.testing.assert_close(grads[n], grad[0], rtol=1e-4, atol=1e-5 * grad.abs().max().item())
        torch.testing.assert_close(totals[n], total[0], rtol=1e-4, atol=1e-6)
        torch.testing.assert_close(losses[n], own[0], rtol=1e-4, atol=1e-6)


def test_recomputed_activations_give_the_same_gradient(vgg: Vgg) -> None:
    kept, recomputed = (
        Objective(vgg, CONTENT, [[target(vgg, STYLE)]], [published()], checkpoint=checkpoint).gradient(
            PICTURE
        )
        for checkpoint in (False, True)
    )
    for one, other in zip(kept, recomputed, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("kind", [Objective, Tiles])
def test_outside_the_edit_mask_a_picture_has_no_gradient_and_no_effect(
    kind: type[Objective], vgg: Vgg
) -> None:
    here = torch.zeros(1, 1, 32, 48)
    here[..., :20] = 1
    one = kind(vgg, CONTENT, [[target(vgg, STYLE)]], [published(tv=2.0)], edit_mask=here)
    grads, totals, _ = one.gradient(PICTURE)
    assert grads[..., 20:].abs().max() == 0
    assert grads[..., :20].abs().min(dim=1).values.max() > 0
    elsewhere = PICTURE.clone()
    elsewhere[..., 20:] = 0.3
    torch.testing.assert_close(one.gradient(elsewhere)[1], totals)
    assert torch.equal(one.mixed(PICTURE)[..., 20:], CONTENT[..., 20:])
    torch.testing.assert_close(one.mixed(PICTURE)[..., :20], PICTURE[..., :20])


def test_outside_all_regions_only_the_content_counts(vgg: Vgg) -> None:
    """relu1_1 sees one pixel around: from the next column on, the style's gradient is exactly 0."""
    params, without = (
        published(style_layers=("relu1_1",), content_layer="relu2_1", beta=beta) for beta in (50.0, 0.0)
    )
    left, right = torch.zeros(2, 32, 48)
    left[:, :12], right[:, 36:] = 1, 1
    regions = [
        Target(grams=target(vgg, STYLE).grams[:1], mask=left),
        Target(grams=target(vgg, STYLE.sqrt()).grams[:1], mask=right),
    ]
    grads, content_only = (
        Objective(vgg, CONTENT, [regions], [one]).gradient(PICTURE)[0] for one in (params, without)
    )
    between = slice(13, 35)
    torch.testing.assert_close(grads[..., between], content_only[..., between])
    assert content_only[..., between].abs().max() > 0
    for inside in (slice(11), slice(37, None)):
        assert (grads - content_only)[..., inside].abs().max() > 0.01 * content_only.abs().max()


def test_an_empty_region_has_no_effect(vgg: Vgg) -> None:
    """As when a region lies wholly outside the part that may change."""
    left = torch.zeros(32, 48)
    left[:, :24] = 1
    here, nowhere = target(vgg, STYLE, left), target(vgg, STYLE.sqrt(), 0 * left)
    both, alone = (
        Objective(vgg, CONTENT, [regions], [published()]).gradient(PICTURE)
        for regions in ([here, nowhere], [here])
    )
    for found, expected in zip(both, alone, strict=True):
        torch.testing.assert_close(found, expected)


def test_given_betas_take_the_place_of_the_parameters(vgg: Vgg) -> None:
    wanted = [[target(vgg, STYLE)]]
    own = Objective(vgg, CONTENT, wanted, [published(beta=8.0)])(PICTURE)[0]
    given = Objective(vgg, CONTENT, wanted, [published(beta=3.0)], betas=torch.tensor([8.0]))(PICTURE)[0]
    torch.testing.assert_close(given, own)


def test_regions_count_by_their_area_and_see_only_their_part(vgg: Vgg) -> None:
    left = torch.zeros(32, 48)
    left[:, :16] = 1
    params = published(style_layers=("relu1_1",))
    taps = vgg(STYLE, ["relu1_1"])
    grams = [gram(taps["relu1_1"])[0]]
    two = Objective(
        vgg, CONTENT, [[Target(grams=grams, mask=left), Target(grams=grams, mask=1 - left)]], [params]
    )
    losses = [
        now(Objective(vgg, CONTENT, [[Target(grams=grams, mask=mask)]], [params]), PICTURE).style_rel
        for mask in (left, 1 - left)
    ]
    assert now(two, PICTURE).style_rel == pytest.approx((losses[0] + 2 * losses[1]) / 3, rel=1e-4)
