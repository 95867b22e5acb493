"""What this machine can paint on: its GPUs, as NVIDIA's driver reports them, and how large a picture fits."""

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import pynvml

from nst_core import memory


def devices(device: str, workers: int | None) -> list[str]:
    """One device name per worker: each GPU once, or the CPU once, unless `workers` gives another number.

    auto:N is the N-th GPU, or the CPU if that GPU cannot be used, as a worker alone can tell.
    """
    found = _count_gpus() if device in {"auto", "cuda"} else 0
    names = [f"{device}:{number}" for number in range(found)] or [device]
    return [names[number % len(names)] for number in range(len(names) if workers is None else workers)]


def _count_gpus() -> int:
    """How many NVIDIA GPUs workers may use; torch is not imported here."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return len([one for one in visible.split(",") if one.strip() not in {"", "-1"}])
    return len(_ask_each(lambda index, _handle: index))


USUAL_PX: Final = {"cpu": 512, "gpu": 1024}
"""The long edge of a picture where nobody asks for another: about two minutes on two cores."""


def usual_size_px(names: Sequence[str]) -> int:
    """The size that all of the workers' devices paint in good time; a CPU's where workers run elsewhere."""
    return USUAL_PX["gpu" if names and all(map(_is_gpu, names)) else "cpu"]


def _is_gpu(device: str) -> bool:
    return device.startswith(("cuda", "auto:"))


def largest_size_px(names: Sequence[str]) -> int | None:
    """The long edge of a square picture that fits on the smallest of the workers' devices.

    None: the workers run elsewhere, or a GPU does not report its memory.
    """
    host = [device for device in names if not _is_gpu(device)]
    sizes = memory_bytes() if len(host) < len(names) else []
    edges = [memory.largest_edge_px(min(sizes))] if sizes else []
    if host:  # a CPU may use Winograd's algorithm, which takes more memory
        edges.append(memory.largest_edge_px(memory.host_bytes() // len(host), winograd=True))
    return min(edges, default=None)


Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """One GPU's state; `utilisation` from 0 to 1."""

    index: str
    utilisation: float
    used_bytes: int
    total_bytes: int


def memory_bytes() -> list[int]:
    """The memory of each GPU that reports it."""
    return _ask_each(lambda _index, handle: int(_memory(handle).total))


def states() -> list[Gpu]:
    """The state of each GPU that reports all of it."""
    return _ask_each(_state)


def _state(index: int, handle: Any) -> Gpu:
    memory_info = _memory(handle)
    return Gpu(
        index=str(index),
        utilisation=pynvml.nvmlDeviceGetUtilizationRates(handle).gpu / 100,
        used_bytes=int(memory_info.used),
        total_bytes=int(memory_info.total),
    )


def _memory(handle: Any) -> Any:
    """As nvidia-smi shows it: what the driver reserves for itself does not count as used."""
    return pynvml.nvmlDeviceGetMemoryInfo(handle, version=pynvml.nvmlMemory_v2)


def _ask_each(ask: Callable[[int, Any], Answer]) -> list[Answer]:
    """What `ask` returns for each GPU's index and handle; those that do not answer are left out."""
    answers: list[Answer] = []
    with suppress(pynvml.NVMLError):
        pynvml.nvmlInit()
        try:
            for index in range(pynvml.nvmlDeviceGetCount()):
                with suppress(pynvml.NVMLError):
                    answers.append(ask(index, pynvml.nvmlDeviceGetHandleByIndex(index)))
        finally:
            pynvml.nvmlShutdown()
    return answers
