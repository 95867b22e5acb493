import re
import weakref
from collections.abc import Collection
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from nst_core.engine import stylize
from nst_core.errors import MemoryLimitError
from nst_core.images.picture import Picture, fit
from nst_core.kernels.convolution import EXACT
from nst_core.memory import PLANS, choose_plan, estimate_bytes
from nst_core.models.vgg import Vgg
from nst_core.params import Params
from nst_core.pyramid import painted_px
from nst_core.run.evaluator import Evaluator, MemoryBudget, free_bytes, plan_for
from nst_core.run.prepared_job import PreparedJob, StyleTransferJob, network
from tests.support.painted import paint, result

CPU = torch.device("cpu")
FULL = "DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes."


class Short(Evaluator):
    """An evaluator whose memory is too small for the plans named."""

    too_large: tuple[str, ...] = ()

    def _build(self):  # type: ignore[no-untyped-def]  # noqa: ANN202 - as in Evaluator
        if self.plan in self.too_large:
            raise RuntimeError(FULL)
        return super()._build()


def evaluator(
    content: Picture, style: Picture, *, too_large: tuple[str, ...] = ()
) -> tuple[Short, PreparedJob]:
    params = Params(size=64)
    prepared = PreparedJob(StyleTransferJob(content=content, style=style, params=params), CPU, EXACT)
    one = Short([prepared], network(params, CPU, EXACT), 64, torch.tensor([10.0]), plan="whole")
    one.too_large = too_large
    return one, prepared


@pytest.mark.parametrize("too_large", [("whole",), ("whole", "checkpoint")])
def test_where_memory_is_short_the_next_plan_gives_the_same_result(
    too_large: tuple[str, ...], chelsea: Picture, starry_night: Picture
) -> None:
    plenty, _ = evaluator(chelsea, starry_night)
    short, prepared = evaluator(chelsea, starry_night, too_large=too_large)
    pictures = prepared.contents.pixels_at(64) * 0.9
    for one, other in zip(plenty(pictures), short(pictures), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-5)
    assert short.plan == PLANS[len(too_large)]
    assert len(prepared.notes) == len(too_large)
    assert "Memory was short at 64 px" in prepared.notes[0]


def test_memory_that_is_short_for_every_plan_is_an_error(chelsea: Picture, starry_night: Picture) -> None:
    short, prepared = evaluator(chelsea, starry_night, too_large=PLANS)
    with pytest.raises(RuntimeError, match="can't allocate memory"):
        short(prepared.contents.pixels_at(64))


class Cramped(Vgg):
    """A network that asks for more memory than any machine has at the given calls, counted from 1."""

    def __init__(self, weights: dict[str, Tensor], *, at: set[int]) -> None:
        super().__init__(weights)
        self._at = at
        self.checkpoints: list[bool] = []

    def __call__(
        self, picture: Tensor, layers: Collection[str], *, checkpoint: bool = False
    ) -> dict[str, Tensor]:
        self.checkpoints.append(checkpoint)
        if len(self.checkpoints) in self._at:
            beyond_any_machine()
        return super().__call__(picture, layers, checkpoint=checkpoint)


def beyond_any_machine() -> None:
    torch.empty(1 << 60, dtype=torch.uint8)


@pytest.mark.parametrize("call", [1, 2, 3, 4], ids=["style", "content", "evaluation", "later evaluation"])
def test_wherever_pytorch_runs_out_of_memory_the_losses_stay_the_same(
    call: int, chelsea: Picture, starry_night: Picture, vgg19: dict[str, Tensor]
) -> None:
    prepared = PreparedJob(
        StyleTransferJob(content=chelsea, style=starry_night, params=Params(size=48, padding="zeros")),
        CPU,
        EXACT,
    )
    cramped, betas = Cramped(vgg19, at={call}), torch.tensor([10.0])
    one = Evaluator([prepared], cramped, 48, betas, plan="whole")
    plenty = Evaluator([prepared], network(prepared.params, CPU, EXACT), 48, betas, plan="whole")
    pictures = prepared.contents.pixels_at(48) * 0.9
    for _ in range(2):
        for found, expected in zip(one(pictures), plenty(pictures), strict=True):
            torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-5)
    assert prepared.notes == ["Memory was short at 48 px: it was painted in a thriftier way."]
    assert cramped.checkpoints[-1]


def test_every_job_of_a_batch_is_told_of_short_memory(
    chelsea: Picture, starry_night: Picture, vgg19: dict[str, Tensor]
) -> None:
    job = StyleTransferJob(content=chelsea, style=starry_night, params=Params(size=48))
    prepared_jobs = [PreparedJob(job, CPU, EXACT) for _ in range(2)]
    one = Evaluator(prepared_jobs, Cramped(vgg19, at={3}), 48, torch.tensor([10.0, 10.0]), plan="whole")
    _, totals, _ = one(torch.cat([prepared.contents.pixels_at(48) for prepared in prepared_jobs]))
    assert totals[0].item() == pytest.approx(totals[1].item(), rel=1e-5)
    assert [len(prepared.notes) for prepared in prepared_jobs] == [1, 1]


def test_any_other_error_is_passed_on_at_once(chelsea: Picture, starry_night: Picture) -> None:
    one, prepared = evaluator(chelsea, starry_night)
    with pytest.raises(RuntimeError, match="size"):
        one(torch.rand(1, 3, 20, 20))
    assert one.plan == "whole"
    assert prepared.notes == []


def test_this_machine_has_memory_for_a_small_picture_and_none_for_a_giant() -> None:
    free = free_bytes(CPU)
    assert choose_plan(64, 64, available_bytes=free) == "whole"
    with pytest.raises(MemoryLimitError, match="choose a size of at most"):
        choose_plan(400_000, 400_000, available_bytes=free)


class HalfGib(MemoryBudget):
    available_bytes = 500 << 20


def test_where_a_quality_paints_too_large_a_picture_a_size_is_named_that_would_do(
    chelsea: Picture, starry_night: Picture
) -> None:
    params = Params(size=4096, quality="max")
    job = StyleTransferJob(content=fit(chelsea, 32), style=starry_night, params=params)
    with pytest.raises(MemoryLimitError) as refused:
        plan_for([PreparedJob(job, CPU, EXACT)], painted_px(params), HalfGib(CPU))
    [edge_px] = re.findall(r"choose a size of at most (\d+) px, or the quality standard", str(refused.value))
    smaller = replace(params, size=int(edge_px))
    fitting = StyleTransferJob(content=job.content, style=starry_night, params=smaller)
    assert plan_for([PreparedJob(fitting, CPU, EXACT)], painted_px(smaller), HalfGib(CPU)) in PLANS


class Machine:
    """A machine that only this process takes memory of."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, total_bytes: int) -> None:
        self.held_bytes = 0
        monkeypatch.setattr("nst_core.memory.host_bytes", lambda: total_bytes - self.held_bytes)
        monkeypatch.setattr("nst_core.memory.process_bytes", lambda: self.held_bytes)


def test_what_a_run_holds_already_is_part_of_its_memory_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(monkeypatch, 1000)
    machine.held_bytes = 300
    budget = MemoryBudget(CPU)
    assert budget.available_bytes == 700
    machine.held_bytes = 600
    assert budget.available_bytes == 700
    machine.held_bytes = 200  # others' pictures are gone
    assert budget.available_bytes == 800


def test_a_run_that_was_let_in_is_not_refused_for_what_it_holds(
    chelsea: Picture, starry_night: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    params = Params(size=128, steps=3)
    height = fit(chelsea, 128).height
    least_bytes = min(estimate_bytes(128, height, plan=plan) for plan in PLANS)
    machine = Machine(monkeypatch, least_bytes)
    events = []
    for event in stylize(chelsea, starry_night, params, device="cpu", precision="float32"):
        machine.held_bytes += 1 << 20
        events.append(event)
    assert result(events).notes == ()
    with pytest.raises(MemoryLimitError):
        paint(chelsea, starry_night, params)


def test_the_evaluator_of_a_size_is_gone_before_the_next_is_made(
    chelsea: Picture, starry_night: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[weakref.ref[Evaluator]] = []
    alive: list[int] = []

    def make(*args: Any, **keywords: Any) -> Evaluator:
        alive.append(sum(one() is not None for one in made))
        evaluator = Evaluator(*args, **keywords)
        made.append(weakref.ref(evaluator))
        return evaluator

    monkeypatch.setattr("nst_core.engine.Evaluator", make)
    strip = Picture(rgb=chelsea.rgb[:48])  # few pixels, and three sizes
    paint(strip, starry_night, Params(size=384, steps=3))
    assert alive == [0, 0, 0]
