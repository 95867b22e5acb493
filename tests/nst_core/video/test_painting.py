import dataclasses
from collections.abc import Sequence

import numpy as np
import pytest

from nst_core.errors import ParamsError
from nst_core.images.picture import Picture
from nst_core.params import Params
from nst_core.video.clips import Clip, Frame
from nst_core.video.events import ClipEvent, ClipFinished, ClipStarted, FramePainted, FrameStarted, FrameStep
from nst_core.video.motion import Motion
from nst_core.video.painting import animate
from tests.support.clips import moving_square

QUICK = Params(size=64, steps=4, faces="paint")
FEW = Motion(steps=2)


def paint(clip: Clip, style: Picture, params: Params = QUICK, motion: Motion = FEW) -> list[ClipEvent]:
    return list(animate(clip, style, params, motion, device="cpu", precision="float32"))


def begun(events: Sequence[ClipEvent]) -> list[FrameStarted]:
    return [event for event in events if isinstance(event, FrameStarted)]


def finished(events: Sequence[ClipEvent]) -> ClipFinished:
    last = events[-1]
    assert isinstance(last, ClipFinished)
    return last


def still(chelsea: Picture, count: int = 2, width: int = 64) -> Clip:
    """A clip in which nothing moves."""
    levels = (chelsea.rgb[:48, :width] * 255).astype(np.uint8)
    return Clip(frames=(Frame(levels=levels, duration_ms=50),) * count)


def test_the_events_come_in_order_and_the_clip_keeps_its_times(starry_night: Picture) -> None:
    clip = moving_square(frames=2, plays=3)
    events = paint(clip, starry_night)
    kinds = [type(event) for event in events]
    assert kinds == [
        ClipStarted,
        *(FrameStarted, *[FrameStep] * 4, FramePainted),
        *(FrameStarted, *[FrameStep] * 2, FramePainted),
        ClipFinished,
    ]
    assert events[0] == ClipStarted(
        frames=2, durations_ms=(60, 70), passes=1, width=64, height=43, device="cpu", precision="float32"
    )
    first, second = begun(events)
    assert (first.frame, first.held, first.steps) == (0, 0.0, 4)
    assert (second.frame, second.steps) == (1, 2)
    assert 0.5 < second.held < 1
    done = finished(events)
    assert done.iterations == 6
    assert [frame.duration_ms for frame in done.clip.frames] == [60, 70]
    assert (done.clip.plays, done.clip.width, done.clip.height) == (3, 64, 43)


def test_high_goes_through_the_clip_twice_at_the_size_asked_for(starry_night: Picture) -> None:
    high = dataclasses.replace(QUICK, quality="high")
    events = paint(moving_square(frames=2), starry_night, high)
    assert [(one.frame, one.turn) for one in begun(events)] == [(0, 1), (1, 1), (0, 2)]
    assert {one.size_px for one in events if isinstance(one, FrameStep)} == {64}
    assert (finished(events).clip.width, finished(events).clip.height) == (64, 43)


def test_what_stands_still_stands_still_in_the_painting(chelsea: Picture, starry_night: Picture) -> None:
    """The more so the more the temporal term counts."""

    def change(temporal: float) -> float:
        motion = Motion(temporal=temporal, steps=4)
        one, other = finished(paint(still(chelsea), starry_night, QUICK, motion)).clip.frames
        return float(np.abs(one.rgb - other.rgb).mean())

    assert change(1e5) < 0.002 < 4 * change(1e5) < change(0.0)


def test_after_a_cut_a_frame_is_painted_like_a_still(chelsea: Picture, starry_night: Picture) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    clip = Clip(frames=(*still(chelsea).frames[:1], Frame(levels=noise, duration_ms=50)))
    assert [(one.held, one.steps) for one in begun(paint(clip, starry_night))] == [(0.0, 4), (0.0, 4)]


def test_a_second_pass_goes_backwards_and_changes_all_frames_but_the_last(starry_night: Picture) -> None:
    clip = moving_square(frames=3)
    events = paint(clip, starry_night, QUICK, dataclasses.replace(FEW, passes=2))
    assert [(one.turn, one.frame) for one in begun(events)] == [(1, 0), (1, 1), (1, 2), (2, 1), (2, 0)]
    once = finished(paint(clip, starry_night)).clip.frames
    twice = finished(events).clip.frames
    same = [np.array_equal(one.levels, other.levels) for one, other in zip(once, twice, strict=True)]
    assert same == [False, False, True]


def test_transparent_places_stay_and_an_empty_frame_is_left_out(starry_night: Picture) -> None:
    shown = moving_square(frames=2, alpha=True).frames
    empty = Frame(levels=np.zeros_like(shown[0].levels), duration_ms=40)
    events = paint(Clip(frames=(empty, *shown)), starry_night)
    assert [one.frame for one in begun(events)] == [1, 2]
    first, *others = finished(events).clip.frames
    assert not first.levels[..., 3].any()
    assert all(0 < (frame.levels[..., 3] > 127).mean() < 1 for frame in others)


def test_the_content_s_colours_are_those_of_the_first_frame(chelsea: Picture, starry_night: Picture) -> None:
    """Frames of other colours would each recolour the style."""
    clip = still(chelsea)
    params = dataclasses.replace(QUICK, colors="covariance")
    painted = finished(paint(clip, starry_night, params)).clip.frames
    wanted = clip.frames[0].rgb.mean(axis=(0, 1))
    plain = finished(paint(clip, starry_night)).clip.frames
    for one, other in zip(painted, plain, strict=True):
        assert np.abs(one.rgb.mean(axis=(0, 1)) - wanted).max() < 0.1
        assert np.abs(other.rgb.mean(axis=(0, 1)) - wanted).max() > 0.1


def test_closing_ends_the_run_at_once(chelsea: Picture, starry_night: Picture) -> None:
    events = animate(still(chelsea, count=200), starry_night, QUICK, FEW, device="cpu")
    assert isinstance(next(events), ClipStarted)
    while not isinstance(next(events), FrameStep):
        pass
    events.close()
    assert next(events, None) is None


def test_a_draft_is_refused(chelsea: Picture, starry_night: Picture) -> None:
    with pytest.raises(ParamsError, match="draft"):
        paint(still(chelsea), starry_night, Params(quality="draft"))
