"""One painting in a thread: stopped within one step, and never raising there."""

import threading
from collections.abc import Generator

import pytest

from bot.worker.attempt import Attempt
from nst_core import images
from nst_core.progress import Event
from tests.bot.worker.studio import FINISHED, PARAMS, STARTED, Gate, preview, step


class Painter:
    """Waits before its second step; remembers what it has painted and how it ended."""

    def __init__(self) -> None:
        self.at_gate, self.gate = threading.Event(), Gate()
        self.painted: list[Event] = []
        self.closed = False

    def paint(self) -> Generator[Event, None, None]:
        try:
            for event in (STARTED, step(1), step(2), step(3), FINISHED):
                if event == step(2):
                    self.at_gate.set()
                    assert self.gate.wait(30)
                self.painted.append(event)
                yield event
        except GeneratorExit:
            self.closed = True
            raise


def test_a_stop_ends_the_painting_after_the_step_it_is_in() -> None:
    painter = Painter()
    attempt = Attempt(painter.paint(), parameters=PARAMS)
    thread = threading.Thread(target=attempt.run)
    thread.start()
    assert painter.at_gate.wait(30)
    attempt.stop()
    painter.gate.set()
    thread.join(30)
    assert painter.painted == [STARTED, step(1), step(2)]
    assert painter.closed
    assert attempt.result() is None


def test_a_stop_before_the_start_paints_nothing() -> None:
    painter = Painter()
    attempt = Attempt(painter.paint(), parameters=PARAMS)
    attempt.stop()
    attempt.run()
    assert painter.painted == []
    assert attempt.result() is None


def events(*given: Event | Exception) -> Generator[Event, None, None]:
    for one in given:
        if isinstance(one, Exception):
            raise one
        yield one


def test_an_error_is_raised_where_the_result_is_asked_for() -> None:
    attempt = Attempt(events(STARTED, RuntimeError("no luck")), parameters=PARAMS)
    attempt.run()
    with pytest.raises(RuntimeError, match="no luck"):
        attempt.result()


def test_the_result_is_a_png_with_its_parameters() -> None:
    attempt = Attempt(events(STARTED, FINISHED), parameters=PARAMS)
    attempt.run()
    result = attempt.result()
    assert result is not None
    assert result[0] is FINISHED
    assert images.read_parameters(result[1]) == PARAMS


def test_each_preview_is_taken_once_and_only_the_newest() -> None:
    newest = preview(0.7)
    attempt = Attempt(events(STARTED, preview(0.2), newest, FINISHED), parameters=PARAMS)
    attempt.run()
    assert attempt.take_preview() is newest.picture
    assert attempt.take_preview() is None


def test_nothing_is_known_before_the_start() -> None:
    assert Attempt(events(FINISHED), parameters=PARAMS).progress(preview_blob=None) is None
