import pytest
import torch
from torch import Tensor

from nst_core.models import weights
from nst_core.models.vgg import Vgg
from nst_core.nearest_patches import MAX_RESULT_PATCHES, PATCH_LAYER, nearest, nearest_patches, sampled


@pytest.fixture(scope="module")
def vgg16() -> Vgg:
    return Vgg(weights.load("vgg16"))


def noise(height: int, width: int, seed: int = 0) -> Tensor:
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(seed))


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_a_picture_of_the_style_s_patches_is_at_no_distance_from_it(vgg16: Vgg) -> None:
    style = noise(32, 48)
    same = nearest_patches(vgg16, style, style)
    assert same.distance == 0
    assert same.largest_share == 1 / (16 * 24)


def test_one_plain_colour_has_patches_of_which_most_are_nearest_to_one_place(vgg16: Vgg) -> None:
    """Only the patches at the borders of a plain picture differ from each other."""
    plain = nearest_patches(vgg16, torch.full((1, 3, 64, 64), 0.5), noise(32, 32))
    assert plain.largest_share > 0.7
    assert 0.1 < plain.distance <= 2


@pytest.mark.parametrize("chunk", [1, 7, 50, 1000])
def test_chunks_find_what_the_definition_says(chunk: int) -> None:
    features, bank, mean = normal(50, 6), normal(30, 6, seed=1), normal(6, seed=2)
    one, other = (features - mean).double(), (bank - mean).double()
    cosines = torch.stack([torch.cosine_similarity(feature[None], other) for feature in one])
    best, places = cosines.max(dim=1)
    found = nearest(features, bank, mean, chunk=chunk)
    assert found.distance == pytest.approx(1 - best.mean().item(), rel=1e-5)
    assert found.largest_share == max(places.tolist().count(place) for place in range(30)) / 50


def test_the_distance_is_that_of_the_angle_between_centred_features() -> None:
    mean = torch.tensor([1.0, 1.0])
    bank = mean + torch.tensor([[2.0, 0.0], [0.0, -1.0]])
    features = mean + torch.tensor([[5.0, 5.0], [0.0, -7.0], [3.0, -1.0], [1.0, 0.0]])
    found = nearest(features, bank, mean)
    cosines = (0.5**0.5, 1.0, 3 / 10**0.5, 1.0)
    assert found.distance == pytest.approx(1 - sum(cosines) / 4, rel=1e-5)
    assert found.largest_share == 3 / 4


def test_features_without_a_direction_are_at_no_distance_from_each_other_and_at_half_from_others() -> None:
    mean = torch.tensor([1.0, 2.0])
    assert nearest(mean[None], mean[None], mean).distance == 0
    assert nearest(mean[None], mean + torch.eye(2), mean).distance == pytest.approx(0.5)


def test_another_style_can_only_bring_patches_nearer_when_the_centre_stays() -> None:
    features, bank, more, mean = (
        normal(40, 5),
        normal(20, 5, seed=1),
        normal(20, 5, seed=2),
        normal(5, seed=3),
    )
    alone, both = nearest(features, bank, mean), nearest(features, torch.cat([bank, more]), mean)
    assert both.distance < alone.distance


def test_several_styles_count_as_the_union_of_their_patches(vgg16: Vgg) -> None:
    one, other, result = noise(24, 24, 1), noise(16, 40, 2), noise(24, 32, 3)
    features = [vgg16(pixels, (PATCH_LAYER,))[PATCH_LAYER][0].flatten(1).t() for pixels in (one, other)]
    bank = torch.cat(features)
    mine = vgg16(result, (PATCH_LAYER,))[PATCH_LAYER][0].flatten(1).t()
    expected = nearest(mine, bank, bank.mean(dim=0))
    found = nearest_patches(vgg16, result, one, other)
    assert found.distance == pytest.approx(expected.distance, rel=1e-4)
    for style in (one, other):
        assert nearest_patches(vgg16, style, one, other).distance == 0


@pytest.mark.parametrize(("height", "width"), [(10, 12), (1, 1), (1, 120)])
def test_all_positions_are_taken_where_there_are_not_too_many(height: int, width: int) -> None:
    features = normal(4, height, width)
    assert torch.equal(sampled(features, 120), features.flatten(1).t())


@pytest.mark.parametrize(("height", "width"), [(256, 256), (256, 170), (1, 500), (700, 3), (11, 11)])
def test_of_more_positions_a_regular_grid_is_taken(height: int, width: int) -> None:
    """The two channels say where each position is."""
    places = torch.stack(torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij"))
    rows, columns = (torch.unique(found) for found in sampled(places, 120).unbind(dim=1))
    assert 40 < len(rows) * len(columns) <= 120
    for found, count in ((rows, height), (columns, width)):
        steps = found.diff()
        assert len(steps) == 0 or int(steps.max() - steps.min()) <= 1
        assert int(found[0]) + int(found[-1]) == pytest.approx(count - 1, abs=1)


def test_a_large_picture_is_still_at_no_distance_from_itself(vgg16: Vgg) -> None:
    style = noise(256, 256)
    same = nearest_patches(vgg16, style, style)
    assert same.distance == 0
    assert same.largest_share == 1 / MAX_RESULT_PATCHES


def test_where_the_patches_lie_does_not_matter(vgg16: Vgg) -> None:
    """Shifted by the pooling's 2 px, but for the border that came in."""
    style = noise(160, 200)
    assert nearest_patches(vgg16, style[:, :, 26:, 14:], style).distance < 0.02
