import pytest

from benchmarks.race import PausedClock, ours
from nst_core.images.picture import Picture


class Time:
    """Seconds that a test moves on."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_a_clock_does_not_count_its_pauses() -> None:
    time = Time()
    clock = PausedClock(time)
    time.now_s = 3.0
    clock.pause()
    time.now_s = 10.0
    clock.pause()
    assert clock.seconds == 3.0
    clock.resume()
    time.now_s = 12.0
    clock.resume()
    assert clock.seconds == 5.0


@pytest.mark.parametrize(("every", "scored"), [(1, [1, 2, 3]), (2, [2, 3]), (4, [3])])
def test_one_preview_in_so_many_is_scored_and_the_last_picture_always(
    every: int, scored: list[int], chelsea: Picture, starry_night: Picture
) -> None:
    race = {"size_px": 32, "beta": 25.0, "quality": "standard", "steps": 3, "device": "cpu", "every": every}
    rows = list(ours(chelsea, starry_night, race, lambda _: {"total": 1.0, "content": 1.0, "style": 0.0}))
    assert [row["iterations"] for row in rows[:-1]] == scored
    seconds = [row["seconds"] for row in rows[:-1]]
    assert seconds == sorted(seconds)
    assert rows[-1]["finished_s"] >= seconds[-1]
