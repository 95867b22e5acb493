"""What happens in one run, drawn from its seed: who asks for what and when, which fault comes, and when."""

import random
from dataclasses import dataclass, replace

from tests.e2e.chaos.worker import POISON

MOMENTS = (
    *("any", "any", "asked", "acknowledged", "queued", "claimed"),
    *("running", "storing", "stored", "rendered", "posted"),
)
"""When a fault comes: at any time of the first job's life, or when some job has come so far.

asked: as a rule before anything is accepted. acknowledged: between "thinking …" and the job.
storing and stored: right before and behind the result's blob.
posted: between the picture's post and its record in the ledger.
"""
BETWEEN_FRAMES = "frame"
"""The moment of many scenarios with clips: one of a clip's frames is painted, and the next one is not."""
CLIPS = 1 / 4
"""The share of what is asked for that moves."""
JOBS = (1, 1, 1, 2, 2, 2, 3, 3, 4, 5, 6)
LIFE_S = 1.2
PEOPLE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One `/stylize`. person: an index; wait_s: since the ask before; strength: see `POISON`.

    moving: a clip of a few small frames.
    """

    person: int
    wait_s: float
    private: bool
    strength: int = 50
    moving: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """at_s: when the fault comes, if at any moment. extent: 0 to 1, how bad it is, whatever that means.

    patient: the fault waits until all are accepted. supervised: dead workers' jobs are taken back at once.
    """

    seed: int
    fault: str
    moment: str
    at_s: float
    extent: float
    patient: bool
    supervised: bool
    asks: tuple[Ask, ...]


def scenario(seed: int, faults: tuple[str, ...]) -> Scenario:
    """The scenario of a seed: the faults take turns, everything else is drawn."""
    draw = random.Random(seed)
    people = draw.randint(1, PEOPLE)
    fault = faults[seed % len(faults)]
    asks = tuple(
        Ask(
            person=draw.randrange(people),
            wait_s=draw.choice((0.0, 0.0, draw.uniform(0, 0.3))),
            private=draw.random() < 1 / 8,
        )
        for _number in range(draw.choice(JOBS))
    )
    moment = draw.choice(MOMENTS)
    # Drawn apart, so that a seed's other draws stay what they were.
    apart = random.Random(f"clips of {seed}")
    asks = tuple(replace(ask, moving=apart.random() < CLIPS) for ask in asks)
    if any(ask.moving for ask in asks) and apart.random() < 1 / 2:
        moment = BETWEEN_FRAMES
    return Scenario(
        seed=seed,
        fault=fault,
        moment=moment,
        at_s=draw.uniform(0, LIFE_S),
        extent=draw.random(),
        patient=draw.random() < 2 / 3,
        supervised=draw.random() < 0.5,
        asks=asks,
    )


def poisoned(ask: Ask) -> Ask:
    """The same ask with a picture that kills whoever paints it."""
    return replace(ask, strength=POISON, moving=False)
