"""Losses and gradients of a batch at one size, in the fastest way that the memory allows."""

from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor

from nst_core.cuda_graph import Graphed
from nst_core.evaluation import Evaluate
from nst_core.objective import Objective
from nst_core.studio import Studio
from nst_core.vgg import Vgg

PLANS: Final = ("whole", "checkpoint")
"""From the fastest to the one that takes the least memory."""


class Evaluator:
    """Evaluates pictures (b, 3, h, w); where memory runs out it goes on in a cheaper way and notes it."""

    def __init__(self, studios: Sequence[Studio], vgg: Vgg, edge_px: int, betas: Tensor) -> None:
        self._studios = studios
        self._vgg = vgg
        self._edge_px = edge_px
        self._betas = betas
        self._plan = PLANS[0]
        self._evaluate: Evaluate | None = None

    def __call__(self, pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        while True:
            try:
                if self._evaluate is None:
                    self._evaluate = self._build()
                return self._evaluate(pictures)
            except RuntimeError as error:
                if not out_of_memory(error) or self._plan == PLANS[-1]:
                    raise
            self._save_memory()

    def _build(self) -> Evaluate:
        studios = self._studios
        here = [studio.only_here(self._edge_px) for studio in studios]
        contents = torch.cat([studio.pixels_at(self._edge_px) for studio in studios])
        masks = [torch.ones_like(contents[:1, :1]) if mask is None else mask for mask in here]
        objective = Objective(
            self._vgg,
            contents,
            [studio.targets_at(self._edge_px, self._vgg) for studio in studios],
            [studio.params for studio in studios],
            betas=self._betas,
            only_here=torch.cat(masks) if any(mask is not None for mask in here) else None,
            checkpoint=self._plan == "checkpoint",
        )
        if contents.device.type == "cuda" and self._plan == "whole":
            return Graphed(objective.gradient, contents)
        return objective.gradient

    def _save_memory(self) -> None:
        self._evaluate = None
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        self._plan = PLANS[PLANS.index(self._plan) + 1]
        for studio in self._studios:
            studio.notes.append(f"Memory was short at {self._edge_px} px: it was painted in a thriftier way.")


def out_of_memory(error: RuntimeError) -> bool:
    """Whether PyTorch means that the memory is full; its CPU allocator raises a plain RuntimeError.

    Source: c10/core/impl/alloc_cpu.cpp.
    """
    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)
