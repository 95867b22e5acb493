"""What moves: its frames come back from the confined child as one clean clip, beside its first frame."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from bot.errors import Failure
from bot.media.decode import Clean, Decoder, clean, outcome
from bot.media.sandbox import ClipLimits, DecodeLimits
from nst_core.video.reading import read_clip
from nst_core.video.writing import encode_clip, encode_lossless
from tests.support.clips import moving_square
from tests.support.picture_files import png

LIMITS, CLIPS = DecodeLimits(), ClipLimits()


async def moving(data: bytes, clips: ClipLimits = CLIPS) -> Clean:
    return await clean(data, limits=LIMITS, clips=clips)


@pytest.mark.parametrize("kind", [".gif", ".png", ".webp", ".mp4", ".webm"])
async def test_frames_and_times_come_back(kind: str) -> None:
    picture = await moving(encode_clip(moving_square(frames=5, first_ms=100), kind))
    assert picture.clip is not None
    assert picture.clip.frames == 5
    assert picture.clip.seconds == pytest.approx(0.6)
    assert (picture.clip.thinned, picture.clip.cut) == (False, False)
    read = read_clip(picture.clip.file)
    assert [frame.duration_ms for frame in read.frames] == [100, 110, 120, 130, 140]
    first = Image.open(BytesIO(picture.file))
    assert (first.format, first.size) == ("WEBP", (48, 32))
    assert np.abs(np.array(first.convert("RGB")).astype(int) - read.frames[0].levels).mean() < 8


async def test_transparent_places_stay_so() -> None:
    clip = moving_square(frames=3, alpha=True, first_ms=100)
    picture = await moving(encode_clip(clip, ".gif"))
    assert picture.clip is not None
    read = read_clip(picture.clip.file)
    for one, other in zip(read.frames, clip.frames, strict=True):
        assert np.array_equal(one.levels[..., 3], other.levels[..., 3])


async def test_what_is_more_is_thinned_cut_and_reduced() -> None:
    data = encode_clip(moving_square(frames=30, width=200, height=100, first_ms=100), ".gif")
    picture = await moving(data, ClipLimits(frames=8, seconds=2.0, edge_px=64))
    assert picture.clip is not None
    assert picture.clip.frames == 8
    assert picture.clip.seconds == pytest.approx(2.0, abs=0.01)
    assert (picture.clip.thinned, picture.clip.cut) == (True, True)
    assert (read_clip(picture.clip.file).width, picture.width) == (64, 200)


async def test_frames_that_come_too_fast_are_left_out_at_the_same_speed() -> None:
    picture = await moving(encode_clip(moving_square(frames=10, first_ms=20), ".png"))
    assert picture.clip is not None
    assert (picture.clip.thinned, picture.clip.cut) == (True, False)
    assert picture.clip.seconds == pytest.approx(0.65)


@pytest.mark.parametrize("data", [png(40, 30), encode_clip(moving_square(frames=1), ".gif")])
async def test_what_does_not_move_is_a_picture_alone(data: bytes) -> None:
    assert (await moving(data)).clip is None


async def test_a_gif_that_shows_the_same_all_the_time_does_not_move() -> None:
    out, same = BytesIO(), Image.new("RGB", (30, 30), "teal")
    same.save(out, "PNG", save_all=True, append_images=[same.copy()], duration=100)
    assert (await moving(out.getvalue())).clip is None


async def test_a_gif_that_is_cut_short_ends_there() -> None:
    data = encode_clip(moving_square(frames=9, first_ms=100), ".gif")
    picture = await moving(data[: 2 * len(data) // 3])
    assert picture.clip is not None
    assert picture.clip.cut
    assert 1 < picture.clip.frames < 9


async def test_frames_are_read_only_where_they_are_wanted() -> None:
    data = encode_clip(moving_square(), ".gif")
    assert (await Decoder(LIMITS, clips=CLIPS).clean(data, by=1)).clip is None
    assert (await Decoder(LIMITS, clips=CLIPS).clean(data, by=1, moving=True)).clip is not None
    assert (await Decoder(LIMITS).clean(data, by=1, moving=True)).clip is None


def still() -> bytes:
    out = BytesIO()
    Image.new("RGB", (48, 32)).save(out, "WEBP", lossless=True)
    return out.getvalue()


@pytest.mark.parametrize(
    "beside",
    [
        b"anything",
        still(),
        encode_clip(moving_square(), ".webp"),
        encode_lossless(moving_square(frames=49)),
        encode_lossless(moving_square(width=300)),
        encode_lossless(moving_square(first_ms=6000)),
    ],
    ids=["words", "still", "lossy", "frames", "size", "time"],
)
def test_a_child_that_was_taken_over_gets_no_other_clip_past_its_parent(beside: bytes) -> None:
    with pytest.raises(Failure, match="the decoder wrote"):
        outcome(0, still() + beside, "", LIMITS, CLIPS)


def test_of_what_follows_the_clip_only_known_words_count() -> None:
    told = outcome(0, still() + encode_lossless(moving_square()) + b"cut <script>", "", LIMITS, CLIPS)
    assert told.clip is not None
    assert (told.clip.cut, told.clip.thinned) == (True, False)
