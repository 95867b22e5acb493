"""The names that people give: which are allowed, which are the same, and which one is meant."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from typing import Final, TypeVar

from bot.errors import Refusal
from bot.language import _

MAX_NAME_CHARS = 50
MAX_KEY_CHARS = 100

# Bidirectional controls, zero-width spaces, soft hyphens. Joiners stay: emoji and scripts need them.
_TURNING = re.compile(r"[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]")
# Blank, though Unicode calls them letters, symbols or marks: fillers, empty braille, variation selectors.
_BLANK = re.compile(
    r"[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\uffa0\ufe00-\ufe0f\U000e0000-\U000e0fff]"
)


def well_formed(name: str) -> str:
    """The name as it is stored: NFC, single spaces, without marks that reverse or hide text.

    Raises:
        Refusal: it is invisible, too long, or unprintable.
    """
    tidied = tidy(name)
    if any(unicodedata.category(char) in {"Cc", "Cs", "Co"} or _is_no_character(char) for char in tidied):
        raise Refusal(_("A preset's name cannot hold control characters: choose another name."))
    if not any(map(_is_visible, tidied)):
        raise Refusal(_("A preset's name needs at least one visible character: choose another name."))
    if len(tidied) > MAX_NAME_CHARS:
        raise Refusal(
            _(
                "A preset's name has at most {limit} characters, yours has {count}.",
                limit=MAX_NAME_CHARS,
                count=len(tidied),
            )
        )
    return tidied


def name_key(name: str) -> str:
    """The same for names that differ only in case, compatibility forms, invisible or spacing characters."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    seen = "".join(char for char in folded if _stands_alone(char) or unicodedata.category(char)[0] == "M")
    # Characters on both sides of a removed one may combine now.
    return unicodedata.normalize("NFKC", _BLANK.sub("", seen))[:MAX_KEY_CHARS]


def search_key(text: str) -> str:
    """As `name_key`, without accents and in full length: what a keyboard without them can type."""
    parts = unicodedata.normalize("NFKD", text)
    kept = "".join(char for char in parts if not unicodedata.combining(char))
    return "".join(name_key(word) for word in kept.split())


def tidy(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", _TURNING.sub("", name)).split())


def _is_no_character(char: str) -> bool:
    """Code points that Unicode will never assign. Source: The Unicode Standard, section 23.7."""
    return ord(char) & 0xFFFE == 0xFFFE or 0xFDD0 <= ord(char) <= 0xFDEF


def _is_visible(char: str) -> bool:
    return _stands_alone(char) and not _BLANK.match(char)


def _stands_alone(char: str) -> bool:
    """Neither control, space nor mark. The newest emoji are unassigned in this Python's tables, and count."""
    category = unicodedata.category(char)
    return category == "Cn" or category[0] not in "CZM"


def storable(name: str) -> str:
    """`name` without control characters and lone surrogates, which databases refuse; single spaces."""
    kept = (char for char in name if char.isspace() or unicodedata.category(char) not in {"Cc", "Cs"})
    return " ".join("".join(kept).split())


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
