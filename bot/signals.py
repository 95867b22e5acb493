"""What a process does when it is told to end, also where the event loop cannot be told of signals."""

import asyncio
import signal
from collections.abc import Callable


def on_signal(number: signal.Signals, call: Callable[[], object]) -> Callable[[], None]:
    """Has the running event loop call `call` when the signal comes, instead of what the system would do.

    Returns what takes that back.
    """
    loop = asyncio.get_running_loop()
    try:
        loop.add_signal_handler(number, call)
    except NotImplementedError:  # Windows
        before = signal.signal(number, lambda _number, _frame: loop.call_soon_threadsafe(call))
        return lambda: _put_back(number, before)
    return lambda: _forget(loop, number)


def _put_back(number: signal.Signals, before: "signal._HANDLER") -> None:
    signal.signal(number, before)


def _forget(loop: asyncio.AbstractEventLoop, number: signal.Signals) -> None:
    loop.remove_signal_handler(number)
