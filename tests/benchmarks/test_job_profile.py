"""How a job's time is divided among its stages, and that there are clocks where the profile says."""

import functools
import importlib

import pytest

from benchmarks.job_profile import Span, cpu, innermost, middle, table
from benchmarks.job_profile_process import BESIDE, CLOCKS


def span(stage: str, start: float, end: float, *, role: str = "worker", pace: float = 2.0) -> Span:
    """The processor's time runs at a pace of its own."""
    return Span(role=role, stage=stage, start=start, cpu_start=pace * start, end=end, cpu_end=pace * end)


SPANS = [
    span("decode", 0.5, 1.0, role="gateway", pace=1.0),
    span("job", 2.0, 10.0),
    span("sizes", 3.0, 8.0),
    span("targets", 4.0, 5.0),
    span("sizes", 8.5, 9.0),
]
PHASES = (("accept", 0.0, 2.0), ("paint", 2.0, 9.5), ("deliver", 9.5, 11.0))


def test_each_moment_belongs_to_the_stage_that_began_last_or_to_its_phase() -> None:
    found = innermost(SPANS, PHASES)
    assert found == {"accept": 1.5, "decode": 0.5, "paint": 2.0, "sizes": 4.5, "targets": 1.0, "deliver": 1.5}
    assert sum(found.values()) == 11.0


def test_what_began_before_a_phase_is_none_of_its_stages() -> None:
    assert innermost([span("claim", 0.0, 4.0)], (("queue", 1.0, 6.0),)) == {"queue": 5.0}


def test_each_process_has_a_time_of_its_own() -> None:
    assert cpu(SPANS, PHASES) == {"decode": 0.5, "paint": 5.0, "sizes": 9.0, "targets": 2.0}


def test_the_median_counts_a_stage_that_a_job_did_not_have_as_nothing() -> None:
    assert middle([{"a": 1.0}, {"a": 3.0, "b": 2.0}, {"a": 9.0}]) == {"a": 3.0, "b": 0.0}


def test_what_is_large_and_no_painting_is_marked() -> None:
    shown = table("x", {"cold": {"sizes": 90.0, "measure": 6.0, "claim": 1.0}, "warm": {"sizes": 1.0}})
    assert list(shown.columns[2].cells) == ["92.8%", "6.2% *", "1.0%", ""]


@pytest.mark.parametrize(
    "where", [*BESIDE, *(place for role in CLOCKS.values() for places in role.values() for place in places)]
)
def test_each_clock_has_its_place(where: str) -> None:
    module, _, path = where.partition(":")
    assert callable(functools.reduce(getattr, path.split("."), importlib.import_module(module)))
