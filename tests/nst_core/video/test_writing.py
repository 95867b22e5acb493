import numpy as np
import pytest

from nst_core.errors import EngineError, ParamsError
from nst_core.video.clips import Clip, Frame
from nst_core.video.reading import read_clip
from nst_core.video.writing import encode_clip, encode_lossless, encode_within, smaller, with_fewer_frames
from tests.support.clips import moving_square


def noisy(frames: int = 6, edge_px: int = 128) -> Clip:
    """A clip that hardly compresses."""
    random = np.random.default_rng(0)
    levels = (16 * random.integers(0, 16, (edge_px, edge_px, 3), dtype=np.uint8) for _ in range(frames))
    return Clip(frames=tuple(Frame(levels=one, duration_ms=50) for one in levels))


def test_a_gif_keeps_time_though_it_counts_in_hundredths() -> None:
    clip = Clip(frames=tuple(Frame(levels=f.levels, duration_ms=33) for f in moving_square(frames=10).frames))
    read = read_clip(encode_clip(clip, ".gif"))
    assert {frame.duration_ms for frame in read.frames} == {30, 40}
    assert read.seconds == pytest.approx(clip.seconds, abs=0.005)


def test_a_film_puts_transparent_places_on_white_and_doubles_an_odd_edge() -> None:
    levels = np.zeros((31, 45, 4), dtype=np.uint8)
    levels[:, 22:] = (10, 200, 30, 255)
    read = read_clip(encode_clip(Clip(frames=(Frame(levels=levels, duration_ms=50),) * 2), ".mp4"))
    assert (read.width, read.height) == (46, 32)
    assert read.frames[0].levels[16, 5].min() > 245
    assert np.abs(read.frames[0].levels[16, 40].astype(int) - (10, 200, 30)).max() < 12


def test_lower_quality_takes_fewer_bytes() -> None:
    clip = noisy(3)
    for ending in (".gif", ".webp", ".mp4", ".webm"):
        assert len(encode_clip(clip, ending, quality=0.3)) < 0.85 * len(encode_clip(clip, ending))


def test_an_ending_that_is_none_is_refused() -> None:
    with pytest.raises(ParamsError, match=r"must end in \.gif"):
        encode_clip(moving_square(), ".tiff")


def test_a_clip_that_fits_is_left_as_it_is() -> None:
    clip = moving_square()
    data, less = encode_within(clip, ".gif", 10_000_000)
    assert data == encode_clip(clip, ".gif")
    assert less is clip


def test_the_size_goes_first_then_frames_then_colours() -> None:
    clip = noisy()
    whole = len(encode_clip(clip, ".gif"))
    data, less = encode_within(clip, ".gif", whole // 3)
    assert len(data) <= whole // 3
    assert less.width < clip.width
    assert len(less.frames) == len(clip.frames)

    data, less = encode_within(clip, ".gif", whole // 6)
    assert len(data) <= whole // 6
    assert less.width == clip.width // 2
    assert len(less.frames) < len(clip.frames)
    assert less.seconds == pytest.approx(clip.seconds)
    full = encode_clip(less, ".gif")

    data, fewest = encode_within(
        clip, ".gif", len(encode_clip(with_fewer_frames(smaller(clip, 64), 3), ".gif")) - 1
    )
    assert len(fewest.frames) == 2
    assert len(data) < len(full)


def test_what_cannot_be_so_small_is_refused_with_what_it_takes() -> None:
    with pytest.raises(EngineError, match=r"at its smallest, more than the 100 allowed"):
        encode_within(noisy(4), ".gif", 100)


def test_fewer_frames_last_as_long() -> None:
    clip = moving_square(frames=5)  # 60, 70, 80, 90, 100 ms
    assert [frame.duration_ms for frame in with_fewer_frames(clip, 2).frames] == [130, 170, 100]


def test_a_smaller_clip_keeps_its_shape_and_its_alpha() -> None:
    half = smaller(moving_square(alpha=True), 24)
    assert (half.width, half.height) == (24, 16)
    assert half.frames[0].levels[0, 0, 3] == 0


@pytest.mark.parametrize("alpha", [False, True])
def test_without_loss_every_pixel_that_is_seen_comes_back(alpha: bool) -> None:
    clip = moving_square(frames=5, alpha=alpha, plays=2, first_ms=90)
    read = read_clip(encode_lossless(clip))
    assert read.plays == 2
    assert [frame.duration_ms for frame in read.frames] == [90, 100, 110, 120, 130]
    for one, other in zip(read.frames, clip.frames, strict=True):
        seen = other.levels[..., 3:] > 0 if alpha else np.array(1)
        assert np.array_equal(one.levels * seen, other.levels * seen)
