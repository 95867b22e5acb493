"""Optical flow between two frames, what it says of a picture, and where it can be believed.

A flow (h, w, 2) in pixels says for each position of one frame where it is in another: (x, y) is at
`(x + flow[y, x, 0], y + flow[y, x, 1])`.

Source: Ruder, Dosovitskiy & Brox, "Artistic style transfer for videos", arXiv 1604.08610, section 4.2.
Kroeger, Timofte, Dai & Van Gool, "Fast optical flow using dense inverse search", ECCV 2016 (DIS).
Differs: the paper's flows are DeepFlow's and EpicFlow's, which take seconds a frame.
"""

import functools
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from nst_core.errors import EngineError
from nst_core.images.colour import LUMA

if TYPE_CHECKING:
    from cv2 import DISOpticalFlow

Flow = NDArray[np.float32]
Plane = NDArray[np.float32]

LEAST_PX: Final = 32
"""DIS needs some pixels on each side; smaller frames are extended by their mirror image."""
_NO_OPENCV: Final = "Clips need OpenCV, which is not installed: pip install 'easel-nst[video]'."


@functools.cache
def opencv() -> Any:
    """OpenCV, which only clips need.

    Raises:
        EngineError: it is not installed.
    """
    try:
        import cv2  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise EngineError(_NO_OPENCV) from error
    return cv2


@functools.cache
def _dense_inverse_search() -> "DISOpticalFlow":
    cv2 = opencv()
    search: DISOpticalFlow = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    search.setFinestScale(0)  # the whole size, as paintings are small and half a pixel is seen
    return search


def grey_of(rgb: NDArray[Any]) -> NDArray[np.uint8]:
    """The luma (h, w) of levels or of values in [0, 1] (h, w, 3): what flow is computed of."""
    values = rgb if rgb.dtype == np.uint8 else rgb * np.float32(255)
    luma = values @ np.array(LUMA, dtype=np.float32)
    grey: NDArray[np.uint8] = np.clip(luma + 0.5, 0, 255).astype(np.uint8)
    return grey


def flow_between(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> Flow:
    """Where each position of the grey frame `one` (h, w) is in `other`, in pixels."""
    height, width = one.shape
    missing = [(0, max(0, LEAST_PX - edge)) for edge in one.shape]
    padded = [np.pad(frame, missing, mode="symmetric") for frame in (one, other)]
    found: Flow = _dense_inverse_search().calc(padded[0], padded[1], None)  # type: ignore[call-overload]  # None: no guess
    return np.ascontiguousarray(found[:height, :width])


def warped(values: NDArray[np.float32], flow: Flow) -> NDArray[np.float32]:
    """What `flow` finds in a picture (h, w) or (h, w, c) that it leads to; beyond the edges their values.

    By Lanczos's filter of 8 x 8 px: seven frames on, 65 % of a painting's finest detail is left. A bicubic
    filter leaves 46 %, and the painting blurs from frame to frame.
    """
    return _found(values, flow, opencv().INTER_LANCZOS4)


def certainty(there: Flow, back: Flow) -> Plane:
    """Where `there`, the flow to an earlier frame, can be believed (h, w): 1, or 0.

    It is 0 where something comes into sight (equation 4), along the edges of what moves (equation 5), and
    where the flow leads out of the picture. `back` is the flow from the earlier frame to this one.
    """
    return shown(there, back) * ~motion_boundaries(there)


def shown(there: Flow, back: Flow) -> Plane:
    """Where (h, w) the earlier frame shows the same: 1, or 0. Along edges it may be misplaced somewhat."""
    return (~(disoccluded(there, back) | leaving(there))).astype(np.float32)


def disoccluded(there: Flow, back: Flow) -> NDArray[np.bool_]:
    """Where (h, w) the earlier frame shows something else: the way there and back does not end at its start.

    Source: equation 4.
    """
    returning = _found(back, there, opencv().INTER_LINEAR)
    missed = _squares(returning + there)
    away: NDArray[np.bool_] = missed > 0.01 * (_squares(returning) + _squares(there)) + 0.5
    return away


def motion_boundaries(flow: Flow) -> NDArray[np.bool_]:
    """Where (h, w) a flow changes abruptly, and is blurred.

    Source: equation 5.
    Differs: its left side, the squared slopes of both components, is large inside anything that turns or
    grows, too. `(u_x - v_y)^2 + (u_y + v_x)^2` is the same across an edge, and 0 for turns and zooms.
    """
    (across_x, across_y), (down_x, down_y) = (
        (np.gradient(flow[..., axis], axis=1), np.gradient(flow[..., axis], axis=0)) for axis in (0, 1)
    )
    steepness = np.square(across_x - down_y) + np.square(across_y + down_x)
    found: NDArray[np.bool_] = steepness > 0.01 * _squares(flow) + 0.002
    return found


def leaving(flow: Flow) -> NDArray[np.bool_]:
    """Where (h, w) a flow leads more than half a pixel out of the picture."""
    columns, rows = _places(flow)
    height, width = columns.shape
    away: NDArray[np.bool_] = (
        (columns < -0.5) | (columns > width - 0.5) | (rows < -0.5) | (rows > height - 0.5)
    )
    return away


def _found(values: NDArray[np.float32], flow: Flow, interpolation: int) -> NDArray[np.float32]:
    cv2 = opencv()
    columns, rows = _places(flow)
    found: NDArray[np.float32] = cv2.remap(
        values, columns, rows, interpolation=interpolation, borderMode=cv2.BORDER_REPLICATE
    )
    return found


def _places(flow: Flow) -> tuple[Plane, Plane]:
    """The columns and the rows (h, w) that a flow leads to."""
    height, width = flow.shape[:2]
    columns = flow[..., 0] + np.arange(width, dtype=np.float32)
    rows = flow[..., 1] + np.arange(height, dtype=np.float32)[:, None]
    return columns.astype(np.float32), rows.astype(np.float32)


def _squares(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """The squared lengths (h, w) of vectors (h, w, 2)."""
    squares: NDArray[np.float32] = np.square(vectors).sum(axis=-1)
    return squares
