"""Paintings in a thread: stopped within one step, never raising there, each with its own end."""

import threading
from collections.abc import Generator

import pytest

from bot.worker.attempt import PER_MEGAPIXEL_S, REMEMBERED, TIMES_USUAL, Attempt, StallWatch, drain, floor_s
from bot.worker.pictures import Timelapse
from nst_core.events import Event
from nst_core.images import io
from tests.support.clock import Clock
from tests.support.worker import FINISHED, PARAMS, STARTED, Gate, preview, step

Events = Generator[tuple[int, Event], None, None]


class Painter:
    """Waits before its second step; remembers what it has painted and how it ended."""

    def __init__(self) -> None:
        self.at_gate, self.gate = threading.Event(), Gate()
        self.painted: list[Event] = []
        self.closed = False

    def paint(self) -> Events:
        try:
            for event in (STARTED, step(1), step(2), step(3), FINISHED):
                if event == step(2):
                    self.at_gate.set()
                    assert self.gate.wait(30)
                self.painted.append(event)
                yield 0, event
        except GeneratorExit:
            self.closed = True
            raise


def an_attempt() -> Attempt:
    return Attempt(parameters=PARAMS)


def events(*given: Event | Exception | tuple[int, Event]) -> Events:
    for one in given:
        if isinstance(one, Exception):
            raise one
        yield one if isinstance(one, tuple) else (0, one)


def test_a_stop_ends_the_painting_after_the_step_it_is_in() -> None:
    painter, attempt = Painter(), an_attempt()
    thread = threading.Thread(target=drain, args=(painter.paint(), [attempt]))
    thread.start()
    assert painter.at_gate.wait(30)
    attempt.stop()
    painter.gate.set()
    thread.join(30)
    assert painter.painted == [STARTED, step(1), step(2)]
    assert painter.closed
    assert attempt.result() is None


def test_a_stop_before_the_start_paints_nothing() -> None:
    painter, attempt = Painter(), an_attempt()
    attempt.stop()
    assert drain(painter.paint(), [attempt]) is None
    assert painter.painted == []
    assert attempt.result() is None


def test_a_picture_that_is_finished_in_the_step_of_the_stop_is_kept() -> None:
    attempt = an_attempt()

    def paint() -> Events:
        yield 0, STARTED
        attempt.stop()
        yield 0, FINISHED

    assert drain(paint(), [attempt]) is None
    assert attempt.result() is not None


def test_an_error_is_told_to_whoever_asked_and_raised_where_the_result_is_asked_for() -> None:
    attempt = an_attempt()
    error = drain(events(STARTED, RuntimeError("no luck")), [attempt])
    assert attempt.goes_on, "it may be tried otherwise"
    attempt.end(error)
    with pytest.raises(RuntimeError, match="no luck"):
        attempt.result()


def test_a_painting_that_ends_without_a_picture_is_an_error() -> None:
    assert isinstance(drain(events(STARTED, step(1)), [an_attempt()]), RuntimeError)


def test_the_result_is_a_png_with_its_parameters() -> None:
    attempt = an_attempt()
    assert drain(events(STARTED, FINISHED), [attempt]) is None
    result = attempt.result()
    assert result is not None
    assert result[0] is FINISHED
    assert io.read_parameters(result[1]) == PARAMS


def test_who_has_a_picture_has_ended_and_no_later_error_is_its_own() -> None:
    told: list[str] = []
    attempt, other = Attempt(parameters=PARAMS, ended=lambda: told.append("ended")), an_attempt()
    error = drain(events((0, FINISHED), (1, step(1)), RuntimeError("no luck")), [attempt, other])
    assert error is not None
    assert (attempt.goes_on, other.goes_on, told) == (False, True, ["ended"])
    attempt.end(error)
    assert attempt.result() is not None
    assert told == ["ended"]


def test_one_that_was_stopped_hears_no_more_while_the_others_go_on() -> None:
    stopped, other = an_attempt(), an_attempt()

    def paint() -> Events:
        yield from ((0, step(1)), (1, step(1)))
        stopped.stop()
        yield from ((0, step(2)), (0, step(3)), (1, step(3)), (0, FINISHED), (1, FINISHED))

    assert drain(paint(), [stopped, other]) is None
    progress = stopped.progress()
    assert progress is not None
    assert progress.step == 2
    assert stopped.result() is None
    assert other.result() is not None


def test_nothing_is_painted_any_more_when_the_last_one_is_stopped() -> None:
    painter, attempts = Painter(), [an_attempt(), an_attempt()]
    for attempt in attempts:
        attempt.stop()
    assert drain(painter.paint(), attempts) is None
    assert painter.painted == []


def test_each_preview_is_taken_once_and_only_the_newest() -> None:
    newest, attempt = preview(0.7), an_attempt()
    drain(events(STARTED, preview(0.2), newest, FINISHED), [attempt])
    assert attempt.take_preview() is newest.picture
    assert attempt.take_preview() is None


def test_nothing_is_known_before_the_start() -> None:
    assert an_attempt().progress() is None


def test_a_painting_that_begins_anew_shows_nothing_of_the_one_before() -> None:
    attempt = Attempt(parameters=PARAMS, timelapse=Timelapse())
    drain(events(STARTED, preview(0.2), step(3), RuntimeError("no luck")), [attempt])
    attempt.take(STARTED)
    progress = attempt.progress()
    assert progress is not None
    assert progress.step == 0
    attempt.take(FINISHED)
    assert attempt.timelapse() is None


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
