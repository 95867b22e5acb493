import pytest
import torch

from nst_core.errors import MemoryLimitError
from nst_core.evaluators import Evaluator, free_bytes, out_of_memory
from nst_core.hardware import EXACT
from nst_core.images import Picture
from nst_core.memory import PLANS, choose_plan
from nst_core.params import Params
from nst_core.studio import Job, Studio, network

CPU = torch.device("cpu")
FULL = "DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes."


class Short(Evaluator):
    """An evaluator whose memory is too small for the plans named."""

    too_large: tuple[str, ...] = ()

    def _build(self):  # type: ignore[no-untyped-def]  # noqa: ANN202 - as in Evaluator
        if self.plan in self.too_large:
            raise RuntimeError(FULL)
        return super()._build()


def evaluator(content: Picture, style: Picture, *, too_large: tuple[str, ...] = ()) -> tuple[Short, Studio]:
    params = Params(size=64)
    studio = Studio(Job(content=content, style=style, params=params), CPU, EXACT)
    one = Short([studio], network(params, CPU, EXACT), 64, torch.tensor([10.0]), plan="whole")
    one.too_large = too_large
    return one, studio


@pytest.mark.parametrize("too_large", [("whole",), ("whole", "checkpoint")])
def test_short_memory_is_met_by_a_thriftier_plan_with_the_same_result(
    too_large: tuple[str, ...], chelsea: Picture, starry_night: Picture
) -> None:
    plenty, _ = evaluator(chelsea, starry_night)
    short, studio = evaluator(chelsea, starry_night, too_large=too_large)
    pictures = studio.pixels_at(64) * 0.9
    for one, other in zip(plenty(pictures), short(pictures), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-5)
    assert short.plan == PLANS[len(too_large)]
    assert len(studio.notes) == len(too_large)
    assert "Memory was short at 64 px" in studio.notes[0]


def test_memory_that_is_short_for_every_plan_is_an_error(chelsea: Picture, starry_night: Picture) -> None:
    short, studio = evaluator(chelsea, starry_night, too_large=PLANS)
    with pytest.raises(RuntimeError, match="can't allocate memory"):
        short(studio.pixels_at(64))


def test_other_errors_are_no_lack_of_memory() -> None:
    assert out_of_memory(RuntimeError(FULL))
    assert out_of_memory(torch.OutOfMemoryError("CUDA out of memory"))
    assert not out_of_memory(RuntimeError("shapes do not match"))


def test_this_machine_has_memory_for_a_small_picture_and_none_for_a_giant() -> None:
    free = free_bytes(CPU)
    assert choose_plan(64, 64, available_bytes=free) == "whole"
    with pytest.raises(MemoryLimitError, match="choose a size of at most"):
        choose_plan(400_000, 400_000, available_bytes=free)
