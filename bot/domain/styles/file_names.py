"""Names that come with files, as they are kept: one line that can be stored, logged and sent."""

import unicodedata
from typing import Final

_CONTROLS, _HALVES = "Cc", "Cs"
_REFUSED: Final = {_CONTROLS, _HALVES}


def storable(name: str) -> str:
    """`name` without control characters and halves of characters, which databases refuse; single spaces."""
    kept = (char for char in name if char.isspace() or unicodedata.category(char) not in _REFUSED)
    return " ".join("".join(kept).split())
