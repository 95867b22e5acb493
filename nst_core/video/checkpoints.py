"""What a run over a clip has painted so far, as a file from which another run goes on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final, Self
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from nst_core.errors import PictureError
from nst_core.video.clips import FOREVER, Clip, Frame
from nst_core.video.flow import Plane

_FORMAT: Final = 1
_PARTS: Final = ("grey", "levels", "done")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Painted:
    """A frame that is painted.

    Attributes:
        grey: The levels (h, w) of its content.
        levels: The painting (h, w, 3).
        done: How far each place is painted (h, w), in [0, 1]: what is new has had few steps.
    """

    grey: NDArray[np.uint8]
    levels: NDArray[np.uint8]
    done: Plane


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Checkpoint:
    """The state after a frame.

    Attributes:
        turn: The pass, from 1.
        frame: The frame that was painted last in it, from 0.
        painted: What later frames may be held to, by frame.
        results: The levels (h, w, 3 or 4) of each frame that has a painting.
        iterations: Of all frames so far.
    """

    turn: int
    frame: int
    painted: Mapping[int, Painted]
    results: Mapping[int, NDArray[np.uint8]]
    iterations: int

    def clip(self, durations_ms: Sequence[int], *, plays: int = FOREVER) -> Clip:
        """The frames that have a painting, each shown for as long as the content's."""
        frames = (
            Frame(levels=self.results[number], duration_ms=durations_ms[number])
            for number in sorted(self.results)
        )
        return Clip(frames=tuple(frames), plays=plays)

    def packed(self) -> bytes:
        """All of it as one file of NumPy's arrays."""
        arrays: dict[str, NDArray[Any]] = {
            "state": np.array([_FORMAT, self.turn, self.frame, self.iterations], dtype=np.int64)
        }
        for number, one in self.painted.items():
            arrays |= {f"{part}-{number}": getattr(one, part) for part in _PARTS}
        arrays |= {f"result-{number}": levels for number, levels in self.results.items()}
        target = BytesIO()
        np.savez(target, **arrays)  # type: ignore[arg-type]  # none of them is called allow_pickle
        return target.getvalue()

    @classmethod
    def unpacked(cls, data: bytes) -> Self:
        """Raises `PictureError` if it was packed by another version, or is damaged."""
        try:
            with np.load(BytesIO(data), allow_pickle=False) as arrays:
                by_part: dict[str, dict[int, NDArray[Any]]] = {part: {} for part in (*_PARTS, "result")}
                version, turn, frame, iterations = arrays["state"].tolist()
                for name in arrays.files:
                    part, _, number = name.partition("-")
                    if number:
                        by_part[part][int(number)] = arrays[name]
        except (ValueError, KeyError, EOFError, OSError, BadZipFile) as error:
            raise PictureError("That checkpoint of a clip cannot be read.") from error
        if version != _FORMAT:
            raise PictureError("That checkpoint of a clip is of another version.")
        painted = {
            number: Painted(**{part: by_part[part][number] for part in _PARTS}) for number in by_part["grey"]
        }
        results = by_part["result"]
        return cls(turn=turn, frame=frame, painted=painted, results=results, iterations=iterations)
