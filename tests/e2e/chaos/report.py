"""The verdicts as a table for people and as JSON for the record."""

import statistics
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.machine import commit, machine
from tests.e2e.chaos.verdict import Verdict

COUNTS = (
    *("jobs", "clips", "resumed", "batched", "failed", "refused", "unanswered"),
    *("lost", "doubled", "orphans", "swept"),
)


def summary(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """The figures of one fault, or of all together; `recovery_s` runs from the fault to the last end."""
    completed = [verdict for verdict in verdicts if not verdict.skipped]
    recoveries = [verdict.recovery_s for verdict in completed if verdict.recovery_s is not None]
    return {
        "runs": len(completed),
        "skipped": len(verdicts) - len(completed),
        **{name: sum(getattr(verdict, name) for verdict in completed) for name in COUNTS},
        "bad_runs": sum(not verdict.good for verdict in completed),
        "moments_missed": sum(verdict.missed for verdict in completed),
        "recovery_median_s": round(statistics.median(recoveries), 2) if recoveries else None,
        "recovery_max_s": round(max(recoveries), 2) if recoveries else None,
    }


def by_fault(verdicts: Sequence[Verdict]) -> dict[str, dict[str, Any]]:
    faults = dict.fromkeys(verdict.fault for verdict in sorted(verdicts, key=lambda one: one.fault))
    return {fault: summary([one for one in verdicts if one.fault == fault]) for fault in faults}


def as_json(verdicts: Sequence[Verdict], *, engine: str, seed: int, seconds: float) -> dict[str, Any]:
    return {
        "machine": machine(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit(),
        "engine": engine,
        "seed": seed,
        "seconds": round(seconds, 1),
        "total": summary(verdicts),
        "faults": by_fault(verdicts),
        "bad": [asdict(verdict) for verdict in verdicts if not verdict.good],
        "skipped": sorted({f"{one.fault}: {one.skipped}" for one in verdicts if one.skipped}),
    }


def print_table(verdicts: Sequence[Verdict]) -> None:
    """To standard error: standard output is JSON's."""
    columns = ("runs", *COUNTS, "bad_runs", "moments_missed", "recovery_median_s", "recovery_max_s")
    table = Table("fault", *(name.replace("_", " ") for name in columns))
    for fault, figures in by_fault(verdicts).items():
        table.add_row(fault, *(_cell(figures[name]) for name in columns))
    table.add_section()
    total = summary(verdicts)
    table.add_row("all", *(_cell(total[name]) for name in columns))
    Console(stderr=True, width=None if sys.stderr.isatty() else 160).print(table)


def _cell(value: object) -> str:
    return "" if value is None else str(value)


def line(verdict: Verdict) -> str:
    """One run in one line, and what was wrong with it."""
    what = "skipped" if verdict.skipped else "good" if verdict.good else "BAD"
    counts = " ".join(
        f"{name} {getattr(verdict, name)}" for name in COUNTS if getattr(verdict, name) or name == "jobs"
    )
    recovery = "" if verdict.recovery_s is None else f" recovered in {verdict.recovery_s:.1f} s"
    moment = f"{verdict.moment}{' (missed)' if verdict.missed else ''}"
    head = f"seed {verdict.seed} {verdict.fault} at {moment}: {what}, {counts}{recovery}"
    return "\n    ".join([f"{head}, {verdict.seconds:.1f} s", *verdict.wrong])
