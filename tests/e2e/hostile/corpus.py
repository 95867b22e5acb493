"""The corpus: honest files, bombs, and as many mutated ones as asked for, the same for the same seed.

The decoder never sees a file's name, so a wrong extension is no case of its own here: what a name claims is
tested in `tests/e2e/hostile/test_words.py`.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tests.e2e.hostile import bombs, pictures
from tests.e2e.hostile.mutations import MUTATIONS

FIXED: Final = (*pictures.NAMES, *bombs.NAMES)
MOVING: Final = (*pictures.MOVING, *bombs.MOVING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """name: what it is made of."""

    name: str
    data: bytes


def make(number: int, *, seed: int) -> Input:
    """The file of that number: each honest one, each bomb, then mutated ones without end."""
    return _made(number, seed, pictures.NAMES, FIXED)


def make_moving(number: int, *, seed: int) -> Input:
    """The same of files that move: animated pictures and films, their bombs, and mutated ones."""
    return _made(number, seed, pictures.MOVING, MOVING)


def _made(number: int, seed: int, honest: Sequence[str], fixed: Sequence[str]) -> Input:
    if number < len(honest):
        name = honest[number]
        return Input(name=name, data=pictures.honest(name))
    if number < len(fixed):
        return Input(name=fixed[number], data=bombs.bomb(fixed[number]))
    rng = random.Random(f"{seed}:{number}")
    source = rng.choice(honest)
    mutation = rng.choice(MUTATIONS)
    data = mutation(rng, pictures.honest(source))
    return Input(name=f"seed {seed}, number {number}: {source}, {mutation.__name__}", data=data)
