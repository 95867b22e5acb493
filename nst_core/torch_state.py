"""PyTorch's modes as the engine needs them, whatever its caller has set; the caller finds its own again.

Modes are a thread's own, but for the default type and device, which are the process's: these two are touched
only where they are not PyTorch's.
"""

from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from typing import Final, TypeVar

import torch

T = TypeVar("T")

_AUTOCAST: Final = ("cpu", "cuda", "mps")
_CPU: Final = torch.device("cpu")


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
