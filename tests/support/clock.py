"""A clock that stands still until a test moves it."""

from dataclasses import dataclass

from tests.support.rows import NOW


@dataclass(slots=True)
class Clock:
    now: float = NOW

    def __call__(self) -> float:
        return self.now
