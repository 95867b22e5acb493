"""README's mosaic and the gallery's first pictures."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.clips import all_clips
from bot.domain.styles.builtin import BUILT_IN
from nst_core.video.clips import Clip, Frame
from nst_core.video.reading import read_clip
from nst_core.video.writing import encode_lossless
from scripts import gallery


def test_a_mosaic_shows_the_middle_of_each_picture_in_its_own_shape() -> None:
    wide = Image.new("RGB", (900, 300), "red")
    wide.paste("blue", (300, 0, 600, 300))
    whole = gallery.mosaic([wide] * 4)
    width, height = gallery.MOSAIC_CELL
    assert whole.size == (3 * width + 2 * gallery.MOSAIC_GAP_PX, 2 * height + gallery.MOSAIC_GAP_PX)
    assert whole.getpixel((width // 2, height // 2)) == (0, 0, 255)
    assert whole.getpixel((2, 2)) == (255, 0, 0)  # 400 of the 900 px are left of it
    assert whole.getpixel((width - 1, whole.height - 1)) == (255, 0, 0)
    assert whole.getpixel((whole.width - 1, whole.height - 1)) == (255, 255, 255)


def test_every_pair_is_of_a_picture_and_a_look_that_are_there() -> None:
    looks = {style.file.removesuffix(".jpg") for style in BUILT_IN}
    assert {look for _content, look in gallery.PAIRS} <= looks
    assert all((gallery.ROOT / content).exists() for content, _look in gallery.PAIRS)
    assert len(set(gallery.PAIRS)) == 8


def test_every_clip_is_rendered_and_its_look_is_there() -> None:
    looks = {style.file.removesuffix(".jpg") for style in BUILT_IN}
    assert {look for _name, look in gallery.CLIPS} <= looks
    assert {name for name, _look in gallery.CLIPS} <= {clip.name for clip in all_clips()}
    page = (gallery.ROOT / "docs" / "gallery.md").read_text("utf-8")
    assert all(f"images/{name}-{look}.gif" in page for name, look in gallery.CLIPS)


def test_a_clip_runs_forth_and_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    greys = [np.full((8, 12, 3), 40 * number, dtype=np.uint8) for number in range(1, 5)]
    clip = Clip(frames=tuple(Frame(levels=levels, duration_ms=100) for levels in greys))
    (tmp_path / "turn-starry_night.webp").write_bytes(encode_lossless(clip))
    monkeypatch.setattr(gallery, "IMAGES", tmp_path)
    gallery.moving(tmp_path, "turn", "starry_night")
    shown = read_clip((tmp_path / "turn-starry_night.gif").read_bytes())
    assert [int(frame.levels[0, 0, 0]) // 40 for frame in shown.frames] == [1, 2, 3, 4, 3, 2]
    assert shown.plays == 0
