"""Losses and gradients of a batch at one size, by the fastest plan that fits into memory."""

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

import torch
from torch import Tensor

from nst_core import memory
from nst_core.losses.objective import Objective
from nst_core.losses.tiled import Tiles
from nst_core.memory import PLANS
from nst_core.models.vgg import Vgg
from nst_core.optim.loop import Evaluate
from nst_core.pyramid import painted_px
from nst_core.pytorch import empty_caches, is_out_of_memory
from nst_core.run.prepared_job import PreparedJob

T = TypeVar("T")

_WARM_UPS: Final = 3
"""PyTorch's documentation, "CUDA graphs": run some iterations on a side stream before the capture."""


class MemoryBudget:
    """The memory that one run may use on a device: what is free, and what the run itself holds already.

    A run starts when its budget is made. An estimate counts all that a run holds, including its pictures and
    what it keeps from the size before.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._before_bytes = _held_bytes(device)

    @property
    def available_bytes(self) -> int:
        return free_bytes(self._device) + max(0, _held_bytes(self._device) - self._before_bytes)


class Evaluator:
    """Evaluates pictures (b, 3, h, w); where memory runs out it takes the next plan and says so in a note.

    Args:
        prepared_jobs: The jobs.
        vgg: The loss network.
        edge_px: The long edge of the pictures.
        betas: The style weights (b,).
        budget: The memory budget of the run; None starts a new one.
        plan: The one of PLANS to start with; None chooses it by the estimate.

    Raises:
        MemoryLimitError: no plan fits, by the estimate.
    """

    def __init__(
        self,
        prepared_jobs: Sequence[PreparedJob],
        vgg: Vgg,
        edge_px: int,
        betas: Tensor,
        *,
        budget: MemoryBudget | None = None,
        plan: str | None = None,
    ) -> None:
        self._prepared_jobs = prepared_jobs
        self._vgg = vgg
        self._edge_px = edge_px
        self._betas = betas
        self.plan = (
            plan_for(prepared_jobs, edge_px, budget or MemoryBudget(vgg.device)) if plan is None else plan
        )
        self._evaluate: Evaluate | None = None
        self._objective: Objective | None = None

    def __call__(self, pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return self._tried(lambda evaluate: evaluate(pictures))

    def prepare(self) -> None:
        """Computes the targets now, which the first evaluation would do otherwise."""
        self._tried(lambda evaluate: evaluate)

    def _tried(self, use: Callable[[Evaluate], T]) -> T:
        while True:
            try:
                if self._evaluate is None:
                    self._evaluate = self._build()
                return use(self._evaluate)
            except RuntimeError as error:
                if not is_out_of_memory(error) or self.plan == PLANS[-1]:
                    raise
            self._fall_back()

    def renew_matches(self, pictures: Tensor) -> bool:
        """Searches matches anew, which changes the losses; false where nothing is matched."""
        return self._objective is not None and self._objective.renew_matches(pictures)

    def _build(self) -> Evaluate:
        prepared_jobs = self._prepared_jobs
        edit_masks = [prepared.edit_mask(self._edge_px) for prepared in prepared_jobs]
        contents = torch.cat([prepared.contents.pixels_at(self._edge_px) for prepared in prepared_jobs])
        masks = [torch.ones_like(contents[:1, :1]) if mask is None else mask for mask in edit_masks]
        weights = [prepared.contents.weights_at(self._edge_px) for prepared in prepared_jobs]
        even = torch.ones_like(contents[:1, 0])
        kind = Tiles if self.plan == "tiles" else Objective
        objective = kind(
            self._vgg,
            contents,
            [prepared.targets_at(self._edge_px, self._vgg) for prepared in prepared_jobs],
            [prepared.params for prepared in prepared_jobs],
            betas=self._betas,
            edit_mask=torch.cat(masks) if any(mask is not None for mask in edit_masks) else None,
            content_weights=(
                torch.cat([even if one is None else one for one in weights])
                if any(one is not None for one in weights)
                else None
            ),
            checkpoint=self.plan == "checkpoint",
        )
        self._objective = objective
        if contents.device.type == "cuda" and self.plan == "whole":
            return Graphed(objective.gradient, contents)
        return objective.gradient

    def _fall_back(self) -> None:
        self._evaluate = self._objective = None
        empty_caches()
        self.plan = PLANS[PLANS.index(self.plan) + 1]
        for prepared in self._prepared_jobs:
            prepared.notes.append(
                f"Memory was short at {self._edge_px} px: it was painted in a thriftier way."
            )


class Graphed:
    """`evaluate` as one CUDA graph for pictures like `example`; the plain call where it cannot be captured.

    A replay takes one launch from the host in place of some 150.
    """

    def __init__(self, evaluate: Evaluate, example: Tensor) -> None:
        self._evaluate = evaluate
        self._graph: torch.cuda.CUDAGraph | None = torch.cuda.CUDAGraph()
        self._input = example.clone()
        self._outputs: tuple[Tensor, Tensor, Tensor] | None = None

    @property
    def is_captured(self) -> bool:
        """Whether the next call replays the graph."""
        return self._outputs is not None

    def __call__(self, pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        if self._graph is not None and self._outputs is None:
            self._capture()
        if self._graph is None or self._outputs is None:
            return self._evaluate(pictures)
        self._input.copy_(pictures)
        self._graph.replay()
        grads, totals, losses = self._outputs
        return grads.clone(), totals.clone(), losses.clone()

    def _capture(self) -> None:
        assert self._graph is not None
        stream = torch.cuda.Stream(self._input.device)  # type: ignore[no-untyped-call]  # untyped in PyTorch
        current = torch.cuda.current_stream(self._input.device)
        stream.wait_stream(current)
        with torch.cuda.stream(stream):
            for _ in range(_WARM_UPS):
                self._evaluate(self._input)
        current.wait_stream(stream)
        try:  # the outer context goes back to the current stream, which a capture that fails would not
            with torch.cuda.stream(current), torch.cuda.graph(self._graph, stream=stream):
                self._outputs = self._evaluate(self._input)
        except torch.OutOfMemoryError:
            raise
        except RuntimeError:  # something in it cannot be captured on this build: the plain call works
            self._graph = self._outputs = None


def plan_for(prepared_jobs: Sequence[PreparedJob], edge_px: int, budget: MemoryBudget) -> str:
    """The fastest of PLANS that fits into the budget, for a batch at one size.

    Raises:
        MemoryLimitError: none fits.
    """
    first = prepared_jobs[0]
    content, spec = first.contents.at(edge_px), first.spec
    return memory.choose_plan(
        content.width,
        content.height,
        batch=len(prepared_jobs),
        itemsize=first.precision.dtype.itemsize,
        winograd=first.precision.winograd,
        masks=sum(
            one.mask is not None or spec.edit_mask is not None or content.alpha is not None
            for one in spec.regions
        ),
        available_bytes=budget.available_bytes,
        larger=painted_px(first.params) / first.params.size,
    )


def free_bytes(device: torch.device) -> int:
    """The bytes that can still be allocated on a device; on a GPU with what PyTorch holds in reserve."""
    if device.type != "cuda":
        return memory.host_bytes()
    free, _ = torch.cuda.mem_get_info(device)
    return free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)


def _held_bytes(device: torch.device) -> int:
    """The bytes that this process has allocated on a device."""
    return torch.cuda.memory_allocated(device) if device.type == "cuda" else memory.process_bytes()
