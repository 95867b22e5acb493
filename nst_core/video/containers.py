"""Which film a file is. Nothing is loaded for that."""

from typing import Final, Literal

Kind = Literal["mp4", "matroska"]
_PICTURES: Final = frozenset(
    {
        b"avif",
        b"avis",
        b"mif1",
        b"msf1",
        b"heic",
        b"heix",
        b"heim",
        b"heis",
        b"hevc",
        b"hevx",
        b"hevm",
        b"hevs",
    }
)


def kind_of(data: bytes) -> Kind | None:
    """By its first bytes; None: it is none."""
    if data.startswith(b"\x1aE\xdf\xa3"):
        return "matroska"
    return "mp4" if data[4:8] == b"ftyp" and data[8:12] not in _PICTURES else None
