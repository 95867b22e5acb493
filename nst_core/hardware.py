"""Which device computes, and in which precision its convolutions gain."""

import functools
import time
from dataclasses import dataclass
from typing import Final

import torch
import torch.nn.functional as F  # noqa: N812  # PyTorch's own name for it

from nst_core.errors import DeviceError

PRECISIONS: Final = ("auto", "float32", "bfloat16")
_GAIN: Final = 1.15
"""bfloat16 must be this much faster to be taken, so that a busy moment does not choose by chance."""


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
    """The faster of float32 and bfloat16, measured once per process and device, or the one wanted.

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
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # threads that wait for each other on a busy machine would drown the difference
    try:
        slow, fast = _seconds(_FLOAT32, device), _seconds(_BFLOAT16, device)
    finally:
        torch.set_num_threads(threads)
    return _BFLOAT16 if fast * _GAIN < slow else _FLOAT32


def _seconds(precision: Precision, device: torch.device) -> float:
    """The best of a few rounds of one VGG-sized convolution, forward and backward to its input.

    On the CPU it is the thread's own time that counts, without what other processes took meanwhile.
    """
    clock = time.thread_time if device.type == "cpu" else time.perf_counter
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(128, 128, 3, 3, generator=generator).to(device, precision.dtype)
    weight = weight.contiguous(memory_format=precision.memory_format)
    features = torch.randn(1, 128, 48, 48, generator=generator).to(device, precision.dtype)
    features = features.contiguous(memory_format=precision.memory_format).requires_grad_()
    rounds = []
    for _ in range(5):
        started = clock()
        output = F.conv2d(features, weight, padding=1)
        torch.autograd.grad(output, features, output.detach())[0].sum().item()
        rounds.append(clock() - started)
    return min(rounds)
