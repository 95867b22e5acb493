"""A published procedure and the engine on one pair of pictures, in turn, each in a process of its own."""

import json
import math
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.trajectory import Point, paces, read, retimed, write

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Duel:
    """What is run.

    Attributes:
        against: lbfgs or adam.
        steps: The engine's; None is the quality's own number. `quality` and `beta` are the engine's too.
        score_every: Of the engine's previews, one in so many is scored.
        stored: Where the baseline's scored trajectory is, or will be; None keeps none.
        sample: Iterations per size that tell a stored baseline's pace, after `warm_up` others.
        baseline_steps: None is the published number; `every` is what is between two scores.
        precision: Of a scored trajectory that is not stored yet; None is the published one. With another its
            pace is measured apart, as published.
    """

    against: str
    content: str
    style: str
    size_px: int
    device: str
    quality: str
    steps: int | None
    beta: float
    score_every: int
    rounds: int
    stored: Path | None
    sample: int
    warm_up: int
    baseline_steps: int | None
    every: int
    precision: str | None

    @property
    def judges(self) -> list[str]:
        return ["vgg19"] if self.against == "lbfgs" else ["vgg19", "vgg16"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One turn of each; a stored trajectory's `baseline` has the times of this turn's pace.

    `seconds_per_iteration` is by size, and `sampled_iterations` how many told it; None where all were run.
    """

    trajectory: str
    baseline: list[Point]
    cold: list[Point]
    warm: list[Point]
    finished_s: dict[str, float]
    precision: str
    sampled_iterations: int | None = None
    seconds_per_iteration: dict[int, float] | None = None


def duel(plan: Duel, say: Say) -> list[Round]:
    """The rounds of a pair; every other one begins with the engine."""
    path = plan.stored
    if path is not None and path.exists():
        known = read(path)
    else:
        known = _baseline(plan, say)
        if path is not None:
            write(path, known)
        if plan.precision is None:
            measured = [_ours(plan, say) for _ in range(plan.rounds)]
            return [Round(trajectory="measured", baseline=known, **ours) for ours in measured]
    if plan.against == "adam" and known[-1].content16 is None:
        raise SystemExit(f"{path} was not judged by VGG-16: move it away, and it is made anew.")
    return [_round(plan, known, say, ours_first=bool(number % 2)) for number in range(plan.rounds)]


def _round(plan: Duel, known: list[Point], say: Say, *, ours_first: bool) -> Round:
    ours = _ours(plan, say) if ours_first else None
    sampled = paces(_sampled(plan, say), plan.warm_up)
    missing = {point.size_px for point in known} - set(sampled)
    if missing:
        raise SystemExit(f"{plan.stored} has sizes that the baseline has not: {sorted(missing)} px.")
    return Round(
        trajectory="stored",
        baseline=list(retimed(known, sampled)),
        sampled_iterations=plan.warm_up + plan.sample,
        seconds_per_iteration={size: pace.rate_s for size, pace in sampled.items()},
        **(ours or _ours(plan, say)),
    )


def _baseline(plan: Duel, say: Say) -> list[Point]:
    race = {
        "judges": plan.judges,
        "steps": plan.baseline_steps,
        "every": plan.every,
        "precision": plan.precision,
    }
    return _points(plan, plan.against, race, say)


def _sampled(plan: Duel, say: Say) -> list[Point]:
    """The first iterations of each size, not scored."""
    every = math.gcd(plan.warm_up, plan.sample)
    race = {"judges": [], "steps": plan.warm_up + plan.sample, "every": every, "precision": None}
    return _points(plan, plan.against, race, say)


def _points(plan: Duel, procedure: str, race: dict[str, Any], say: Say) -> list[Point]:
    points = []
    for row in _rows(plan, {"procedure": procedure, **race}):
        point = Point.from_row(row)
        say(f"{procedure}, iteration {point.iterations} at {point.size_px} px")
        points.append(point)
    return points


def _ours(plan: Duel, say: Say) -> dict[str, Any]:
    """The engine's scored pictures and the time of the whole, cold and warm."""
    points: dict[str, list[Point]] = {"cold": [], "warm": []}
    finished_s: dict[str, float] = {}
    precision = ""
    race = {
        "procedure": "ours",
        "judges": plan.judges,
        "steps": plan.steps,
        "every": plan.score_every,
        "beta": plan.beta,
        "quality": plan.quality,
    }
    for row in _rows(plan, race):
        state = row["state"]
        say(f"the engine, {state}, iteration {row['iterations']}")
        if "finished_s" in row:
            finished_s[state], precision = row["finished_s"], row["precision"]
        else:
            points[state].append(Point.from_row(row))
    return {**points, "finished_s": finished_s, "precision": precision}


def _rows(plan: Duel, race: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What a process of its own prints, line by line."""
    shared = {
        "content": plan.content,
        "style": plan.style,
        "size_px": plan.size_px,
        "device": plan.device,
    }
    command = [sys.executable, "-m", "benchmarks.race", json.dumps({**shared, **race})]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            yield json.loads(line)
    if process.returncode:
        raise SystemExit(f"benchmarks.race ended with status {process.returncode}.")
