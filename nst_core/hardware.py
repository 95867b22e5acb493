"""Which device computes, and in which precision its convolutions gain."""

import functools
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import torch
import torch.nn.functional as F  # noqa: N812  # PyTorch's own name for it

from nst_core.errors import DeviceError
from nst_core.precision_cache import PrecisionCache, cpu_model, of_this_machine

PRECISIONS: Final = ("auto", "float32", "bfloat16")
_GAIN: Final = 1.15
"""bfloat16 must be this much faster to be taken, so that a busy moment does not choose by chance."""
_ROUNDS: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Precision:
    """How convolutions run; image, Gram sums, losses and optimiser state are float32 in any case."""

    dtype: torch.dtype
    memory_format: torch.memory_format

    @property
    def name(self) -> str:
        return "bfloat16" if self.dtype is torch.bfloat16 else "float32"


EXACT: Final = Precision(dtype=torch.float32, memory_format=torch.contiguous_format)
_FLOAT32: Final = Precision(dtype=torch.float32, memory_format=torch.channels_last)
_BFLOAT16: Final = Precision(dtype=torch.bfloat16, memory_format=torch.channels_last)


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
    """The faster of float32 and bfloat16, measured once per machine and device, or the one wanted.

    Raises:
        DeviceError: `wanted` is none of PRECISIONS.
    """
    if wanted not in PRECISIONS:
        raise DeviceError(f"precision must be one of {', '.join(PRECISIONS)}, not {wanted!r}.")
    if wanted == "auto":
        return _measured(device)
    return _BFLOAT16 if wanted == "bfloat16" else _FLOAT32


@functools.cache
def _measured(device: torch.device) -> Precision:
    return measured(device, of_this_machine())


def measured(device: torch.device, cache: PrecisionCache | None) -> Precision:
    """The faster precision by the cache, which is asked first, or by a measurement, which it then keeps."""
    named = {one.name: one for one in (_FLOAT32, _BFLOAT16)}
    key = cache_key(device)
    if cache is not None and (kept := cache.get(key)) in named:
        return named[kept]
    faster = _faster(device)
    if cache is not None:
        cache.put(key, faster.name)
    return faster


def cache_key(device: torch.device) -> str:
    """What a measurement holds for: the device's name, the CPU and PyTorch's version."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    return f"{name}, {cpu_model()}, torch {torch.__version__}"


def _faster(device: torch.device) -> Precision:
    """Compares the best of a few short rounds of each, taken in turns so that load hits both alike."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # threads that wait for each other on a busy machine would drown the difference
    try:
        slow, fast = _work(_FLOAT32, device), _work(_BFLOAT16, device)
        rounds = [(_seconds(slow, device), _seconds(fast, device)) for _ in range(_ROUNDS)]
    finally:
        torch.set_num_threads(threads)
    best_slow, best_fast = (min(times) for times in zip(*rounds, strict=True))
    return _BFLOAT16 if best_fast * _GAIN < best_slow else _FLOAT32


def _work(precision: Precision, device: torch.device) -> Callable[[], object]:
    """One VGG-sized convolution, forward and backward to its input; waits for the device."""
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(128, 128, 3, 3, generator=generator).to(device, precision.dtype)
    weight = weight.contiguous(memory_format=precision.memory_format)
    features = torch.randn(1, 128, 48, 48, generator=generator).to(device, precision.dtype)
    features = features.contiguous(memory_format=precision.memory_format).requires_grad_()

    def once() -> object:
        output = F.conv2d(features, weight, padding=1)
        return torch.autograd.grad(output, features, output.detach())[0].sum().item()

    return once


def _seconds(work: Callable[[], object], device: torch.device) -> float:
    """On the CPU it is the thread's own time that counts, without what other processes took meanwhile."""
    clock = time.thread_time if device.type == "cpu" else time.perf_counter
    started = clock()
    work()
    return clock() - started
