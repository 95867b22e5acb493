"""One CUDA graph per shape and batch: an evaluation without the host's share of some 150 kernel starts."""

from typing import Final

import torch
from torch import Tensor

from nst_core.optim.loop import Evaluate

_WARM_UPS: Final = 3
"""PyTorch's documentation, "CUDA graphs": run some iterations on a side stream before the capture."""


class Graphed:
    """`evaluate` as a graph for pictures like `example`; the plain call where it cannot be captured."""

    def __init__(self, evaluate: Evaluate, example: Tensor) -> None:
        self._evaluate = evaluate
        self._graph: torch.cuda.CUDAGraph | None = torch.cuda.CUDAGraph()
        self._input = example.clone()
        self._outputs: tuple[Tensor, Tensor, Tensor] | None = None

    def __call__(self, pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        if self._graph is not None and self._outputs is None:
            self._capture()
        if self._graph is None or self._outputs is None:
            return self._evaluate(pictures)
        self._input.copy_(pictures)
        self._graph.replay()
        grads, totals, rows = self._outputs
        return grads.clone(), totals.clone(), rows.clone()

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
        except RuntimeError:  # something in it cannot be captured on this build: it works without
            self._graph = self._outputs = None
