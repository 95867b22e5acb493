"""Runs hostile files through the decoder and says what became of them.

    python -m tests.e2e.hostile --count 20000 --seed 1
    python -m tests.e2e.hostile --moving --count 10000 --seed 1     # what moves, with its frames

Ends with status 1 where one of them crashed its process, outlasted the deadline, took more memory than the
cap or failed otherwise than by a refusal. `--only NUMBER` looks at one again, `--keep FOLDER` writes the bad
ones out.
"""

import argparse
import os
import sys
import time
from functools import partial
from pathlib import Path

from bot.media.reading import load_libraries
from bot.media.sandbox import MIB, ClipLimits, DecodeLimits
from nst_core.video import films
from tests.e2e.hostile.corpus import make, make_moving
from tests.e2e.hostile.judging import PICTURE, REFUSAL, Report, judge, judge_all


def main() -> int:
    options = argparse.ArgumentParser(
        prog="python -m tests.e2e.hostile", description="Hostile files, decoded."
    )
    options.add_argument("--count", type=int, default=2000)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options.add_argument("--moving", action="store_true", help="files that move, with all their frames")
    options.add_argument("--only", type=int)
    options.add_argument("--keep", type=Path)
    chosen = options.parse_args()
    limits = DecodeLimits()
    made = partial(make_moving if chosen.moving else make, seed=chosen.seed)
    clips = ClipLimits() if chosen.moving else None
    if chosen.only is not None:
        load_libraries()
        films.is_readable()
        print(judge(made(chosen.only), limits, clips))
        return 0
    start, report, shown = time.monotonic(), Report(), 0.0
    verdicts = judge_all(made, range(chosen.count), limits, clips, jobs=chosen.jobs)
    for done, verdict in enumerate(verdicts, start=1):
        report.add(verdict)
        if time.monotonic() - shown > 10:
            shown = time.monotonic()
            print(f"{done} of {chosen.count}, {done / (shown - start):.0f} a second", file=sys.stderr)
    tell(report, limits, chosen.count, time.monotonic() - start)
    if chosen.keep and report.faults:
        chosen.keep.mkdir(parents=True, exist_ok=True)
        for number in range(chosen.count):
            file = made(number)
            if any(file.name == fault.name for fault in report.faults):
                (chosen.keep / f"{number}.bin").write_bytes(file.data)
    return 1 if report.faults else 0


def tell(report: Report, limits: DecodeLimits, count: int, seconds: float) -> None:
    print(f"{count} files in {seconds:.0f} s, {count / seconds:.1f} a second")
    print(f"pictures {report.endings[PICTURE]}, refusals {report.endings[REFUSAL]}")
    for ending in ("crash", "hang", "memory", "failure"):
        print(f"{ending}: {report.endings[ending]}")
    if report.slowest and report.largest:
        print(f"slowest: {report.slowest.seconds:.2f} s of {limits.deadline_s:g}, {report.slowest.name}")
        most = report.largest.peak_bytes / MIB
        print(f"largest: {most:.0f} MiB of {limits.memory_bytes / MIB:.0f}, {report.largest.name}")
    for sentence, times in report.sentences.most_common():
        print(f"{times:6} {sentence}")
    for fault in report.faults[:50]:
        print(fault)


if __name__ == "__main__":
    sys.exit(main())
