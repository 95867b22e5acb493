"""A painting that comes with Easel as a style."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

PAINTINGS = Path(__file__).parents[2] / "paintings"
EXAMPLES = PAINTINGS.parent / "examples"
"""A cat in each painting's style at strength 50, and in one at four strengths; see scripts/examples.py."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Painting:
    """A public-domain painting that comes with Easel as a style.

    name: what people choose it by, for ever: presets, jobs and challenges keep it.
    title: in full, where the name is a short one.
    about: what it makes of a picture.
    settings: numbers of `bot.domain.styles.style.Look` that suit it, where a person chooses none.
    """

    name: str
    artist: str
    year: str
    file: str
    about: str
    title: str = ""
    settings: Mapping[str, float] = field(default_factory=dict, hash=False)

    @property
    def full_title(self) -> str:
        return self.title or self.name

    def read(self) -> bytes:
        return (PAINTINGS / self.file).read_bytes()

    def read_example(self) -> bytes:
        """A JPEG of a cat in this style."""
        return (EXAMPLES / self.file).read_bytes()

    def blob(self) -> str:
        """The key under which it is stored as soon as somebody uses it."""
        return _blob_of(self.file)


@cache
def _blob_of(file: str) -> str:
    return hashlib.sha256((PAINTINGS / file).read_bytes()).hexdigest()
