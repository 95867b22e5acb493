"""How often somebody may knock."""

import pytest

from bot.domain.limits.rate_limit import WINDOW_S, RateLimit
from bot.errors import Refusal


def test_so_many_a_minute_and_then_a_time_to_come_back() -> None:
    pace = RateLimit()
    for second in (0.0, 10.0, 20.0):
        pace.take("ada", limit=3, now=second)
    with pytest.raises(Refusal, match=r"^That was too fast for me\.$") as refusal:
        pace.take("ada", limit=3, now=30.0)
    assert refusal.value.back_at == WINDOW_S
    pace.take("ben", limit=3, now=30.0)
    pace.take("ada", limit=3, now=WINDOW_S + 1)
    with pytest.raises(Refusal):
        pace.take("ada", limit=3, now=WINDOW_S + 2)


def test_a_refused_knock_does_not_shut_out_for_longer() -> None:
    pace = RateLimit()
    pace.take("ada", limit=1, now=0.0)
    for second in range(1, 60):
        with pytest.raises(Refusal):
            pace.take("ada", limit=1, now=float(second))
    pace.take("ada", limit=1, now=WINDOW_S + 0.1)


def test_without_a_limit_nothing_is_counted() -> None:
    pace = RateLimit()
    for _ in range(1000):
        pace.take("ada", limit=None, now=0.0)
    assert not pace._asked


def test_the_quiet_are_forgotten() -> None:
    pace = RateLimit()
    for number in range(500):
        pace.take(f"user {number}", limit=1, now=number / 100)
    pace.take("ada", limit=1, now=1000.0)
    assert list(pace._asked) == ["ada"]


def test_the_quiet_are_forgotten_behind_somebody_who_came_first_and_is_still_there() -> None:
    pace = RateLimit()
    pace.take("ada", limit=2, now=0.0)
    pace.take("ben", limit=2, now=1.0)
    pace.take("ada", limit=2, now=50.0)
    pace.take("cyd", limit=2, now=WINDOW_S + 2)
    assert set(pace._asked) == {"ada", "cyd"}


def test_a_knock_counts_for_exactly_its_window() -> None:
    pace = RateLimit()
    pace.take("ada", limit=2, now=0.0)
    pace.take("ada", limit=2, now=1.0)
    pace.take("ada", limit=2, now=WINDOW_S)
    pace = RateLimit()
    pace.take("ada", limit=1, now=0.0)
    pace.take("ben", limit=1, now=WINDOW_S)
    assert set(pace._asked) == {"ben"}
