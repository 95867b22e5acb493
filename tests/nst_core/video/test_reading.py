from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from nst_core.errors import ParamsError, PictureError
from nst_core.video.clips import Clip, ClipLimits, ClipTooLarge, ClipTooLong
from nst_core.video.reading import Start, first_of_film, read_clip, read_start
from nst_core.video.writing import encode_clip
from tests.support.clips import moving_square

KINDS = (".gif", ".png", ".webp", ".avif", ".mp4", ".webm")


def written(kind: str, clip: Clip) -> bytes:
    if kind != ".avif":
        return encode_clip(clip, kind)
    target = BytesIO()
    first, *others = [Image.fromarray(frame.levels) for frame in clip.frames]
    times = [frame.duration_ms for frame in clip.frames]
    first.save(target, "AVIF", save_all=True, append_images=others, duration=times, quality=90)
    return target.getvalue()


def saved(kind: str, images: list[Image.Image], **options: Any) -> bytes:
    target = BytesIO()
    images[0].save(target, kind, save_all=True, append_images=images[1:], **options)
    return target.getvalue()


def close(one: Clip, other: Clip, *, by: float) -> bool:
    """Whether the levels of all frames differ by no more on average."""
    pairs = zip(one.frames, other.frames, strict=True)
    return all(float(np.abs(a.rgb - b.rgb).mean()) * 255 < by for a, b in pairs)


@pytest.mark.parametrize("kind", KINDS)
def test_frames_and_times_are_those_of_the_file(kind: str) -> None:
    clip = moving_square()
    read = read_clip(written(kind, clip))
    assert [frame.duration_ms for frame in read.frames] == [60, 70, 80, 90]
    assert (read.width, read.height) == (48, 32)
    assert close(read, clip, by=0.01 if kind == ".png" else 8)
    assert not read.has_alpha


@pytest.mark.parametrize("kind", [".gif", ".png", ".webp"])
@pytest.mark.parametrize("plays", [0, 1, 3])
def test_plays_and_transparent_places_are_those_of_the_file(kind: str, plays: int) -> None:
    clip = moving_square(alpha=True, plays=plays)
    read = read_clip(written(kind, clip))
    assert read.plays == plays
    for one, other in zip(read.frames, clip.frames, strict=True):
        assert np.array_equal(one.levels[..., 3], other.levels[..., 3])


def test_a_still_picture_that_a_png_shows_where_nothing_moves_is_no_frame() -> None:
    images = [Image.fromarray(frame.levels) for frame in moving_square().frames]
    hidden = Image.new("RGB", images[0].size, "white")
    read = read_clip(saved("PNG", [hidden, *images], default_image=True, duration=50))
    assert len(read.frames) == 4
    assert close(read, moving_square(), by=0.01)


@pytest.mark.parametrize("time_ms", [0, 10])
def test_a_frame_for_no_time_is_shown_as_long_as_browsers_show_it(time_ms: int) -> None:
    images = [Image.fromarray(frame.levels) for frame in moving_square().frames]
    read = read_clip(saved("GIF", images, duration=time_ms))
    assert [frame.duration_ms for frame in read.frames] == [100] * 4


def test_an_edge_is_reduced_and_never_enlarged() -> None:
    data = encode_clip(moving_square(width=96, height=64), ".png")
    assert (read_clip(data, edge_px=48).width, read_clip(data, edge_px=48).height) == (48, 32)
    assert read_clip(data, edge_px=500).width == 96


def test_frames_that_come_too_fast_are_left_out_and_the_time_stays() -> None:
    clip = moving_square(frames=6, first_ms=40)  # 40, 50, ... 90 ms
    read = read_clip(encode_clip(clip, ".png"), max_fps=12.5)
    assert [frame.duration_ms for frame in read.frames] == [90, 130, 80, 90]
    assert read.seconds == pytest.approx(clip.seconds)


def test_colours_of_a_profile_are_brought_to_srgb() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    images = [Image.fromarray(frame.levels) for frame in moving_square().frames]
    read = read_clip(saved("PNG", images, icc_profile=profile, duration=50))
    assert close(read, moving_square(), by=1.5)


@pytest.mark.parametrize("kind", KINDS)
def test_more_frames_than_allowed_are_refused(kind: str) -> None:
    data = written(kind, moving_square(frames=5))
    assert len(read_clip(data, limits=ClipLimits(frames=5)).frames) == 5
    with pytest.raises(ClipTooLong, match="more than 4 frames"):
        read_clip(data, limits=ClipLimits(frames=4))


@pytest.mark.parametrize("kind", KINDS)
def test_more_seconds_than_allowed_are_refused(kind: str) -> None:
    data = written(kind, moving_square())
    assert read_clip(data, limits=ClipLimits(seconds=0.31)).seconds == pytest.approx(0.3)
    with pytest.raises(ClipTooLong, match=r"longer than 0\.29 seconds"):
        read_clip(data, limits=ClipLimits(seconds=0.29))


@pytest.mark.parametrize("kind", KINDS)
def test_more_pixels_than_allowed_are_refused(kind: str) -> None:
    data = written(kind, moving_square())
    pixels = 4 * 48 * 32
    assert read_clip(data, limits=ClipLimits(pixels=pixels)).width == 48
    with pytest.raises(ClipTooLarge, match="48 x 32 pixels"):
        read_clip(data, limits=ClipLimits(pixels=pixels - 1))


def test_a_header_that_announces_a_huge_picture_is_refused_before_it_is_decoded() -> None:
    data = bytearray(encode_clip(moving_square(), ".gif"))
    data[6:10] = b"\xff\xff\xff\xff"
    with pytest.raises(ClipTooLarge, match="65535 x 65535"):
        read_clip(bytes(data))


@pytest.mark.parametrize("limit", [{"frames": 0}, {"pixels": -1}, {"seconds": float("inf")}])
def test_a_limit_that_is_none_is_refused(limit: dict[str, Any]) -> None:
    with pytest.raises(ParamsError, match=next(iter(limit))):
        ClipLimits(**limit)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "AVIF", "BMP"])
def test_a_picture_that_does_not_move_is_refused(kind: str) -> None:
    target = BytesIO()
    Image.new("RGB", (8, 8)).save(target, kind)
    with pytest.raises(PictureError, match="does not move"):
        read_clip(target.getvalue())


def test_what_is_no_picture_is_refused_and_a_file_named(tmp_path: Path) -> None:
    path = tmp_path / "letter.gif"
    path.write_bytes(b"Dear all")
    with pytest.raises(PictureError, match="not a picture") as caught:
        read_clip(path)
    assert str(path) in caught.value.__notes__
    for missing in (tmp_path / "none.gif", str(tmp_path / "none.gif")):
        with pytest.raises(PictureError, match="cannot be read") as caught:
            read_clip(missing)
        assert not hasattr(caught.value, "__notes__"), "the sentence names the file already"


@pytest.mark.parametrize("kind", [".png", ".webp", ".avif", ".mp4"])
def test_a_file_that_is_cut_short_is_refused(kind: str) -> None:
    data = written(kind, moving_square(frames=8, width=96, height=64))
    with pytest.raises(PictureError, match="damaged"):
        read_clip(data[: len(data) * 2 // 3])


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(
    where=st.lists(st.integers(0, 2**31), min_size=1, max_size=12),
    cut=st.floats(0, 1),
    seed=st.integers(0, 9),
)
def test_a_mangled_file_is_read_or_refused_and_nothing_else(
    kind: str, where: list[int], cut: float, seed: int
) -> None:
    data = bytearray(_original(kind))
    levels = np.random.default_rng(seed).integers(0, 256, len(where))
    for place, level in zip(where, levels.tolist(), strict=True):
        data[8 + place % (len(data) - 8)] = level  # the first bytes say which format it is
    mangled = bytes(data[: 12 + int(cut * len(data))])
    try:
        clip = read_clip(mangled, edge_px=256, limits=ClipLimits(frames=32, pixels=4_000_000))
    except PictureError:
        return
    assert 2 <= len(clip.frames) <= 32


_MADE: dict[str, bytes] = {}


def _original(kind: str) -> bytes:
    if kind not in _MADE:
        _MADE[kind] = written(kind, moving_square(width=40, height=40))
    return _MADE[kind]


def start_of(data: bytes, *, max_fps: float = 100, **limits: Any) -> Start:
    return read_start(data, edge_px=32, max_fps=max_fps, limits=ClipLimits(**limits))


@pytest.mark.parametrize("kind", KINDS)
def test_the_start_of_a_clip_ends_where_the_time_is_up(kind: str) -> None:
    data = written(kind, moving_square(frames=6, first_ms=100))
    whole, cut = start_of(data), start_of(data, seconds=0.25)
    assert (len(whole.clip.frames), whole.whole, whole.left_out) == (6, True, 0)
    assert (len(cut.clip.frames), cut.whole, cut.clip.width) == (3, False, 32)
    assert cut.clip.seconds == pytest.approx(0.25)


@pytest.mark.parametrize("kind", KINDS)
def test_the_start_of_a_clip_ends_where_the_pixels_are_used_up(kind: str) -> None:
    cut = start_of(written(kind, moving_square(frames=6)), pixels=3 * 48 * 32)
    # How long a film's frame is shown only the next one tells.
    assert (len(cut.clip.frames), cut.whole) == (2 if kind in {".mp4", ".webm"} else 3, False)


def test_the_start_of_a_clip_ends_where_it_is_damaged() -> None:
    data = written(".gif", moving_square(frames=8))
    cut = start_of(data[: 2 * len(data) // 3])
    assert 2 <= len(cut.clip.frames) < 8
    assert not cut.whole


def test_frames_that_come_too_fast_are_counted() -> None:
    start = start_of(written(".png", moving_square(frames=6, first_ms=20)), max_fps=10)
    assert (len(start.clip.frames), start.left_out) == (2, 4)
    assert start.clip.seconds == pytest.approx(0.27)


@pytest.mark.parametrize("data", [saved("GIF", [Image.new("RGB", (9, 9))]), b"GIF89a", b""])
def test_what_has_no_second_frame_has_no_start(data: bytes) -> None:
    with pytest.raises(PictureError):
        start_of(data)


@pytest.mark.parametrize("kind", [".mp4", ".webm"])
def test_the_first_frame_of_a_film_is_a_picture(kind: str) -> None:
    clip = moving_square()
    first = first_of_film(written(kind, clip), edge_px=96, max_pixels=10_000)
    assert first is not None
    assert (first.width, first.height, first.alpha) == (48, 32, None)
    assert float(np.abs(first.rgb - clip.frames[0].rgb).mean()) < 0.04
    with pytest.raises(ClipTooLarge):
        first_of_film(written(kind, clip), edge_px=96, max_pixels=1000)


def test_a_picture_that_moves_is_no_film() -> None:
    assert first_of_film(written(".gif", moving_square()), edge_px=96, max_pixels=10_000) is None
