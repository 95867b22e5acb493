"""Which device computes, and in which precision its convolutions gain."""

import functools
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import torch
import torch.nn.functional as F  # noqa: N812  # PyTorch's own name for it

from nst_core.errors import DeviceError
from nst_core.kernels import winograd
from nst_core.kernels.precision_cache import PrecisionCache, cpu_model, of_this_machine

PRECISIONS: Final = ("auto", "float32", "winograd", "bfloat16")
_GAIN: Final = 1.15
"""What rounds more must be this much faster to be taken, so that a busy moment does not choose by chance."""
_ROUNDS: Final = 6
_FIRST_ROUNDS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Precision:
    """How convolutions run; image, Gram sums, losses and optimiser state are float32 in any case.

    Attributes:
        winograd: Whether those that gain by it go by `nst_core.kernels.winograd`; float32 too,
            rounded a little more.
    """

    dtype: torch.dtype
    memory_format: torch.memory_format
    winograd: bool = False

    @property
    def name(self) -> str:
        """One of PRECISIONS."""
        if self.winograd:
            return "winograd"
        return "bfloat16" if self.dtype is torch.bfloat16 else "float32"


EXACT: Final = Precision(dtype=torch.float32, memory_format=torch.contiguous_format)
_FLOAT32: Final = Precision(dtype=torch.float32, memory_format=torch.channels_last)
_WINOGRAD: Final = Precision(dtype=torch.float32, memory_format=torch.channels_last, winograd=True)
_BFLOAT16: Final = Precision(dtype=torch.bfloat16, memory_format=torch.channels_last)
_BY_NAME: Final = {one.name: one for one in (_FLOAT32, _WINOGRAD, _BFLOAT16)}


def choose_device(name: str) -> torch.device:
    """The device called `auto`, `cpu`, `cuda` or `cuda:N`; auto is the first GPU where there is one.

    Raises:
        DeviceError: the device is not there.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name == "cpu":
        return torch.device("cpu")
    kind, _, index = name.partition(":")
    if kind != "cuda" or not (index.isdigit() or name == "cuda"):
        raise DeviceError(f"device must be auto, cpu, cuda or cuda:N, not {name!r}.")
    if int(index or 0) >= torch.cuda.device_count():
        raise DeviceError(f"The device {name} is not there: PyTorch sees {torch.cuda.device_count()} GPUs.")
    return torch.device(name)


def choose_precision(device: torch.device, wanted: str = "auto") -> Precision:
    """The fastest one, measured once per machine and device, or the one wanted.

    A GPU's own library knows Winograd's algorithm, so that only CPUs are asked whether ours is faster.

    Raises:
        DeviceError: `wanted` is none of PRECISIONS.
    """
    if wanted not in PRECISIONS:
        raise DeviceError(f"precision must be one of {', '.join(PRECISIONS)}, not {wanted!r}.")
    if wanted == "auto":
        return _measured(device)
    return _BY_NAME[wanted]


@functools.cache
def _measured(device: torch.device) -> Precision:
    return measured(device, of_this_machine())


def measured(device: torch.device, cache: PrecisionCache | None) -> Precision:
    """The fastest precision by the cache, which is asked first, or by a measurement, which it then keeps."""
    key = cache_key(device)
    if cache is not None and (kept := cache.get(key)) in _BY_NAME:
        return _BY_NAME[kept]
    fastest = _fastest(device)
    if cache is not None:
        cache.put(key, fastest.name)
    return fastest


def cache_key(device: torch.device) -> str:
    """What a measurement holds for: the device's name, the CPU, PyTorch's version and what was compared."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    compared = " or ".join(one.name for one in _candidates(device))
    return f"{name}, {cpu_model()}, torch {torch.__version__}, {compared}"


def _candidates(device: torch.device) -> tuple[Precision, ...]:
    """From the most exact to the least."""
    return (_FLOAT32, _WINOGRAD, _BFLOAT16) if device.type == "cpu" else (_FLOAT32, _BFLOAT16)


def _fastest(device: torch.device) -> Precision:
    """Compares the best of a few short rounds of each, taken in turns so that load hits all alike.

    What takes twice as long as another in two rounds, as bfloat16 does where a CPU lacks it, gets no more.
    """
    candidates = _candidates(device)
    best = [math.inf] * len(candidates)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # threads that wait for each other on a busy machine would drown the difference
    try:
        works = [_work(one, device) for one in candidates]
        for turn in range(_ROUNDS):
            for number, work in enumerate(works):
                if turn < _FIRST_ROUNDS or best[number] < 2 * min(best):
                    best[number] = min(best[number], _seconds(work, device))
    finally:
        torch.set_num_threads(threads)
    chosen = 0
    for number, seconds in enumerate(best):
        if seconds * _GAIN < best[chosen]:
            chosen = number
    return candidates[chosen]


def _work(precision: Precision, device: torch.device) -> Callable[[], object]:
    """One VGG-sized convolution, forward and backward to its input; waits for the device."""
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(256, 256, 3, 3, generator=generator).to(device, precision.dtype)
    weight = weight.contiguous(memory_format=precision.memory_format)
    bias = torch.zeros(256, dtype=precision.dtype, device=device)
    kernels = winograd.kernels_of(weight) if precision.winograd else None
    features = torch.randn(1, 256, 32, 32, generator=generator).to(device, precision.dtype)
    features = features.contiguous(memory_format=precision.memory_format).requires_grad_()

    def once() -> object:
        if kernels is None:
            output = F.conv2d(features, weight, bias, padding=1)
        else:
            output = winograd.convolve(features, kernels, bias)
        return torch.autograd.grad(output, features, output.detach())[0].sum().item()

    return once


def _seconds(work: Callable[[], object], device: torch.device) -> float:
    """On the CPU it is the thread's own time that counts, without what other processes took meanwhile."""
    clock = time.thread_time if device.type == "cpu" else time.perf_counter
    started = clock()
    work()
    return clock() - started
