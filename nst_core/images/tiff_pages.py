"""Which page of a TIFF is the picture, and which files are a camera's undeveloped pixels.

Source: Adobe, "TIFF Revision 6.0", section 2; "Digital Negative Specification 1.7", chapter 4.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_SUBFILE, _WIDTH, _HEIGHT, _PHOTOMETRIC, _SUB_IFDS = 254, 256, 257, 262, 330
_WANTED: Final = frozenset({_SUBFILE, _WIDTH, _HEIGHT, _PHOTOMETRIC, _SUB_IFDS})
_REDUCED, _MASK = 1, 4
_UNDEVELOPED: Final = frozenset({32803, 34892})
"""A colour filter array, and linear raw pixels."""
_FORMATS: Final = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
_MOST_PAGES: Final = 100
_OF_TIFFS: Final = "DNG, NEF or ARW"
_RAW_SIGNATURES: Final = {
    b"FUJIFILMCCD-RAW": "RAF",
    b"IIRO": "ORF",
    b"IIRS": "ORF",
    b"MMOR": "ORF",
    b"IIU\0": "RW2",
    b"\0MRM": "MRW",
    b"FOVb": "X3F",
}
RAW_FORMATS: Final = frozenset({*_RAW_SIGNATURES.values(), "CR2", "CR3", _OF_TIFFS})


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One directory: where it stands, and what it says."""

    at: int
    tags: dict[int, list[int]]

    def tag(self, number: int, default: int = 0) -> int:
        return next(iter(self.tags.get(number, ())), default)

    @property
    def pixels(self) -> int:
        return self.tag(_WIDTH) * self.tag(_HEIGHT)


def raw_format(data: bytes) -> str | None:
    """What a camera's raw format is called, where the file is of one that cannot be developed here."""
    for signature, name in _RAW_SIGNATURES.items():
        if data.startswith(signature):
            return name
    if data[4:12] == b"ftypcrx ":
        return "CR3"
    if data[:4] in {b"II*\0", b"MM\0*"}:
        if data[8:10] == b"CR":
            return "CR2"
        if any(page.tag(_PHOTOMETRIC) in _UNDEVELOPED for page in pages(data)):
            return _OF_TIFFS
    return None


def with_picture_first(data: bytes) -> bytes:
    """The file with its largest page as the first, where the first is said to be a reduced one."""
    found = [page for page in pages(data) if not page.tag(_SUBFILE) & _MASK]
    if not found or not found[0].tag(_SUBFILE) & _REDUCED:
        return data
    largest = max(found, key=lambda page: page.pixels)
    order = "<" if data.startswith(b"II") else ">"
    if data[2:4] in {b"+\0", b"\0+"}:  # BigTIFF
        return data[:8] + struct.pack(f"{order}Q", largest.at) + data[16:]
    return data[:4] + struct.pack(f"{order}I", largest.at) + data[8:]


def pages(data: bytes) -> list[Page]:
    """All directories of a TIFF that can be read, the first one first."""
    order, big = ("<" if data.startswith(b"II") else ">"), data[2:4] in {b"+\0", b"\0+"}
    try:
        first = struct.unpack_from(f"{order}Q" if big else f"{order}I", data, 8 if big else 4)[0]
    except struct.error:
        return []
    found: dict[int, Page] = {}
    waiting = [first]
    while waiting and len(found) < _MOST_PAGES:
        at = waiting.pop(0)
        if at in found or not at:
            continue
        try:
            page, after = _page(data, at, order, big=big)
        except struct.error:
            continue
        found[at] = page
        waiting += [after, *page.tags.get(_SUB_IFDS, ())]
    return list(found.values())


def _page(data: bytes, at: int, order: str, *, big: bool) -> tuple[Page, int]:
    count_format, entry_bytes, next_format = ("Q", 20, "Q") if big else ("H", 12, "I")
    (count,) = struct.unpack_from(order + count_format, data, at)
    begin = at + struct.calcsize(order + count_format)
    tags = dict(_entries(data, begin, min(count, 1000), order, big=big))
    try:
        (after,) = struct.unpack_from(order + next_format, data, begin + count * entry_bytes)
    except struct.error:
        after = 0
    return Page(at=at, tags=tags), after


def _entries(
    data: bytes, begin: int, count: int, order: str, *, big: bool
) -> Iterator[tuple[int, list[int]]]:
    entry, held_bytes, place = (f"{order}HHQ", 8, "Q") if big else (f"{order}HHI", 4, "I")
    head = struct.calcsize(entry)
    for number in range(count):
        at = begin + number * (head + held_bytes)
        tag, kind, length = struct.unpack_from(entry, data, at)
        if tag not in _WANTED or kind not in _FORMATS or length > _MOST_PAGES:
            continue
        values = f"{order}{length}{_FORMATS[kind]}"
        here = at + head
        if struct.calcsize(values) > held_bytes:
            (here,) = struct.unpack_from(order + place, data, here)
        yield tag, list(struct.unpack_from(values, data, here))
