"""The parts of an iteration timed alone: each block's convolutions, conv1_1's gradient, and the Grams."""

import functools
import statistics
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from benchmarks.flops import CHANNELS, Convolution, convolutions, gram_flops
from benchmarks.machine import wait
from nst_core.kernels.convolution import Convolution as Frozen
from nst_core.kernels.convolution import Precision
from nst_core.losses.terms import gram


def median_s(run: Callable[[], object], device: torch.device, *, repeats: int) -> float:
    """The median time in seconds of a call, to when the device has done it."""
    seconds = []
    for _ in range(repeats):
        wait(device)
        started = time.perf_counter()
        run()
        wait(device)
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


def breakdown(
    size_px: int, device: torch.device, precision: Precision, *, repeats: int
) -> list[dict[str, Any]]:
    """Operations and seconds of each part for one square picture.

    ReLUs, poolings, losses and the copies between them are no part; what the parts lack of the whole is
    theirs.
    """
    layers = convolutions(size_px, size_px)
    times = {one.name: _convolution_s(one, device, precision, repeats) for one in layers}
    first = layers[0]
    rows = [
        {"part": "conv1_1 forward", "flops": first.flops, "seconds": times[first.name][0]},
        {"part": "conv1_1 backward", "flops": first.flops, "seconds": times[first.name][1]},
    ]
    for block in range(1, len(CHANNELS) + 1):
        of_block = [one for one in layers if one.block == block and one is not first]
        rows.append(
            {
                "part": "conv1_2" if block == 1 else f"block {block}",
                "flops": 2 * sum(one.flops for one in of_block),
                "seconds": sum(sum(times[one.name]) for one in of_block),
            }
        )
    grams = sum(_gram_s(one, device, precision, repeats) for one in layers if one.number == 1)
    rows.append({"part": "five Grams", "flops": 2 * gram_flops(size_px, size_px), "seconds": grams})
    return rows


def _convolution_s(
    layer: Convolution, device: torch.device, precision: Precision, repeats: int
) -> tuple[float, float]:
    """Seconds of the forward pass and of the gradient by the input."""
    features = _random((1, layer.inward, layer.height, layer.width), device, precision).requires_grad_()
    weight = _random((layer.outward, layer.inward, 3, 3), device, precision)
    bias = _random((layer.outward,), device, precision)
    convolution = Frozen(weight, bias, device=device, precision=precision)
    forward = functools.partial(convolution, features, padding=1)
    output = forward()
    grads = torch.ones_like(output)
    backward = functools.partial(torch.autograd.grad, output, features, grads, retain_graph=True)
    backward()
    return (median_s(forward, device, repeats=repeats), median_s(backward, device, repeats=repeats))


def _gram_s(layer: Convolution, device: torch.device, precision: Precision, repeats: int) -> float:
    """Seconds of a layer's Gram matrix and its gradient by the activations."""
    shape = (1, layer.outward, layer.height, layer.width)
    features = _random(shape, device, precision).requires_grad_()

    def both() -> None:
        matrix = gram(features)
        torch.autograd.grad(matrix, features, torch.ones_like(matrix))

    both()
    return median_s(both, device, repeats=repeats)


def _random(shape: tuple[int, ...], device: torch.device, precision: Precision) -> Tensor:
    values = torch.randn(shape, generator=torch.Generator().manual_seed(0)).to(device, precision.dtype)
    return values.contiguous(memory_format=precision.memory_format) if len(shape) == 4 else values
