"""How long two decoded pictures take to the first preview, cold (a new process) and warm.

    python -m benchmarks.first_picture [--size PX] [--runs N] [--device auto|cpu|cuda]

The goal is 2 s on two CPU cores and 0.2 s on a GPU, at 512 px.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time

from rich.console import Console
from rich.table import Table

from benchmarks.machine import header
from benchmarks.pictures import CONTENTS, STYLES


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--size", type=int, default=512, help="long edge in pixels")
    parser.add_argument(
        "--runs", type=int, default=5, help="processes; each times one cold and one warm preview"
    )
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N")
    parser.add_argument("--once", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.once:
        print(json.dumps([preview_s(options.size, options.device) for _ in range(2)]))
        return
    command = [sys.executable, "-m", "benchmarks.first_picture", "--once"]
    command += ["--size", str(options.size), "--device", options.device]
    runs = [json.loads(subprocess.check_output(command)) for _ in range(options.runs)]
    figures = {"cold_s": [run[0] for run in runs], "warm_s": [run[1] for run in runs]}
    above = header(options.device)
    title = f"{above['machine']}, {options.size} px"
    table = Table("state", "median", "shortest", "longest", title=title)
    for state, times in figures.items():
        row = (statistics.median(times), min(times), max(times))
        table.add_row(state.removesuffix("_s"), *(f"{seconds:.2f} s" for seconds in row))
    Console(stderr=True).print(table)
    print(json.dumps({**above, "size_px": options.size, **figures}))


def preview_s(size_px: int, device: str) -> float:
    """Seconds from two decoded pictures to the first preview; loading torch is not counted."""
    from nst_core.engine import stylize  # noqa: PLC0415
    from nst_core.events import Preview  # noqa: PLC0415
    from nst_core.images import io  # noqa: PLC0415 - only in the process that paints
    from nst_core.params import Params  # noqa: PLC0415

    content, style = io.decode(CONTENTS["chelsea"]), io.decode(STYLES["starry_night"])
    started = time.perf_counter()
    events = stylize(content, style, Params(size=size_px), device=device)
    try:
        for event in events:
            if isinstance(event, Preview):
                return time.perf_counter() - started
    finally:
        events.close()
    raise SystemExit("There was no preview.")


if __name__ == "__main__":
    main()
