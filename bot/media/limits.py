"""What the decoder and its child agree on; it imports nothing, so that neither loads what the other needs."""

from dataclasses import dataclass
from typing import Final

MIB: Final = 1024 * 1024
REFUSED: Final = 3
"""The child's exit status for a file that is not taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodeLimits:
    """What one picture may be and cost. A longer edge than `max_edge_px` is no fault, it is scaled down."""

    max_pixels: int = 60_000_000
    max_edge_px: int = 2048
    min_edge_px: int = 16
    max_aspect: float = 20.0
    memory_bytes: int = 2048 * MIB
    cpu_s: int = 20
    deadline_s: float = 30.0
