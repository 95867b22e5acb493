import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from nst_core.images.picture import Picture, quantise
from nst_core.video.anchors import UNIT, Anchor, Held, anchor_of
from nst_core.video.checkpoints import Painted
from nst_core.video.flow import grey_of

CPU = torch.device("cpu")


def crop(chelsea: Picture, x: int) -> NDArray[np.float32]:
    return np.ascontiguousarray(chelsea.rgb[40:104, x : x + 96])


def neighbour(content: NDArray[np.float32], painting: NDArray[np.float32], done: float = 1.0) -> Painted:
    plane = np.full(content.shape[:2], done, dtype=np.float32)
    return Painted(grey=grey_of(content), levels=quantise(painting), done=plane)


def test_what_is_not_painted_to_the_end_is_held_less(chelsea: Picture) -> None:
    now = crop(chelsea, 60)
    anchor = anchor_of(grey_of(now), [neighbour(now, now, done=0.25)])
    assert anchor.share == pytest.approx(0.25, abs=0.01)
    assert anchor.new == pytest.approx(0.75, abs=0.01)
    assert np.abs(anchor.rgb - now).mean() < 0.01


def test_an_anchor_is_the_neighbour_moved_to_where_the_frame_shows_it(chelsea: Picture) -> None:
    now, before = crop(chelsea, 60), crop(chelsea, 64)
    painted = 1 - before  # any painting that moves with it
    anchor = anchor_of(grey_of(now), [neighbour(before, painted)])
    sure = anchor.sure > 0
    assert anchor.share > 0.85
    assert anchor.sure[:, :3].max() == 0, "the left edge has come into sight"
    assert np.abs(anchor.rgb - (1 - now))[sure].mean() < 0.02


def test_a_farther_neighbour_holds_only_what_a_nearer_one_does_not_show(chelsea: Picture) -> None:
    now, near, far = crop(chelsea, 60), crop(chelsea, 66), crop(chelsea, 54)
    red, green = (np.zeros_like(now) for _ in range(2))
    red[..., 0], green[..., 1] = 1, 1
    anchor = anchor_of(grey_of(now), [neighbour(near, red), neighbour(far, green)])
    assert np.isin(anchor.sure.round(5), (0, 1)).all()
    assert np.allclose(anchor.rgb[..., 0] + anchor.rgb[..., 1], anchor.sure, atol=1e-6)
    assert (anchor.rgb[:, :4, 1] == 1).mean() > 0.9, "only the farther one shows the left edge"
    assert anchor.rgb[:, 8:90, 0].mean() > 0.9


def test_along_the_edges_of_what_moves_a_frame_is_begun_and_not_held(chelsea: Picture) -> None:
    """A square of the picture moves over the rest by 4 px."""
    before, now = (np.ascontiguousarray(chelsea.rgb[:96, :128]) for _ in range(2))
    before[30:70, 30:80] = chelsea.rgb[100:140, 150:200]
    now[30:70, 34:84] = chelsea.rgb[100:140, 150:200]
    anchor = anchor_of(grey_of(now), [neighbour(before, before)])
    edge = (anchor.known == 1) & (anchor.sure == 0)
    assert 0.005 < edge.mean() < 0.2
    assert not (anchor.sure > anchor.known).any()
    assert np.abs(anchor.rgb - now)[anchor.known > 0].mean() < 0.02


def test_new_places_get_the_colours_that_their_like_was_painted_in() -> None:
    content = np.random.default_rng(0).random((12, 16, 3), dtype=np.float32)
    sure = np.zeros((12, 16), dtype=np.float32)
    sure[:, 6:] = 1
    anchor = Anchor(rgb=(1 - content[..., ::-1]) * sure[..., None], known=sure, sure=sure)
    found = anchor.coloured_alike(torch.from_numpy(content.transpose(2, 0, 1))[None])
    assert np.allclose(found[0].permute(1, 2, 0).numpy(), 1 - content[..., ::-1], atol=0.01)


def test_an_anchor_at_half_the_size_is_half_sure_where_half_is() -> None:
    sure = np.zeros((8, 8), dtype=np.float32)
    sure[:, :3] = 1
    known = np.ones_like(sure)
    anchor = Anchor(rgb=np.full((8, 8, 3), 0.25, dtype=np.float32), known=known, sure=sure)
    assert (anchor.share, anchor.new) == (0.375, 0.0)
    rgb, begun, weights = anchor.at(4, 4, CPU)
    assert begun.min() == 1
    assert rgb.shape == (1, 3, 4, 4)
    assert torch.allclose(rgb, torch.tensor(0.25), atol=1e-6)
    assert weights[0, 0, 0].tolist() == [1, 0.5, 0, 0]


def flat(pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """A loss that is 3 times the mean, in place of the network's."""
    count = pictures[0].numel()
    totals = 3 * pictures.flatten(1).mean(dim=1)
    return torch.full_like(pictures, 3 / count), totals, torch.stack([*[totals] * 5], dim=1)


def test_the_temporal_term_is_1_at_its_unit_and_adds_its_gradient() -> None:
    target = torch.rand(1, 3, 6, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    everywhere = torch.ones(1, 1, 6, 5, dtype=torch.float64)
    _, totals, losses = Held(flat, target, everywhere, 7.0)(target + UNIT)
    assert totals.item() == pytest.approx(3 * (target + UNIT).mean().item() + 7)
    assert losses[0, -1].item() == totals.item()
    assert losses[0, 0].item() == pytest.approx(totals.item() - 7)

    sure = torch.rand(1, 1, 6, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    held = Held(flat, target, sure, 7.0)
    pictures = (target + 0.3).requires_grad_()
    grads, _, _ = held(pictures.detach())
    expected = 3 * pictures.mean() + 7 * (sure * (pictures - target).square()).mean() / UNIT**2
    (wanted,) = torch.autograd.grad(expected, pictures)
    assert torch.allclose(grads, wanted)


def test_where_nothing_is_sure_nothing_is_held() -> None:
    target, nowhere = torch.zeros(1, 3, 4, 4), torch.zeros(1, 1, 4, 4)
    pictures = torch.full((1, 3, 4, 4), 0.5)
    for one, other in zip(Held(flat, target, nowhere, 1e6)(pictures), flat(pictures), strict=True):
        assert torch.equal(one, other)
