"""When a painting hangs."""

from bot.worker.stall import PER_MEGAPIXEL_S, REMEMBERED, TIMES_USUAL, StallWatch, floor_s
from tests.support.clock import Clock

FLOOR_S = 60.0


def watched_with(clock: Clock, *gaps_s: float) -> StallWatch:
    stall_watch = StallWatch(floor_s=FLOOR_S, clock=clock)
    for gap_s in gaps_s:
        clock.now += gap_s
        stall_watch.step()
    return stall_watch


def test_before_the_first_step_the_floor_counts() -> None:
    clock = Clock()
    stall_watch = watched_with(clock)
    clock.now += FLOOR_S
    assert not stall_watch.hangs
    clock.now += 1
    assert stall_watch.hangs


def test_each_step_begins_the_wait_anew() -> None:
    clock = Clock()
    stall_watch = watched_with(clock, FLOOR_S, FLOOR_S)
    assert not stall_watch.hangs


def test_slow_steps_are_given_several_times_their_time() -> None:
    clock = Clock()
    stall_watch = watched_with(clock, 50.0)
    clock.now += TIMES_USUAL * 50.0
    assert not stall_watch.hangs
    clock.now += 1
    assert stall_watch.hangs


def test_a_slow_start_is_forgotten_after_a_while() -> None:
    stall_watch = watched_with(Clock(), 50.0, *[0.1] * REMEMBERED)
    assert stall_watch.limit_s == FLOOR_S


def test_large_pictures_and_batches_are_given_more() -> None:
    assert 10.0 < floor_s([64], stall_s=10.0) < 12.0
    assert floor_s([1000], stall_s=10.0) == 10.0 + PER_MEGAPIXEL_S
    assert floor_s([1000] * 3, stall_s=10.0) == 10.0 + 3 * PER_MEGAPIXEL_S
