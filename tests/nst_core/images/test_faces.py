"""Faces that are found, and what is not mistaken for one."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from nst_core.images.faces import Face, face_mask, find_faces
from nst_core.images.io import decode
from nst_core.images.picture import Picture, quantise, resize

PICTURES = Path(__file__).parents[2] / "pictures"
ROOT = Path(__file__).parents[3]
ASTRONAUT = decode(PICTURES / "astronaut.jpg")
EYES, CHIN, FOREHEAD = (0.43, 0.19), (0.44, 0.335), (0.42, 0.12)
"""Of the astronaut, as parts of the picture's width and height."""


def middle(face: Face) -> tuple[float, float]:
    return face.x + face.width / 2, face.y + face.height / 2


def noise(height: int, width: int) -> Picture:
    return Picture(rgb=np.random.default_rng(0).random((height, width, 3), dtype=np.float32))


def at(mask: NDArray[np.float32], place: tuple[float, float]) -> float:
    return float(mask[int(place[1] * mask.shape[0]), int(place[0] * mask.shape[1])])


def test_the_face_of_a_photograph_is_found() -> None:
    (face,) = find_faces(ASTRONAUT)
    x, y = middle(face)
    assert x / ASTRONAUT.width == pytest.approx(0.44, abs=0.03)
    assert y / ASTRONAUT.height == pytest.approx(0.23, abs=0.03)
    assert 0.9 < face.score <= 1
    assert 0.15 < face.width / ASTRONAUT.width < face.height / ASTRONAUT.height < 0.28


def test_the_mask_covers_the_face_from_forehead_to_chin_and_nothing_far_from_it() -> None:
    mask = face_mask(ASTRONAUT)
    assert mask is not None
    assert mask.shape == (ASTRONAUT.height, ASTRONAUT.width)
    assert mask.dtype == np.dtype(np.float32)
    assert at(mask, EYES) == at(mask, CHIN) == at(mask, FOREHEAD) == 1
    assert at(mask, (0.1, 0.1)) == at(mask, (0.5, 0.6)) == at(mask, (0.7, 0.3)) == 0
    assert 0.03 < mask.mean() < 0.1


def test_the_mask_has_no_hard_edge() -> None:
    mask = face_mask(resize(ASTRONAUT, width=512, height=512))
    assert mask is not None
    assert mask.min() == 0
    assert mask.max() == 1
    assert max(np.abs(np.diff(mask, axis=axis)).max() for axis in (0, 1)) < 0.1


def test_a_painted_face_is_found() -> None:
    painting = decode(PICTURES / "woman_with_a_hat.jpg")
    (face,) = find_faces(painting)
    assert middle(face) == pytest.approx((195, 160), abs=25)


@pytest.mark.parametrize("degrees", [-45, -20, 20, 45])
def test_a_tilted_face_is_found(degrees: int) -> None:
    tilted = Image.fromarray(quantise(ASTRONAUT.rgb)).rotate(degrees, Image.Resampling.BICUBIC)
    assert len(find_faces(Picture(rgb=np.asarray(tilted, dtype=np.float32) / np.float32(255)))) == 1


def test_a_face_in_black_and_white_is_found() -> None:
    grey = ASTRONAUT.rgb.mean(axis=2, keepdims=True).repeat(3, axis=2)
    assert len(find_faces(Picture(rgb=grey))) == 1


def test_a_face_that_fills_the_picture_is_found_as_one() -> None:
    height, width = ASTRONAUT.rgb.shape[:2]
    close = ASTRONAUT.rgb[int(0.14 * height) : int(0.34 * height), int(0.35 * width) : int(0.53 * width)]
    (face,) = find_faces(resize(Picture(rgb=close), width=1100, height=1200))
    assert face.width > 800


def test_each_of_two_faces_is_found_where_its_mirror_image_is() -> None:
    twice = Picture(rgb=np.concatenate([ASTRONAUT.rgb, ASTRONAUT.rgb[:, ::-1]], axis=1))
    first, second = sorted(find_faces(twice), key=lambda face: face.x)
    assert middle(first)[0] + middle(second)[0] == pytest.approx(twice.width, abs=4)


@pytest.mark.parametrize(
    "path",
    [ROOT / "bot/samples/chelsea.png"]
    + [ROOT / "benchmarks/contents" / name for name in ("coffee.png", "rocket.jpg")]
    + [PICTURES / name for name in ("chelsea.jpg", "starry_night.jpg")],
    ids=lambda path: str(path.name),
)
def test_a_cat_a_cup_a_rocket_and_a_landscape_have_no_face(path: Path) -> None:
    assert face_mask(decode(path)) is None


@pytest.mark.parametrize("shape", [(1, 1), (1, 33), (33, 1), (2, 4000), (4000, 2), (200, 300)], ids=str)
@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_a_blank_picture_of_any_shape_has_no_face(shape: tuple[int, int], value: float) -> None:
    assert find_faces(Picture(rgb=np.full((*shape, 3), value, dtype=np.float32))) == []


def test_noise_has_no_face_and_a_huge_picture_is_looked_at_reduced() -> None:
    assert find_faces(noise(3000, 4000)) == []


def test_what_is_transparent_has_no_face() -> None:
    clear = np.zeros(ASTRONAUT.rgb.shape[:2], dtype=np.float32)
    assert find_faces(Picture(rgb=ASTRONAUT.rgb, alpha=clear)) == []


def test_a_face_that_was_cut_out_is_found() -> None:
    height, width = ASTRONAUT.height, ASTRONAUT.width
    around = np.zeros((height, width), dtype=np.float32)
    around[: int(0.45 * height), int(0.25 * width) : int(0.62 * width)] = 1
    assert len(find_faces(Picture(rgb=ASTRONAUT.rgb, alpha=around))) == 1


def test_threads_find_the_same() -> None:
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(find_faces, [ASTRONAUT] * 4))
    assert len(found[0]) == 1
    assert found == [found[0]] * 4


def test_pytorch_is_not_opened_before_faces_are_looked_for() -> None:
    code = "import sys, nst_core.images.faces; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
