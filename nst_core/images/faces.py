"""Where the faces of a picture are: of people in photographs, and of many in drawings and paintings."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nst_core.images.picture import Picture, resize
from nst_core.images.sizes import fitted

_SIGHTS: Final = ((320, 24.0, math.inf), (1024, 16.0, 160.0))
"""The long edges at which faces are looked for, each with the least and the greatest width that counts.

A large face is best seen from afar, and one of 2 % of the long edge from near. In pixels of that size.
"""
SURE: Final = 0.8
"""Large faces score above 0.9; of the mirrored pairs of what is no face none was seen above 0.75."""
MAX_FACES: Final = 100
_DOUBTFUL: Final = 0.1
_MAX_CANDIDATES: Final = 500
_SAME: Final = 0.4
"""Two boxes are of one face if they have so much of their union in common."""
_FULL: Final = 1.15
_GONE: Final = 1.7
"""The mask is 1 within the ellipse that is so many times the box's own, and 0 outside the second one."""
_BEHIND: Final = 0.5
"""The grey that transparent pictures are looked at on: it has no edges of its own with skin or hair."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """The box from the hairline to the chin, in pixels; it may reach beyond the picture. score: 0 to 1."""

    x: float
    y: float
    width: float
    height: float
    score: float


def find_faces(picture: Picture) -> list[Face]:
    """The faces, surest first; at most MAX_FACES.

    The picture and its mirror image have to agree: their scores are averaged.

    Raises:
        WeightsError: the bundled network is missing or not the one released.
    """
    seen = np.concatenate([_seen(picture, *sight) for sight in _SIGHTS])
    return [
        Face(x=x, y=y, width=width, height=height, score=score)
        for x, y, width, height, score in _distinct(seen)[:MAX_FACES].tolist()
    ]


def face_mask(picture: Picture) -> NDArray[np.float32] | None:
    """1 on every face, from above the forehead to below the chin, falling smoothly to 0 around it; (h, w).

    None where there is no face.

    Raises:
        WeightsError: the bundled network is missing or not the one released.
    """
    faces = find_faces(picture)
    if not faces:
        return None
    mask = np.zeros((picture.height, picture.width), dtype=np.float32)
    for face in faces:
        _cover(mask, face)
    return mask


def _cover(mask: NDArray[np.float32], face: Face) -> None:
    """Raises the mask to the face's soft ellipse."""
    columns, across = _distances(face.x + face.width / 2, face.width / 2, mask.shape[1])
    rows, down = _distances(face.y + face.height / 2, face.height / 2, mask.shape[0])
    inside = np.clip((_GONE - np.hypot(down[:, None], across)) / (_GONE - _FULL), 0, 1)
    part = mask[rows, columns]
    np.maximum(part, inside * inside * (3 - 2 * inside), out=part)


def _distances(centre: float, radius: float, length: int) -> tuple[slice, NDArray[np.float32]]:
    """The pixels of a line that the ellipse may reach, and how far they are from its centre, in radii."""
    start, stop = np.clip([centre - _GONE * radius, centre + _GONE * radius + 1], 0, length).astype(int)
    pixels = np.arange(start, stop, dtype=np.float32)
    return slice(start, stop), (pixels + np.float32(0.5 - centre)) / np.float32(radius)


def _seen(picture: Picture, edge_px: int, least_px: float, greatest_px: float) -> NDArray[np.float32]:
    """Boxes of faces of these widths at this size, in the picture's pixels, and their scores; (n, 5)."""
    rgb = _reduced(picture, edge_px)
    boxes = _agreed(rgb)
    boxes = boxes[(boxes[:, 2] >= least_px) & (boxes[:, 2] <= greatest_px)]
    across, down = picture.width / rgb.shape[1], picture.height / rgb.shape[0]
    return boxes * np.array([across, down, across, down, 1], dtype=np.float32)


def _reduced(picture: Picture, edge_px: int) -> NDArray[np.float32]:
    """The pixels (h, w, 3) on grey; a picture that is smaller than this keeps its size."""
    long_edge = max(picture.width, picture.height)
    step = max(1, long_edge // (2 * edge_px))  # most of a huge picture is left out before any copy is made
    alpha = None if picture.alpha is None else picture.alpha[::step, ::step]
    few = Picture(rgb=picture.rgb[::step, ::step], alpha=alpha)
    width, height = fitted(picture.width, picture.height, min(long_edge, edge_px))
    small = resize(few, width=width, height=height)
    if small.alpha is None:
        return small.rgb
    return np.asarray(_BEHIND + small.alpha[..., None] * (small.rgb - _BEHIND), dtype=np.float32)


def _agreed(rgb: NDArray[np.float32]) -> NDArray[np.float32]:
    """Boxes with the mean of their scores in the picture and in its mirror image, best first; (n, 5)."""
    straight, mirrored = _candidates(rgb), _candidates(rgb[:, ::-1])
    mirrored[:, 0] = rgb.shape[1] - mirrored[:, 0] - mirrored[:, 2]
    boxes = np.concatenate([straight, mirrored])
    for box, score in zip(boxes, _best(boxes, straight) + _best(boxes, mirrored), strict=True):
        box[4] = score / 2
    return _distinct(boxes[boxes[:, 4] >= SURE])


def _candidates(rgb: NDArray[np.float32]) -> NDArray[np.float32]:
    """The distinct boxes of a picture that may be faces, (n, 5)."""
    from nst_core.images.face_detector import detector  # noqa: PLC0415  # torch, which not every user of pictures has

    found = detector()(rgb)
    found = found[(found[:, 4] > _DOUBTFUL) & np.isfinite(found).all(axis=1)]
    return _distinct(found[np.argsort(-found[:, 4], kind="stable")[:_MAX_CANDIDATES]])


def _best(boxes: NDArray[np.float32], among: NDArray[np.float32]) -> NDArray[np.float32]:
    """The best score `among` those of the same face, for each box: (n,)."""
    scores = np.where(_overlap(boxes, among) > _SAME, among[:, 4], 0)
    return np.asarray(scores.max(axis=1, initial=0))


def _distinct(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    """The best box of each face, best first: greedy non-maximum suppression."""
    boxes = boxes[np.argsort(-boxes[:, 4], kind="stable")]
    same = _overlap(boxes, boxes) > _SAME
    kept: list[int] = []
    for place in range(len(boxes)):
        if not same[place, kept].any():
            kept.append(place)
    return boxes[kept]


def _overlap(boxes: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """Intersection over union of every two boxes, (n, m)."""
    first, second = boxes[:, None, :4], others[None, :, :4]
    low = np.maximum(first[..., :2], second[..., :2])
    high = np.minimum(first[..., :2] + first[..., 2:], second[..., :2] + second[..., 2:])
    shared = np.clip(high - low, 0, None).prod(axis=-1)
    union = first[..., 2:].prod(axis=-1) + second[..., 2:].prod(axis=-1) - shared
    return np.asarray(shared / np.maximum(union, 1e-6))
