import dataclasses

import pytest
import torch
from torch import Tensor

from nst_core.losses import matching
from nst_core.losses.matching import Bank, Matching, bank_of, hypercolumns, picked, transport_prices, unit
from nst_core.losses.objective import Objective
from nst_core.losses.style import Target
from nst_core.losses.targets import rows_of_style
from nst_core.losses.terms import gram
from nst_core.losses.tile import whole
from nst_core.losses.tiled import Tiles
from nst_core.models.vgg import Vgg
from nst_core.params import Params
from tests.support.slim_vgg import slim

PARAMS = Params(beta=7.0)


def random(*shape: int, seed: int = 1) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def target(vgg: Vgg, seed: int, mask: Tensor | None = None, count: int = 200) -> Target:
    style = random(1, 3, 40, 48, seed=seed)
    taps = vgg(style, PARAMS.style_layers)
    return Target(
        grams=[gram(taps[layer])[0] for layer in PARAMS.style_layers],
        bank=bank_of(*rows_of_style(vgg, style, None, count)),
        mask=mask,
    )


def test_a_hypercolumn_holds_the_mean_of_fine_layers_and_the_interpolation_of_coarse_ones() -> None:
    taps = {
        "relu1_2": random(1, 2, 16, 20),
        "relu2_1": random(1, 2, 8, 10),
        "relu3_1": random(1, 3, 4, 5),
        "relu4_1": random(1, 2, 2, 3),
    }
    found = hypercolumns(taps)
    assert found.shape == (1, 9, 4, 5)
    torch.testing.assert_close(found[0, :2, 1, 2], taps["relu1_2"][0, :, 4:8, 8:12].mean(dim=(1, 2)))
    torch.testing.assert_close(found[0, 2:4, 1, 2], taps["relu2_1"][0, :, 2:4, 4:6].mean(dim=(1, 2)))
    torch.testing.assert_close(found[0, 4:7], taps["relu3_1"][0])
    torch.testing.assert_close(found[0, 7:, 0, 0], taps["relu4_1"][0, :, 0, 0])
    coarse = taps["relu4_1"][0]
    between = 0.75 * coarse[:, 0, 0] + 0.25 * coarse[:, 0, 1]
    torch.testing.assert_close(found[0, 7:, 0, 1], between)


def test_each_layer_has_the_same_mean_square_length_and_mean_0() -> None:
    columns = torch.cat([10 * random(1, 500, 3), 0.1 * random(1, 500, 5, seed=2) + 4], dim=2)
    sums = matching.ColumnSums()
    sums.add(columns[:, :200], None)
    sums.add(columns[:, 200:], None)
    means, factors = sums.scaling([3, 5])
    centred = (columns - means[:, None]) * factors[:, None]
    torch.testing.assert_close(centred.mean(dim=1), torch.zeros(1, 8, dtype=torch.float64), atol=1e-9, rtol=0)
    for part in torch.split(centred, [3, 5], dim=2):
        assert part.square().sum(dim=2).mean().item() == pytest.approx(1)


def test_the_price_of_what_all_prefer_rises_until_all_is_used_evenly() -> None:
    similarity = 0.2 * random(600, 30)
    similarity[:, 0] += 0.3
    favourites = similarity.argmax(dim=1).bincount(minlength=30)
    bought = (similarity - transport_prices(similarity)).argmax(dim=1).bincount(minlength=30)
    assert favourites[0] == 600
    assert bought.max() < 3 * 600 / 30
    assert bought.min() > 0


def test_prices_are_those_of_sinkhorns_scaling_in_the_log_domain() -> None:
    similarity = random(50, 20)
    logs, offers = similarity / 0.03, torch.zeros(20, dtype=torch.float64)
    for _ in range(10):
        buyers = -torch.logsumexp(logs + offers, dim=1)
        offers = -torch.logsumexp(logs + buyers[:, None], dim=0)
    expected = -0.03 * offers
    found = transport_prices(similarity)
    torch.testing.assert_close(found - found.mean(), expected - expected.mean())


def search(one: Matching, columns: Tensor, picture: Tensor) -> None:
    everything = whole(picture)
    one.begin_search()
    one.add(columns, everything)
    one.weigh()
    one.assign(columns, everything)


def test_a_match_is_the_nearest_after_prices_and_the_distance_is_its_cosine() -> None:
    vgg, picture = slim("vgg19"), random(1, 3, 44, 52, seed=3)
    bank = bank_of(*rows_of_style(vgg, random(1, 3, 40, 48), None, 120))
    columns = hypercolumns(vgg(picture, matching.LAYERS))
    one = Matching([bank], None, (11, 13), torch.device("cpu"))
    search(one, columns, picture)
    rows = columns.permute(0, 2, 3, 1).flatten(1, 2)
    layers = torch.split(rows - rows.mean(dim=1, keepdim=True), 4, dim=2)
    parts = [part / part.square().sum(dim=2).mean().sqrt() for part in layers]
    cosine = (unit(torch.cat(parts, dim=2), torch.zeros(()), torch.ones(())) @ bank.rows.T)[0]
    matched = (cosine - transport_prices(cosine)).argmax(dim=1)
    expected = (1 - cosine.gather(1, matched[:, None])).mean()
    torch.testing.assert_close(one.distance(columns, whole(picture)), expected[None], rtol=1e-4, atol=0)


def test_a_picture_of_the_style_itself_is_matched_with_itself() -> None:
    vgg, style = slim("vgg19", padding="reflect"), random(1, 3, 40, 48)
    bank = bank_of(*rows_of_style(vgg, style, None, 4 * 120))
    columns = hypercolumns(vgg(style, matching.LAYERS))
    one = Matching([bank], None, (10, 12), torch.device("cpu"))
    search(one, columns, style)
    assert one.distance(columns, whole(style)).item() < 5e-3


def test_a_style_is_turned_four_ways_and_the_choice_is_the_same_each_time() -> None:
    vgg, style = slim("vgg19", padding="reflect"), random(1, 3, 40, 48)
    rows, channels = rows_of_style(vgg, style, None, 4 * 120)
    assert (rows.shape, channels) == ((480, 16), [4, 4, 4, 4])
    turned, _ = rows_of_style(vgg, torch.rot90(style, 1, (2, 3)), None, 4 * 120)
    torch.testing.assert_close(turned[:120], rows[120:240])
    some, _ = rows_of_style(vgg, style, None, 80)
    again, _ = rows_of_style(vgg, style, None, 80)
    assert some.shape == (80, 16)
    torch.testing.assert_close(some, again, rtol=0, atol=0)


def test_a_style_in_tiles_has_the_same_hypercolumns() -> None:
    vgg, style = slim("vgg19", padding="reflect"), random(1, 3, 150, 94)
    found, expected = (rows_of_style(vgg, style, None, 500, tile_px=edge_px)[0] for edge_px in (32, 512))
    order, other = (rows[:, 0].argsort() for rows in (found, expected))
    torch.testing.assert_close(found[order], expected[other])


def test_only_what_a_mask_shows_is_picked() -> None:
    weights = torch.zeros(20, 30)
    weights[5:8, 4:10] = 1
    weights[0, 0] = 0.3
    chosen = picked(weights, (20, 30), 10, 0)
    assert chosen.sum() == 10
    assert bool((weights[chosen] == 1).all())
    assert picked(weights, (20, 30), 1000, 0).sum() == 18
    assert picked(None, (20, 30), 1000, 0).all()


def test_positions_outside_a_region_do_not_count() -> None:
    vgg, picture = slim("vgg19"), random(1, 3, 40, 48, seed=3)
    bank = bank_of(*rows_of_style(vgg, random(1, 3, 40, 48), None, 120))
    weights = torch.zeros(1, 10, 12, dtype=torch.float64)
    weights[:, :, :6] = 1
    columns = hypercolumns(vgg(picture, matching.LAYERS))
    other = columns.clone()
    other[..., 6:] = random(*other[..., 6:].shape, seed=9)
    distances = []
    for values in (columns, other):
        one = Matching([bank], weights, (10, 12), torch.device("cpu"))
        search(one, values, picture)
        distances.append(one.distance(values, whole(picture)))
    torch.testing.assert_close(distances[0], distances[1])
    left = Matching([bank], None, (10, 6), torch.device("cpu"))
    half = columns[..., :6]
    search(left, half, picture[..., :24])
    torch.testing.assert_close(left.distance(half, whole(picture[..., :24])), distances[0])


def test_the_gradient_is_that_of_the_loss_with_its_matches_held() -> None:
    vgg, picture = slim("vgg19", padding="reflect"), random(1, 3, 40, 48, seed=4)
    params = dataclasses.replace(PARAMS, gram=0.0, matching=1.0)
    one = Objective(vgg, random(1, 3, 40, 48, seed=5), [[target(vgg, 20)]], [params])
    one.renew_matches(picture)
    grads, totals, _ = one.gradient(picture)
    direction = random(1, 3, 40, 48, seed=6) - 0.5
    step = 1e-6
    rise = (one(picture + step * direction)[0] - one(picture - step * direction)[0]) / (2 * step)
    assert totals.item() > 0
    assert rise.item() == pytest.approx((grads * direction).sum().item(), rel=1e-4)


def test_the_contents_own_distance_counts_as_1() -> None:
    vgg, content = slim("vgg19"), random(1, 3, 40, 48, seed=5)
    params = dataclasses.replace(PARAMS, gram=0.0, matching=1.0, chroma="free")
    one = Objective(vgg, content, [[target(vgg, 20)]], [params])
    assert one(content)[1][0, 3].item() == pytest.approx(1)


def test_the_terms_are_weighed_against_each_other() -> None:
    vgg, content, picture = slim("vgg19"), random(1, 3, 40, 48, seed=5), random(1, 3, 40, 48, seed=6)

    def style_rel(gram: float, matching: float) -> float:
        params = dataclasses.replace(PARAMS, gram=gram, matching=matching)
        one = Objective(vgg, content, [[target(vgg, 20)]], [params])
        one.renew_matches(picture)
        return float(one(picture)[1][0, 3])

    assert style_rel(3, 1) == pytest.approx(0.75 * style_rel(1, 0) + 0.25 * style_rel(0, 1))


@pytest.mark.parametrize("checkpoint", [False, True])
@pytest.mark.parametrize(("height", "width"), [(37, 301), (149, 130)])
def test_tiles_match_and_differentiate_like_the_whole(height: int, width: int, *, checkpoint: bool) -> None:
    vgg = slim("vgg19", padding="reflect")
    contents, pictures = random(2, 3, height, width), random(2, 3, height, width, seed=2)
    left = random(height, width, seed=3)
    params = [dataclasses.replace(PARAMS, tv=2.0, moments=0.5), dataclasses.replace(PARAMS, moments=0.5)]

    def region(seed: int, mask: Tensor | None) -> Target:
        made = target(vgg, seed, mask)
        means = [random(4, seed=seed + n) for n in range(5)]
        return dataclasses.replace(made, means=means)

    wanted = [[region(20, left), region(21, 1 - left)], [region(22, None), region(23, left)]]
    edit = random(2, 1, height, width, seed=4)
    one = Objective(vgg, contents, wanted, params, edit_mask=edit, content_weights=1 + left.expand(2, -1, -1))
    other = Tiles(
        vgg,
        contents,
        wanted,
        params,
        edit_mask=edit,
        content_weights=1 + left.expand(2, -1, -1),
        checkpoint=checkpoint,
        tile_px=48,
    )
    for _ in range(2):
        for found, expected in zip(other.gradient(pictures), one.gradient(pictures), strict=True):
            assert ((found - expected).abs().max() / expected.abs().max()).item() < 1e-9
        assert one.renew_matches(pictures)
        assert other.renew_matches(pictures)


def test_each_picture_of_a_batch_has_the_matches_it_has_alone() -> None:
    vgg = slim("vgg19")
    contents, pictures = random(2, 3, 40, 48), random(2, 3, 40, 48, seed=2)
    wanted = [[target(vgg, 20)], [target(vgg, 21, count=100)]]
    params = [PARAMS, dataclasses.replace(PARAMS, beta=0.0)]
    both = Objective(vgg, contents, wanted, params)
    both.renew_matches(pictures)
    grads, totals, _ = both.gradient(pictures)
    for n in range(2):
        alone = Objective(vgg, contents[n : n + 1], wanted[n : n + 1], params[n : n + 1])
        alone.renew_matches(pictures[n : n + 1])
        grad, total, _ = alone.gradient(pictures[n : n + 1])
        torch.testing.assert_close(grads[n], grad[0])
        torch.testing.assert_close(totals[n], total[0])


def test_without_a_bank_nothing_is_matched() -> None:
    vgg, content = slim("vgg19"), random(1, 3, 40, 48)
    plain = dataclasses.replace(target(vgg, 20), bank=None)
    one = Objective(vgg, content, [[plain]], [PARAMS])
    assert not one.renew_matches(content)
    assert "relu1_2" not in one.layers
    assert isinstance(target(vgg, 20).bank, Bank)
