"""PyTorch's errors in the engine's own: the only place that knows their types and texts."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import torch

from nst_core.errors import DeviceLost, EngineError, OutOfMemory

_CPU_IS_FULL: Final = "can't allocate memory"
"""The CPU's allocator raises a plain RuntimeError. Source: c10/core/impl/alloc_cpu.cpp."""
_APPLE_GPU_IS_FULL: Final = "MPS backend out of memory"
"""Likewise. Source: aten/src/ATen/mps/MPSAllocator.mm."""
_GPU_IS_LOST: Final = "CUDA error"
"""After such an error every call in this process fails. Source: CUDA's runtime API, "sticky errors"."""


@contextmanager
def torch_errors() -> Iterator[None]:
    """Raises what PyTorch or NumPy raise inside as an EngineError; what is neither of the two goes through.

    Raises:
        OutOfMemory: the device's memory, or the machine's, is full.
        DeviceLost: the device answers nothing any more in this process.
    """
    try:
        yield
    except EngineError:
        raise
    except (MemoryError, RuntimeError) as error:
        if is_out_of_memory(error):
            empty_caches()
            raise OutOfMemory(
                "That picture needs more memory than there is here: choose a smaller size."
            ) from error
        if is_device_lost(error):
            raise DeviceLost("The device has stopped working in this process: start it again.") from error
        raise


def empty_caches() -> None:
    """Gives the memory back that PyTorch keeps for later, on whichever GPUs there are."""
    torch.cuda.empty_cache()
    if torch.backends.mps.is_available():
        torch.mps.empty_cache()


def is_out_of_memory(error: Exception) -> bool:
    """Whether an allocation failed, on a device or in main memory."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or any(
        said in str(error) for said in (_CPU_IS_FULL, _APPLE_GPU_IS_FULL)
    )


def is_device_lost(error: Exception) -> bool:
    """Whether nothing more can be computed in this process; PyTorch has a type for it from 2.8 on."""
    return isinstance(error, getattr(torch, "AcceleratorError", ())) or _GPU_IS_LOST in str(error)
