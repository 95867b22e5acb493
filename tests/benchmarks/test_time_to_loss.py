import pytest

from benchmarks.time_to_loss import against_adam, against_lbfgs
from benchmarks.trajectory import Point


def at(seconds: float, total: float, *, content16: float = 0.9, style16: float = 0.2) -> Point:
    return Point(
        iterations=round(seconds),
        seconds=seconds,
        size_px=256,
        total=total,
        content=0.5,
        style=0.02,
        content16=content16,
        style16=style16,
    )


BASELINE = [at(100.0, 2.1), at(200.0, 1.1), at(300.0, 1.0), at(400.0, 1.2)]


def test_ratios_are_of_the_times_to_near_the_best_and_to_below_it() -> None:
    found = against_lbfgs(BASELINE, [at(5.0, 1.2), at(10.0, 1.04), at(20.0, 1.0), at(30.0, 0.99)], 256)
    assert (found["baseline_best"], found["baseline_best_s"]) == (1.0, 300.0)
    assert found["baseline_within_s"] == pytest.approx(250.0)
    assert (found["within_s"], found["below_s"]) == (10.0, 30.0)
    assert found["within_ratio"] == pytest.approx(25.0)
    assert found["below_ratio"] == pytest.approx(10.0)


def test_a_best_that_is_not_beaten_has_no_ratio() -> None:
    found = against_lbfgs(BASELINE, [at(10.0, 1.0)], 256)
    assert found["below_s"] is None
    assert found["below_ratio"] is None


def test_against_adam_both_figures_on_the_other_network_count_and_the_whole_time() -> None:
    ours = [
        at(5.0, 1.0, content16=0.95, style16=0.1),
        at(8.0, 1.0, content16=0.8, style16=0.2),
        at(9.0, 1.0, content16=0.7, style16=0.1),
    ]
    found = against_adam(BASELINE, ours, 256)
    assert (found["baseline_s"], found["near_s"]) == (400.0, 8.0)
    assert found["near_ratio"] == pytest.approx(50.0)


def test_a_baseline_that_ended_at_another_size_is_refused() -> None:
    with pytest.raises(SystemExit, match="256 px instead of 512"):
        against_adam(BASELINE, BASELINE, 512)
