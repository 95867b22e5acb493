"""The choices of a blind test: kept line by line in a file, counted, with an interval."""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Literal

Side = Literal["left", "right"]
Answer = Literal["left", "right", "alike"]
Winner = Literal["a", "b", "alike"]
Z: Final = 1.959964
"""Of a confidence of 95 %."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What was chosen for a pair, which folder's picture was on the left, and whose therefore won."""

    pair: str
    left: Literal["a", "b"]
    answer: Answer

    @property
    def winner(self) -> Winner:
        if self.answer == "alike":
            return "alike"
        return self.left if self.answer == "left" else ("b" if self.left == "a" else "a")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How often each folder's picture won, and the share of A's wins among those decided, 0 to 1."""

    a: int
    b: int
    alike: int
    share: float | None
    low: float
    high: float


def tally(choices: Iterable[Choice]) -> Tally:
    """Counts the choices; the interval leaves out what was alike."""
    winners = [choice.winner for choice in choices]
    a, b = winners.count("a"), winners.count("b")
    low, high = wilson(a, a + b)
    share = a / (a + b) if a + b else None
    return Tally(a=a, b=b, alike=winners.count("alike"), share=share, low=low, high=high)


def wilson(wins: int, trials: int, z: float = Z) -> tuple[float, float]:
    """The interval of a share; all of 0 to 1 without trials.

    It holds the shares p with (wins / trials - p)^2 <= z^2 p (1 - p) / trials.

    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of
    the American Statistical Association 22, 1927.
    """
    if trials == 0:
        return 0.0, 1.0
    share, extra = wins / trials, z * z / trials
    middle = (share + extra / 2) / (1 + extra)
    half = math.sqrt(extra * share * (1 - share) + extra * extra / 4) / (1 + extra)
    return max(0.0, middle - half), min(1.0, middle + half)


def read(file: Path) -> list[Choice]:
    """The choices that a file holds, the last one for each pair; a line that was cut off is left out."""
    found = {}
    for line in file.read_text().splitlines() if file.exists() else []:
        try:
            choice = Choice(**json.loads(line))
        except (ValueError, TypeError):
            continue
        found[choice.pair] = choice
    return list(found.values())


def add(file: Path, choice: Choice) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a") as lines:
        lines.write(json.dumps(asdict(choice)) + "\n")


def open_pairs(names: Sequence[str], choices: Iterable[Choice]) -> list[str]:
    """The pairs that nobody has chosen yet."""
    done = {choice.pair for choice in choices}
    return [name for name in names if name not in done]
