from pathlib import Path

import numpy as np
import pytest
import torch

from nst_core.images import io
from nst_core.images.picture import Picture
from nst_core.kernels.convolution import EXACT
from nst_core.losses.style_pictures import pixels_of, rgb_of
from nst_core.params import Params, Quality
from nst_core.run.contents import FACE_WEIGHT, Contents
from nst_core.run.faces import faces_of
from nst_core.run.prepared_job import PreparedJob, StyleTransferJob

CPU = torch.device("cpu")
PICTURES = Path(__file__).parents[2] / "pictures"


@pytest.fixture(scope="module")
def astronaut() -> Picture:
    return io.decode(PICTURES / "astronaut.jpg")


def contents_of(picture: Picture, style: Picture, params: Params) -> Contents:
    return PreparedJob(StyleTransferJob(content=picture, style=style, params=params), CPU, EXACT).contents


def test_a_face_counts_more_than_the_rest(astronaut: Picture) -> None:
    weights = Contents(picture=astronaut, device=CPU, faces=faces_of(astronaut)).weights_at(256)
    assert weights is not None
    assert weights.max().item() == pytest.approx(FACE_WEIGHT, rel=1e-3)
    assert weights.min() == 1
    assert 1 < weights.mean() < 0.5 * (1 + FACE_WEIGHT)


def test_without_a_face_all_counts_alike(chelsea: Picture) -> None:
    assert Contents(picture=chelsea, device=CPU).weights_at(64) is None


def test_what_is_painted_has_less_texture_and_the_faces_as_they_are(astronaut: Picture) -> None:
    contents = Contents(picture=astronaut, device=CPU, simplify=1.0, faces=faces_of(astronaut))
    plain, painted, faces = contents.at(256).rgb, rgb_of(contents.pixels_at(256)), contents.faces_at(256)
    assert faces is not None
    face = faces.numpy() > 0.999
    np.testing.assert_allclose(painted[face], plain[face], atol=1e-3)
    assert np.abs(painted - plain)[~face].mean() > 0.005
    assert contents.pixels_at(256) is contents.pixels_at(256)


@pytest.mark.parametrize(
    ("strength", "simplify", "quality", "wanted"),
    [
        (50.0, 1.0, "standard", 1.0),
        (100.0, 0.5, "standard", 0.5),
        (25.0, 1.0, "standard", 0.5),
        (0.0, 1.0, "standard", 0.0),
        (50.0, 0.0, "standard", 0.0),
        (50.0, 1.0, "draft", 0.0),
    ],
)
def test_the_texture_goes_with_the_strength_and_never_in_a_draft(
    chelsea: Picture,
    starry_night: Picture,
    strength: float,
    simplify: float,
    quality: Quality,
    wanted: float,
) -> None:
    params = Params(size=128, strength=strength, simplify=simplify, quality=quality)
    assert contents_of(chelsea, starry_night, params).simplify == pytest.approx(wanted)


def test_nothing_is_simplified_where_it_is_not_wanted(chelsea: Picture, starry_night: Picture) -> None:
    contents = contents_of(chelsea, starry_night, Params(size=192, simplify=0.0))
    assert torch.equal(contents.pixels_at(192), pixels_of(contents.at(192).rgb, CPU))
