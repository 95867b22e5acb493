from pathlib import Path

import numpy as np
import pytest

from nst_core.images import io
from nst_core.images.picture import Picture
from nst_core.run.faces import faces_of, without_faces
from nst_core.styles import Style, StyleSpec, as_spec

PICTURES = Path(__file__).parents[2] / "pictures"


@pytest.fixture(scope="module")
def astronaut() -> Picture:
    return io.decode(PICTURES / "astronaut.jpg")


def the_style(spec: StyleSpec) -> Style:
    (style,) = spec.styles
    return style


def test_a_face_is_found(astronaut: Picture) -> None:
    faces = faces_of(astronaut)
    assert faces is not None
    assert faces.max() == pytest.approx(1)
    assert faces.min() == 0
    assert 0 < faces.mean() < 0.5


def test_where_there_is_no_face_none_is_found(chelsea: Picture) -> None:
    assert faces_of(chelsea) is None
    assert the_style(without_faces(as_spec(chelsea))).mask is None


def test_the_face_of_a_style_is_masked(astronaut: Picture) -> None:
    mask = the_style(without_faces(as_spec(astronaut))).mask
    faces = faces_of(astronaut)
    assert mask is not None
    assert faces is not None
    assert mask.shape == faces.shape
    assert mask[faces == faces.max()].max() == pytest.approx(0, abs=1e-6)
    assert mask[faces == 0].min() == pytest.approx(1)


def test_a_style_that_is_all_face_stays_as_it_is(astronaut: Picture) -> None:
    faces = faces_of(astronaut)
    assert faces is not None
    scale = astronaut.height / faces.shape[0]
    rows, columns = (np.flatnonzero((faces > 0.99 * faces.max()).any(axis=axis)) * scale for axis in (1, 0))
    face = Picture(rgb=astronaut.rgb[int(rows[0]) : int(rows[-1]), int(columns[0]) : int(columns[-1])].copy())
    assert faces_of(face) is not None, "the face is still found"
    assert the_style(without_faces(as_spec(face))).mask is None


def test_a_style_mask_and_the_face_are_both_left_out(astronaut: Picture) -> None:
    lower = np.zeros((2, 1), dtype=np.float32)
    lower[1] = 1
    spec = as_spec(astronaut)
    masked = StyleSpec(
        regions=tuple(
            type(region)(styles=(Style(picture=astronaut, mask=lower),), mask=None) for region in spec.regions
        )
    )
    mask = the_style(without_faces(masked)).mask
    assert mask is not None
    assert mask[: mask.shape[0] // 3].max() < 0.2
    assert mask[-3:].min() > 0.9
