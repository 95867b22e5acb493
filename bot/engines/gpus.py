"""What NVIDIA's driver says of this machine's GPUs. Without a driver there are none, and nothing is said."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

import pynvml

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """One GPU's state; `utilisation` from 0 to 1."""

    index: str
    utilisation: float
    used_bytes: int
    total_bytes: int


def count() -> int:
    return len(_ask_each(lambda index, _handle: index))


def memory_bytes() -> list[int]:
    """The memory of each GPU that says it."""
    return _ask_each(lambda _index, handle: int(_memory(handle).total))


def states() -> list[Gpu]:
    """Of each GPU that says all of it."""
    return _ask_each(_state)


def _state(index: int, handle: Any) -> Gpu:
    memory = _memory(handle)
    return Gpu(
        index=str(index),
        utilisation=pynvml.nvmlDeviceGetUtilizationRates(handle).gpu / 100,
        used_bytes=int(memory.used),
        total_bytes=int(memory.total),
    )


def _memory(handle: Any) -> Any:
    """In the form that does not count as used what the driver keeps for itself, as nvidia-smi shows it."""
    return pynvml.nvmlDeviceGetMemoryInfo(handle, version=pynvml.nvmlMemory_v2)


def _ask_each(ask: Callable[[int, Any], Answer]) -> list[Answer]:
    """What `ask` gets of each GPU by its index and handle; one that does not say it is left out."""
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
