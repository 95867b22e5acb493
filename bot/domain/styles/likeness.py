"""Which names are meant by one that is not quite any of them: "scream", "Stary Night", "wave"."""

from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from typing import Final, TypeVar

from bot.domain.styles.names import search_key

ARTICLES: Final = frozenset(
    [
        *("a", "an", "the", "der", "die", "das", "ein", "eine", "le", "la", "les", "un", "une"),
        *("el", "los", "las", "o", "os", "il", "lo", "gli"),
    ]
)
LEAST_CHARS: Final = 3
"""Less of a name than this says nothing."""
LEAST_LIKENESS: Final = 0.75
LEAST_LEAD: Final = 0.1
"""So much more alike than the others must the one be that is meant."""

Named = TypeVar("Named")


def meant(typed: str, named: Iterable[tuple[Named, Sequence[str]]]) -> list[Named]:
    """What `typed` may mean, of things with their names: one where it is clear, several where it is not.

    First what differs by case, accents and articles alone; then names that hold it; then those that are
    written much like it.
    """
    key = _bare(typed)
    known = [(one, [_bare(name) for name in names]) for one, names in named]
    if same := [one for one, keys in known if key in keys]:
        return same
    if len(key) < LEAST_CHARS:
        return []
    if holding := [one for one, keys in known if any(key in each for each in keys)]:
        return holding
    alike = [(max(_likeness(key, each) for each in keys), one) for one, keys in known]
    best = max((share for share, _one in alike), default=0.0)
    return [one for share, one in alike if share >= max(LEAST_LIKENESS, best - LEAST_LEAD)]


def _bare(name: str) -> str:
    """The name's search key without an article at its beginning."""
    first, _space, rest = " ".join(name.split()).partition(" ")
    return search_key(rest if rest and search_key(first) in ARTICLES else name)


def _likeness(one: str, other: str) -> float:
    """From 0 to 1. Source: Ratcliff and Metzener, "Pattern Matching: The Gestalt Approach" (1988)."""
    return SequenceMatcher(None, one, other, autojunk=False).ratio()
