"""The claims per second of the job engines, with few claimers for a moment."""

import pytest

from benchmarks.queue import ENGINES, measure
from testbed import postgres


@pytest.mark.parametrize("engine", ENGINES)
def test_processes_claim_every_job_once(engine: str) -> None:
    if engine == "postgresql" and postgres.programs() is None:
        pytest.skip(f"needs the Debian package {postgres.PACKAGE}")
    figures = measure(engine, claimers=2, seconds=10.0, count=5)
    assert (figures["claims"], figures["all_claimed"]) == (5, True)
    assert figures["claims_per_s"] > 0
    assert figures["claim_s"]["median"] <= figures["claim_s"]["longest"]
