"""A content that moves: all of its frames are painted, or the first alone."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from bot.domain.requests.clips import settled
from bot.domain.requests.pictures import StoredClip
from bot.domain.styles.style import PictureSource, Style
from bot.errors import Refusal
from nst_core.params import Params
from nst_core.video.clips import Clip
from nst_core.video.reading import read_clip
from nst_core.video.writing import encode_clip
from tests.support.clips import moving_square
from tests.support.submit import LIMITS, STYLE, SubmitHarness

GIF = "https://cdn/party.gif"
FILM = "https://cdn/party.mp4"
CLIP = StoredClip(blob="1" * 64, frames=12, seconds=2.0)


@pytest.fixture
def films(open_harness: Callable[..., SubmitHarness]) -> SubmitHarness:
    """Where films are painted, too."""
    return open_harness(limits=replace(LIMITS, films=True))


def slow(frames: int = 5) -> Clip:
    return moving_square(frames=frames, first_ms=100)


def test_all_frames_are_painted_at_the_size_that_clips_may_have() -> None:
    limits = replace(LIMITS, clip_px=128)
    moving = settled(CLIP, Params(size=512), asked={}, limits=limits)
    assert (moving.frames, moving.params.size, moving.notes) == (12, 128, ())
    asked = settled(CLIP, Params(size=512), asked={"size_px": 512}, limits=limits)
    assert asked.notes == ("At 128 px, which is the most for a moving picture here.",)
    assert settled(CLIP, Params(size=64), asked={"size_px": 64}, limits=limits).params.size == 64


def test_what_was_left_out_is_told() -> None:
    moving = settled(replace(CLIP, cut=True, thinned=True), Params(size=64), asked={}, limits=LIMITS)
    assert moving.notes == (
        "Only the first 2 seconds are painted.",
        "12 of its frames are painted; it moves as fast as before.",
    )


def test_a_draft_is_painted_of_the_first_frame() -> None:
    moving = settled(CLIP, Params(size=512, quality="draft"), asked={}, limits=LIMITS)
    assert (moving.frames, moving.params.size) == (1, 512)
    assert "another quality" in moving.notes[0]


async def test_a_gif_becomes_a_still_and_its_frames(harness: SubmitHarness) -> None:
    harness.attachments.files[GIF] = encode_clip(slow(), ".gif")
    job = await harness.submit(content_url=GIF, style_url=STYLE)
    assert (job.frames, job.is_clip, job.batch_key, job.notes) == (5, True, None, None)
    assert job.clip_blob is not None
    kept = read_clip(await harness.blobs.get(job.clip_blob))
    assert [frame.duration_ms for frame in kept.frames] == [100, 110, 120, 130, 140]
    still = await harness.submit(style_url=STYLE)
    assert job.cost > 1.3 * still.cost
    assert (still.frames, still.clip_blob) == (1, None)


async def test_the_first_frame_alone_is_a_still_that_can_move_later(harness: SubmitHarness) -> None:
    harness.attachments.files[GIF] = encode_clip(slow(), ".gif")
    job = await harness.submit(content_url=GIF, style_url=STYLE, still=True)
    assert (job.frames, job.clip_blob is not None, job.batch_key is not None) == (1, True, True)
    again = PictureSource(blob=job.content_blob, clip=job.clip_blob)
    moving = await harness.submit(content=again, style_url=STYLE)
    assert (moving.frames, moving.clip_blob, moving.content_blob) == (5, job.clip_blob, job.content_blob)


async def test_a_style_that_moves_is_its_first_frame(harness: SubmitHarness) -> None:
    harness.attachments.files[STYLE] = encode_clip(slow(), ".gif")
    job = await harness.submit(style_url=STYLE)
    assert (job.frames, job.clip_blob) == (1, None)


@pytest.mark.parametrize("kind", [".mp4", ".webm"])
async def test_a_film_is_painted_where_that_is_possible(kind: str, films: SubmitHarness) -> None:
    films.attachments.files[FILM] = encode_clip(slow(), kind)
    film = PictureSource(name="party.mp4", url=FILM, media_type="video/mp4")
    assert (await films.submit(content=film, style_url=STYLE)).frames == 5


async def test_a_film_that_cannot_be_painted_is_refused_before_it_is_fetched(harness: SubmitHarness) -> None:
    film = PictureSource(name="party.mp4", url=FILM, media_type="video/mp4")
    with pytest.raises(Refusal, match="Films are not painted here: send a picture, or a GIF that moves"):
        await harness.submit(content=film, style_url=STYLE)
    assert harness.attachments.fetched == []


async def test_a_film_is_no_style(films: SubmitHarness) -> None:
    film = PictureSource(name="party.mp4", url=FILM, media_type="video/mp4")
    with pytest.raises(Refusal, match="not a picture Easel can read"):
        await films.submit(styles=(Style(given=film),))
