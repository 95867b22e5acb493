"""PyTorch's modes as the engine needs them, whatever its caller has set, and its errors in the engine's own.

The caller finds its own modes again. They are a thread's own, but for the default type and device, which are
the process's: these two are touched only where they are not PyTorch's. No other module knows the types and
texts of PyTorch's errors.
"""

from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from typing import Final, TypeVar

import torch

from nst_core.errors import DeviceLost, EngineError, OutOfMemory

T = TypeVar("T")

_AUTOCAST: Final = ("cpu", "cuda", "mps")
_CPU: Final = torch.device("cpu")
_CPU_IS_FULL: Final = "can't allocate memory"
"""The CPU's allocator raises a plain RuntimeError. Source: c10/core/impl/alloc_cpu.cpp."""
_APPLE_GPU_IS_FULL: Final = "MPS backend out of memory"
"""Likewise. Source: aten/src/ATen/mps/MPSAllocator.mm."""
_GPU_IS_LOST: Final = "CUDA error"
"""After such an error every call in this process fails. Source: CUDA's runtime API, "sticky errors"."""


@contextmanager
def own_state() -> Iterator[None]:
    """Gradients, no inference mode, no autocast, float32 and the CPU as defaults.

    What is kept for the next picture, such as networks, must be made within it: a tensor that was made in
    inference mode can never be part of a gradient.
    """
    with ExitStack() as stack:
        if torch.is_inference_mode_enabled():
            stack.enter_context(torch.inference_mode(mode=False))
        stack.enter_context(torch.enable_grad())
        for kind in _AUTOCAST:
            if torch.is_autocast_enabled(kind):
                stack.enter_context(torch.autocast(kind, enabled=False))
        if torch.get_default_dtype() is not torch.float32:
            stack.callback(torch.set_default_dtype, torch.get_default_dtype())
            torch.set_default_dtype(torch.float32)
        if torch.get_default_device() != _CPU:
            stack.enter_context(_CPU)
        yield


def stepwise(events: Generator[T, None, None]) -> Generator[T, None, None]:
    """The same events, each of them computed in `own_state`; in between the caller has its own.

    A generator that is suspended within a context manager would leave that open in its caller.
    """
    try:
        while True:
            with own_state():
                try:
                    event = next(events)
                except StopIteration:
                    return
            yield event
    finally:
        with own_state():
            events.close()


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
