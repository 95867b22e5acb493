from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.trajectory import Pace, Point, best, crossing_s, is_as_near, paces, read, retimed, write


def at(iterations: int, seconds: float, total: float = 1.0, size_px: int = 256) -> Point:
    return Point(
        iterations=iterations, seconds=seconds, size_px=size_px, total=total, content=0.5, style=0.02
    )


FALLING = [at(25, 10.0, 2.0), at(50, 20.0, 1.0), at(75, 30.0, 0.8), at(100, 40.0, 0.9)]


def test_a_crossing_lies_between_the_pictures_on_both_sides() -> None:
    assert crossing_s(FALLING, 1.5) == pytest.approx(15.0)
    assert crossing_s(FALLING, 0.9) == pytest.approx(25.0)
    assert crossing_s(FALLING, 0.8) == pytest.approx(30.0)


def test_a_crossing_before_the_first_picture_is_known_with_it_only() -> None:
    assert crossing_s(FALLING, 3.0) == 10.0


def test_a_threshold_that_is_not_reached_has_no_crossing() -> None:
    assert crossing_s(FALLING, 0.7) is None


def test_the_best_picture_is_of_the_full_size_and_may_not_be_the_last() -> None:
    assert best([at(10, 1.0, 0.1, size_px=128), *FALLING], 256) == FALLING[2]


def test_a_pace_follows_what_was_measured_and_goes_on_at_the_rate_after_the_warm_up() -> None:
    pace = Pace.of([(10, 20.0), (20, 30.0), (40, 40.0)], warm_up=20)
    assert [pace.seconds(n) for n in (0, 5, 10, 15, 30)] == pytest.approx([0.0, 10.0, 20.0, 25.0, 35.0])
    assert pace.rate_s == pytest.approx(0.5)
    assert pace.seconds(100) == pytest.approx(70.0)


def test_a_pace_needs_iterations_after_the_warm_up() -> None:
    with pytest.raises(ValueError, match="iteration 20"):
        Pace.of([(10, 20.0), (20, 30.0)], warm_up=20)


def test_points_of_several_sizes_are_retimed_size_by_size() -> None:
    sample = [
        at(10, 10.0, size_px=128),
        at(20, 20.0, size_px=128),
        at(30, 60.0),
        at(40, 100.0),
    ]
    known = [at(50, 0.0, size_px=128), at(100, 0.0, size_px=128), at(120, 0.0)]
    new = [point.seconds for point in retimed(known, paces(sample, 10))]
    assert new == pytest.approx([50.0, 100.0, 100.0 + 20 * 4.0])


def test_points_retimed_at_their_own_pace_keep_their_times() -> None:
    assert list(retimed(FALLING, paces(FALLING, 50))) == FALLING


def test_a_picture_is_as_near_only_in_content_and_style_both() -> None:
    wanted = replace(FALLING[0], content16=0.9, style16=0.2)
    assert is_as_near(replace(wanted, content16=0.8), wanted)
    assert not is_as_near(replace(wanted, content16=0.8, style16=0.21), wanted)
    with pytest.raises(ValueError, match="VGG-16"):
        is_as_near(FALLING[0], wanted)


def test_a_trajectory_is_read_as_it_was_written(tmp_path: Path) -> None:
    points = [*FALLING, replace(FALLING[0], content16=0.9, style16=0.2)]
    write(tmp_path / "deep" / "one.json", points)
    assert read(tmp_path / "deep" / "one.json") == points
