"""Losses and gradients of a batch at one size, in the fastest way that the memory allows."""

from collections.abc import Sequence

import torch
from torch import Tensor

from nst_core import memory
from nst_core.cuda_graph import Graphed
from nst_core.evaluation import Evaluate
from nst_core.memory import PLANS
from nst_core.objective import Objective
from nst_core.studio import Studio
from nst_core.tiles import Tiles
from nst_core.vgg import Vgg


class Room:
    """The memory for one run on a device, from when it is made: what is free, and what the run itself holds.

    An estimate counts all that a run holds, its pictures and what it has from a size before, too.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._before_bytes = _held_bytes(device)

    @property
    def available_bytes(self) -> int:
        return free_bytes(self._device) + max(0, _held_bytes(self._device) - self._before_bytes)


class Evaluator:
    """Evaluates pictures (b, 3, h, w); where memory runs out it goes on in a thriftier way and notes it.

    Args:
        studios: The jobs.
        vgg: The loss network.
        edge_px: The long edge of the pictures.
        betas: The weights of the styles (b,).
        room: The memory of the run that it is a part of; None begins one.
        plan: One of PLANS to begin with; None is what the estimate says.

    Raises:
        MemoryLimitError: by the estimate no plan fits.
    """

    def __init__(
        self,
        studios: Sequence[Studio],
        vgg: Vgg,
        edge_px: int,
        betas: Tensor,
        *,
        room: Room | None = None,
        plan: str | None = None,
    ) -> None:
        self._studios = studios
        self._vgg = vgg
        self._edge_px = edge_px
        self._betas = betas
        self.plan = plan_for(studios, edge_px, room or Room(vgg.device)) if plan is None else plan
        self._evaluate: Evaluate | None = None

    def __call__(self, pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        while True:
            try:
                if self._evaluate is None:
                    self._evaluate = self._build()
                return self._evaluate(pictures)
            except RuntimeError as error:
                if not out_of_memory(error) or self.plan == PLANS[-1]:
                    raise
            self._save_memory()

    def _build(self) -> Evaluate:
        studios = self._studios
        here = [studio.only_here(self._edge_px) for studio in studios]
        contents = torch.cat([studio.pixels_at(self._edge_px) for studio in studios])
        masks = [torch.ones_like(contents[:1, :1]) if mask is None else mask for mask in here]
        kind = Tiles if self.plan == "tiles" else Objective
        objective = kind(
            self._vgg,
            contents,
            [studio.targets_at(self._edge_px, self._vgg) for studio in studios],
            [studio.params for studio in studios],
            betas=self._betas,
            only_here=torch.cat(masks) if any(mask is not None for mask in here) else None,
            checkpoint=self.plan == "checkpoint",
        )
        if contents.device.type == "cuda" and self.plan == "whole":
            return Graphed(objective.gradient, contents)
        return objective.gradient

    def _save_memory(self) -> None:
        self._evaluate = None
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        self.plan = PLANS[PLANS.index(self.plan) + 1]
        for studio in self._studios:
            studio.notes.append(f"Memory was short at {self._edge_px} px: it was painted in a thriftier way.")


def plan_for(studios: Sequence[Studio], edge_px: int, room: Room) -> str:
    """The fastest plan that the memory allows for a batch at one size.

    Raises:
        MemoryLimitError: none fits.
    """
    first = studios[0]
    content, styling = first.content_at(edge_px), first.styling
    return memory.choose_plan(
        content.width,
        content.height,
        batch=len(studios),
        itemsize=first.precision.dtype.itemsize,
        winograd=first.precision.winograd,
        masks=sum(one.mask is not None or styling.only_here is not None for one in styling.regions),
        available_bytes=room.available_bytes,
    )


def free_bytes(device: torch.device) -> int:
    """What can still be allocated on a device; on a GPU with what PyTorch holds in reserve."""
    if device.type != "cuda":
        return memory.host_bytes()
    free, _ = torch.cuda.mem_get_info(device)
    return free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)


def _held_bytes(device: torch.device) -> int:
    """What this process has allocated on a device."""
    return torch.cuda.memory_allocated(device) if device.type == "cuda" else memory.process_bytes()


def out_of_memory(error: RuntimeError) -> bool:
    """Whether PyTorch means that the memory is full; its CPU allocator raises a plain RuntimeError.

    Source: c10/core/impl/alloc_cpu.cpp.
    """
    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)
