"""Which device computes, and in which precision its convolutions are fastest: measured once per machine.

The result of the measurement is kept in a small file in the cache folder.
"""

import contextlib
import functools
import hashlib
import itertools
import json
import logging
import math
import platform
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
import torch.nn.functional as F  # noqa: N812  # PyTorch's own name for it

from nst_core.downloads import default_cache_dir
from nst_core.errors import DeviceError
from nst_core.files import replacing
from nst_core.kernels.convolution import BFLOAT16, FLOAT32, WINOGRAD, Convolution, Precision

log = logging.getLogger(__name__)

PRECISIONS: Final = ("auto", "float32", "winograd", "bfloat16")
FILE_NAME: Final = "fastest_precision.json"
_BY_NAME: Final = {one.name: one for one in (FLOAT32, WINOGRAD, BFLOAT16)}
_GAIN: Final = 1.15
"""A less exact precision must be this much faster to be chosen, so that a busy moment does not decide."""
_ROUNDS: Final = 3
_FIRST_ROUNDS: Final = 2
_EDGE_PX: Final = 128
_BLOCKS: Final = ((64, 64), (64, 128, 128), (128, 256, 256), (256, 512, 512))
"""Channels of what is measured: VGG from its second convolution to its fourth block."""
_CPU_FIELDS: Final = ("vendor_id", "cpu family", "model", "stepping", "flags", "CPU part", "Features")
"""They distinguish CPUs of the same name, such as "AMD EPYC" in a virtual machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrecisionCache:
    """Names of the fastest precisions by what they were measured on.

    A file that is damaged or cannot be read counts as empty, and one that cannot be written is not: then each
    process measures for itself.
    """

    path: Path

    def get(self, key: str) -> str | None:
        found = self._all().get(key)
        return found if isinstance(found, str) else None

    def put(self, key: str, name: str) -> None:
        kept = json.dumps({**self._all(), key: name}, indent=1, sort_keys=True)
        with contextlib.suppress(OSError):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(self.path) as file:
                file.write(kept.encode())

    def _all(self) -> Mapping[str, Any]:
        try:
            found = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}


def choose_device(name: str) -> torch.device:
    """The device called `auto`, `auto:N`, `cpu`, `cuda`, `cuda:N` or `mps`.

    auto is the GPU, the first or the N-th, where there is one that can be used, and the CPU elsewhere; a GPU
    that is there but cannot be used is warned of. An Apple GPU is called mps; there is one at most.

    Raises:
        DeviceError: the device is not there, or cannot be used.
    """
    kind, _, index = name.partition(":")
    if name == "cpu":
        return torch.device("cpu")
    if name != "mps" and (kind not in {"auto", "cuda"} or not (index.isdigit() or name == kind)):
        raise DeviceError(f"device must be auto, cpu, cuda, cuda:N or mps, not {name!r}.")
    wanted = _gpu_kind() if kind == "auto" else kind
    if wanted is None:
        return torch.device("cpu")
    seen = _count(wanted)
    if int(index or 0) >= seen:
        raise DeviceError(f"The device {name} is not there: PyTorch sees {seen} GPUs.")
    device = torch.device(f"{wanted}:{index}" if index else wanted)
    fault = fault_of(device)
    if fault is None:
        return device
    if kind == "auto":
        log.warning("The GPU cannot be used, so the CPU is: %s", fault)
        return torch.device("cpu")
    raise DeviceError(f"PyTorch sees the device {device} but cannot use it: {fault}")


def unusable_gpu() -> str | None:
    """Why the first GPU that PyTorch sees cannot be used; None: it can, or there is none."""
    kind = _gpu_kind()
    return None if kind is None else fault_of(torch.device(kind))


def _gpu_kind() -> str | None:
    """The kind of GPU that PyTorch sees here."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else None


def _count(kind: str) -> int:
    return torch.cuda.device_count() if kind == "cuda" else int(torch.backends.mps.is_available())


@functools.cache
def fault_of(device: torch.device) -> str | None:
    """Why PyTorch cannot compute on a device that it sees, in its own words; None: it can. Tried once."""
    try:
        torch.ones(1, device=device).add_(1).item()
        if device.type == "mps":
            _try_painting(device)
    except torch.OutOfMemoryError:
        return None  # it is only in use
    except (
        RuntimeError,
        AssertionError,
        TypeError,
    ) as error:  # the last two where PyTorch has no such kernels
        return str(error).strip().split("\n", 1)[0]
    return None


def _try_painting(device: torch.device) -> None:
    """What painting takes beyond a sum: PyTorch's kernels for Apple's GPUs came one by one."""
    picture = torch.rand(1, 3, 8, 8, device=device, requires_grad=True)
    features = F.conv2d(picture, torch.rand(4, 3, 3, 3, device=device), padding=1)
    columns = features.flatten(2).bfloat16()
    loss = (columns @ columns.mT).float().square().sum()
    (gradient,) = torch.autograd.grad(loss, picture)
    torch.fft.irfft2(torch.fft.rfft2(gradient) * 0.5, s=(8, 8)).sum().item()


def choose_precision(device: torch.device, wanted: str = "auto") -> Precision:
    """The fastest precision, measured once per machine and device, or the one wanted.

    On a GPU the library of the vendor has Winograd's algorithm already, so that ours is tried on CPUs only;
    on Apple's, float32 is taken unasked.

    Raises:
        DeviceError: `wanted` is none of PRECISIONS.
    """
    if wanted not in PRECISIONS:
        raise DeviceError(f"precision must be one of {', '.join(PRECISIONS)}, not {wanted!r}.")
    if wanted == "auto":
        return FLOAT32 if device.type == "mps" else _measured(device)
    return _BY_NAME[wanted]


@functools.cache
def _measured(device: torch.device) -> Precision:
    return measured(device, of_this_machine())


def measured(device: torch.device, cache: PrecisionCache | None) -> Precision:
    """The fastest precision, from the cache or else by a measurement, which is then put into the cache."""
    key = cache_key(device)
    if cache is not None and (kept := cache.get(key)) in _BY_NAME:
        return _BY_NAME[kept]
    fastest = _fastest(device)
    if cache is not None:
        cache.put(key, fastest.name)
    return fastest


def cache_key(device: torch.device) -> str:
    """What a measurement is valid for: the device, the CPU, PyTorch's version and what was compared."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    compared = " or ".join(one.name for one in _candidates(device))
    return f"{name}, {cpu_model()}, torch {torch.__version__}, {compared}"


def _candidates(device: torch.device) -> tuple[Precision, ...]:
    """From the most exact to the least."""
    return (FLOAT32, WINOGRAD, BFLOAT16) if device.type == "cpu" else (FLOAT32, BFLOAT16)


def _fastest(device: torch.device) -> Precision:
    """Compares the best of a few short rounds of each, taken in turns so that other load affects all alike.

    A precision that takes twice as long as another after two rounds, as bfloat16 does on a CPU without it, is
    not measured any further.
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
    """A network like VGG, forward and backward to its input; waits for the device.

    One convolution alone would mislead: which precision is the fastest depends on its channels, and much of
    what goes on between the convolutions depends on the type.
    """
    generator = torch.Generator().manual_seed(0)

    def convolution(inward: int, outward: int) -> Convolution:
        weight = torch.randn(outward, inward, 3, 3, generator=generator) * (2 / (9 * inward)) ** 0.5
        return Convolution(weight, torch.zeros(outward), device=device, precision=precision)

    blocks = [[convolution(*pair) for pair in itertools.pairwise(block)] for block in _BLOCKS]
    picture = torch.rand(1, _BLOCKS[0][0], _EDGE_PX, _EDGE_PX, generator=generator)
    picture = picture.to(device, precision.dtype).contiguous(memory_format=precision.memory_format)
    picture.requires_grad_()

    def once() -> object:
        features = picture
        for number, block in enumerate(blocks):
            features = F.max_pool2d(features, 2) if number else features
            for layer in block:
                features = F.relu(layer(features, padding=1), inplace=True)
        return torch.autograd.grad(features, picture, features.detach())[0].sum().item()

    once()  # Winograd's kernels are made at the first call
    return once


def _seconds(work: Callable[[], object], device: torch.device) -> float:
    """On the CPU the thread's own time counts, without the time that other processes took meanwhile."""
    clock = time.thread_time if device.type == "cpu" else time.perf_counter
    started = clock()
    work()
    return clock() - started


def of_this_machine() -> PrecisionCache | None:
    """The cache beside the downloaded weights; None where the user has no home directory."""
    try:
        return PrecisionCache(path=default_cache_dir() / FILE_NAME)
    except RuntimeError:
        return None


def cpu_model(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """The name of the CPU and a short hash of its features; on systems other than Linux only the name."""
    try:
        block = cpuinfo.read_text(encoding="utf-8", errors="replace").split("\n\n", 1)[0]
    except OSError:
        block = ""
    pairs = (line.partition(":") for line in block.splitlines())
    fields = {name.strip(): value.strip() for name, _, value in pairs}
    name = fields.get("model name") or platform.processor() or platform.machine()
    features = "\n".join(fields.get(field, "") for field in _CPU_FIELDS)
    return f"{name} {hashlib.sha256(features.encode()).hexdigest()[:8]}"
