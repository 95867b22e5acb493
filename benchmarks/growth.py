"""How the time of an iteration and the peak of the memory grow with the size, and what a batch gains.

    python -m benchmarks.growth [--device auto|cpu|cuda] [--sizes PX ...] [--batches N ...] [--limit-s S]

Each case is a process of its own. On the CPU its memory is its peak resident size less that of an idle
process with torch imported; on a GPU it is the peak of what torch has allocated there. A batch is timed
against the same jobs one after another in the same process.
"""

import argparse
import json
import subprocess
import sys
from typing import Any

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from benchmarks.machine import header

SIZES_PX = (128, 256, 512, 1024, 2048, 4096)
BATCHES = (1, 2, 4, 8, 16, 32)
BATCH_SIZES_PX = (128, 256)
BYTES = 2**20


def main() -> None:
    options = _options()
    cases: list[dict[str, Any]] = [{"kind": "idle"}]
    cases += [{"kind": "size", "size_px": size, "batch": 1} for size in options.sizes]
    cases += [
        {"kind": "batch", "size_px": size, "batch": batch}
        for size in options.batch_sizes
        for batch in options.batches
    ]
    rows = []
    console = Console(stderr=True)
    # this process stays without torch until the end: a child's peak begins at what its parent holds
    with Progress(console=console) as progress:
        task = progress.add_task("cases", total=len(cases))
        for case in cases:
            progress.update(task, description=" ".join(str(value) for value in case.values()))
            rows.append(_in_a_process({**case, "device": options.device, "steps": options.steps}, options))
            progress.advance(task)
    idle = rows.pop(0)
    for row in rows:
        if "peak_bytes" in row:
            row["peak_bytes"] -= idle["peak_bytes"]
    above = header(options.device)
    console.print(_of_sizes(above["machine"], [row for row in rows if row["kind"] == "size"]))
    console.print(_of_batches([row for row in rows if row["kind"] == "batch"]))
    print(json.dumps({**above, "limit_s": options.limit_s, "idle_bytes": idle["peak_bytes"], "cases": rows}))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N")
    parser.add_argument("--sizes", type=int, nargs="*", default=SIZES_PX, help="long edges, one job each")
    parser.add_argument("--batches", type=int, nargs="*", default=BATCHES, help="jobs in a batch")
    parser.add_argument(
        "--batch-sizes", type=int, nargs="*", default=BATCH_SIZES_PX, help="their long edges in pixels"
    )
    parser.add_argument(
        "--steps", type=int, default=None, help="iterations at the full size (3 on a CPU, 30 on a GPU)"
    )
    parser.add_argument("--limit-s", type=float, default=300.0, help="of each case; longer is not measured")
    return parser.parse_args()


def _in_a_process(case: dict[str, Any], options: argparse.Namespace) -> dict[str, Any]:
    """What a case measured, or why it did not."""
    command = [sys.executable, "-m", "benchmarks.growth_case", json.dumps(case)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=options.limit_s, check=False)
    except subprocess.TimeoutExpired:
        return {**case, "not_measured": f"longer than {options.limit_s:g} s"}
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or [f"exit status {done.returncode}"]
        if case["kind"] == "idle":
            raise SystemExit(last[0])
        return {**case, "not_measured": last[0]}
    return {**case, **json.loads(done.stdout)}


def _of_sizes(machine: str, rows: list[dict[str, Any]]) -> Table:
    table = Table("size", "iteration", "peak memory", "precision", title=machine)
    for row in rows:
        if "not_measured" in row:
            table.add_row(f"{row['size_px']} px", f"not measured: {row['not_measured']}", "", "")
            continue
        table.add_row(
            f"{row['size_px']} px",
            f"{row['iteration_s']:.4f} s",
            f"{row['peak_bytes'] / BYTES:.0f} MiB",
            row["precision"],
        )
    return table


def _of_batches(rows: list[dict[str, Any]]) -> Table:
    table = Table("size", "jobs", "iteration", "iterations gain", "whole jobs gain", "peak memory")
    table.title = "batches against the same jobs one after another"
    for row in rows:
        case = (f"{row['size_px']} px", str(row["batch"]))
        if "not_measured" in row:
            table.add_row(*case, f"not measured: {row['not_measured']}", "", "", "")
            continue
        table.add_row(
            *case,
            f"{row['iteration_s']:.4f} s",
            f"{row['iteration_gain']:.2f} x",
            f"{row['job_gain']:.2f} x",
            f"{row['peak_bytes'] / BYTES:.0f} MiB",
        )
    return table


if __name__ == "__main__":
    main()
