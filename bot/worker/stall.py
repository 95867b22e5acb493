"""How fast a painting goes on, and when it has stood still for so long that it hangs."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from nst_core.errors import EngineError

STALL_S: Final = 120.0
PER_MEGAPIXEL_S: Final = 300.0
"""Added to the floor for the pictures' size: a CPU that is busy otherwise takes 100 s for such a step."""
TIMES_USUAL: Final = 10
"""The first step of a size takes several times as long as one of the size before, which had fewer pixels."""
REMEMBERED: Final = 32
"""Events; with a batch, each of its pictures has one per step."""
MEGAPIXEL: Final = 1e6


class PaintingHangs(EngineError):
    """The painting goes on no more, or does not end when it is told to: only the end of the process helps."""


class StallWatch:
    """The times of a pass's events. The painting's thread calls `step`; the event loop asks `hangs`."""

    def __init__(self, *, floor_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        """floor_s: so long may a step take in any case, such as the first, which loads and compiles."""
        self._floor_s = floor_s
        self._clock = clock
        self._gaps_s = deque([0.0], maxlen=REMEMBERED)
        self._last = clock()

    def step(self) -> None:
        """The engine has had an event."""
        now = self._clock()
        self._gaps_s.append(now - self._last)
        self._last = now

    @property
    def limit_s(self) -> float:
        """So long may the next event take."""
        return max(self._floor_s, TIMES_USUAL * max(tuple(self._gaps_s)))

    @property
    def hangs(self) -> bool:
        return self._clock() - self._last > self.limit_s


def floor_s(sizes_px: Sequence[int], *, stall_s: float) -> float:
    """How long a step of pictures with these long edges may take in any case: longer for larger ones."""
    pixels = sum(size_px**2 for size_px in sizes_px)
    return stall_s + PER_MEGAPIXEL_S * pixels / MEGAPIXEL
