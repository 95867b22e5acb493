"""A clip goes on from what is painted, and comes out as if nothing had happened."""

import dataclasses

import numpy as np
import pytest

from nst_core.errors import PictureError
from nst_core.images.picture import Picture
from nst_core.params import Params
from nst_core.video.checkpoints import Checkpoint
from nst_core.video.events import ClipEvent, ClipFinished, FramePainted, FrameStarted
from nst_core.video.motion import Motion
from nst_core.video.painting import animate
from tests.support.clips import moving_square

CLIP = moving_square(frames=4)
PARAMS = Params(size=64, steps=3, faces="paint")


def painted(style: Picture, motion: Motion, resume: Checkpoint | None = None) -> list[ClipEvent]:
    return list(animate(CLIP, style, PARAMS, motion, device="cpu", precision="float32", resume=resume))


def frames(events: list[ClipEvent]) -> list[tuple[int, int]]:
    return [(event.turn, event.frame) for event in events if isinstance(event, FrameStarted)]


@pytest.mark.parametrize(
    ("passes", "after", "left"),
    [(1, 1, [(1, 2), (1, 3)]), (2, 4, [(2, 1), (2, 0)]), (1, 3, [])],
)
def test_what_goes_on_from_a_file_equals_what_was_never_cut_short(
    passes: int, after: int, left: list[tuple[int, int]], starry_night: Picture
) -> None:
    motion = Motion(steps=2, reach=(1, 2), passes=passes)
    whole = painted(starry_night, motion)
    checkpoints = [event.checkpoint for event in whole if isinstance(event, FramePainted)]
    rest = painted(starry_night, motion, Checkpoint.unpacked(checkpoints[after].packed()))
    assert frames(rest) == left
    one, other = whole[-1], rest[-1]
    assert isinstance(one, ClipFinished)
    assert isinstance(other, ClipFinished)
    assert one.iterations == other.iterations
    for first, second in zip(one.clip.frames, other.clip.frames, strict=True):
        assert np.array_equal(first.levels, second.levels)


def test_one_pass_keeps_only_the_frames_within_reach(starry_night: Picture) -> None:
    events = painted(starry_night, Motion(steps=1, reach=(1, 2)))
    last = [event for event in events if isinstance(event, FramePainted)][-1].checkpoint
    assert (sorted(last.painted), sorted(last.results)) == ([2, 3], [0, 1, 2, 3])


def test_a_checkpoint_of_another_clip_is_not_gone_on_from(starry_night: Picture) -> None:
    motion = Motion(steps=1)
    events = painted(starry_night, motion)
    last = [event for event in events if isinstance(event, FramePainted)][-1].checkpoint
    beyond = dataclasses.replace(last, frame=7)
    assert len(frames(painted(starry_night, motion, beyond))) == 4


@pytest.mark.parametrize("data", [b"", b"no archive", b"PK\x03\x04 cut short"])
def test_what_is_no_checkpoint_is_refused(data: bytes) -> None:
    with pytest.raises(PictureError, match="cannot be read"):
        Checkpoint.unpacked(data)
