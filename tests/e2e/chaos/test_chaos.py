"""The suite's short part: a few seeded scenarios on each engine."""

import pytest

from testbed import postgres
from tests.e2e.chaos import report, suite

SHORT = {
    "local": (
        "accepting cut short",
        "both killed",
        "batch killed",
        "worker frozen in a transaction",
        "database locked",
        "blobs' disk full",
    ),
    "procrastinate": ("accepting cut short", "worker killed", "database restarted"),
}
"""One fault of each kind; the whole suite takes minutes."""
SEEDS = {"local": 7, "procrastinate": 10}
"""Some of what is asked for moves, and comes to harm between two frames."""
CLUSTERS = {"local": 2, "procrastinate": 1}


@pytest.mark.parametrize("engine", list(SHORT))
async def test_whatever_fails_each_accepted_job_ends_once(engine: str) -> None:
    if engine == "procrastinate" and postgres.programs() is None:
        pytest.skip(f"needs the Debian package {postgres.PACKAGE}")
    faults = SHORT[engine]
    todo = suite.scenarios(seed=SEEDS[engine], runs=len(faults), faults=faults)
    verdicts = await suite.run_all(todo, engine=engine, clusters=CLUSTERS[engine], heard=lambda _: None)
    assert [report.line(verdict) for verdict in verdicts if not verdict.good] == []
    assert {verdict.fault for verdict in verdicts} == set(faults)
    assert sum(verdict.clips for verdict in verdicts) > 0
