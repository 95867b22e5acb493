"""`python -m tests.e2e.chaos --seed N --runs N --engine local|procrastinate`: see `tests.e2e.chaos`."""

import argparse
import asyncio
import json
import sys
import time

from bot.telemetry import configure_logging
from tests.e2e.chaos import report, suite
from tests.e2e.chaos.faults.catalogue import FAULTS
from tests.e2e.chaos.infrastructure import ENGINES
from tests.e2e.chaos.verdict import Verdict


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="of the first run; each next one has one more")
    parser.add_argument("--runs", type=int, default=40)
    parser.add_argument("--engine", choices=ENGINES, default="local")
    parser.add_argument("--clusters", type=int, default=2, help="so many runs at once")
    parser.add_argument("--fault", action="append", default=[], choices=list(FAULTS), help="only this one")
    given = parser.parse_args()
    configure_logging("ERROR")
    todo = suite.scenarios(seed=given.seed, runs=given.runs, faults=suite.names(given.engine, given.fault))
    repeat = f"python -m tests.e2e.chaos --engine {given.engine} --runs 1"
    repeat += "".join(f" --fault {name!r}" for name in given.fault)

    def heard(verdict: Verdict) -> None:
        print(report.line(verdict), file=sys.stderr, flush=True)
        if not verdict.good:
            print(f"    to repeat it: {repeat} --seed {verdict.seed}", file=sys.stderr, flush=True)

    began = time.monotonic()
    running = suite.run_all(todo, engine=given.engine, clusters=given.clusters, heard=heard)
    verdicts = asyncio.run(running)
    report.print_table(verdicts)
    seconds = time.monotonic() - began
    print(
        json.dumps(report.as_json(verdicts, engine=given.engine, seed=given.seed, seconds=seconds), indent=1)
    )
    sys.exit(any(not verdict.good for verdict in verdicts))


if __name__ == "__main__":
    main()
