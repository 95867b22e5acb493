import pytest
import torch
from torch import Tensor

from nst_core.cuda_graph import Graphed

gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")


def evaluate(pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    totals = pictures.square().flatten(1).sum(dim=1)
    return 2 * pictures, totals, totals[:, None].expand(-1, 5).clone()


@gpu
def test_a_graph_gives_what_the_plain_call_gives_at_every_replay() -> None:
    graphed = Graphed(evaluate, torch.zeros(2, 3, 8, 8, device="cuda"))
    for seed in range(3):
        generator = torch.Generator("cuda").manual_seed(seed)
        pictures = torch.rand(2, 3, 8, 8, device="cuda", generator=generator)
        for found, expected in zip(graphed(pictures), evaluate(pictures), strict=True):
            torch.testing.assert_close(found, expected)
