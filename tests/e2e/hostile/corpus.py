"""The corpus: honest files, bombs, and as many mutated ones as asked for, the same for the same seed.

The decoder never sees a file's name, so a wrong extension is no case of its own here: what a name claims is
tested in `tests/e2e/hostile/test_words.py`.
"""

import random
from dataclasses import dataclass
from typing import Final

from tests.e2e.hostile import bombs, pictures
from tests.e2e.hostile.mutations import MUTATIONS

FIXED: Final = (*pictures.NAMES, *bombs.NAMES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """name: what it is made of."""

    name: str
    data: bytes


def make(number: int, *, seed: int) -> Input:
    """The file of that number: each honest one, each bomb, then mutated ones without end."""
    if number < len(pictures.NAMES):
        name = pictures.NAMES[number]
        return Input(name=name, data=pictures.honest(name))
    if number < len(FIXED):
        return Input(name=FIXED[number], data=bombs.bomb(FIXED[number]))
    rng = random.Random(f"{seed}:{number}")
    source = rng.choice(pictures.NAMES)
    mutation = rng.choice(MUTATIONS)
    data = mutation(rng, pictures.honest(source))
    return Input(name=f"seed {seed}, number {number}: {source}, {mutation.__name__}", data=data)
