"""What the gateway process costs before anybody asks it for anything: its start and its memory.

    python -m benchmarks.gateway [--runs N]

Each run is a process of its own. The processor's time says more than the clock's where the machine is busy.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time

from benchmarks.machine import commit, machine

MIB = 2**20
IMPORT = "import bot.app"
BUILD = """
import asyncio, sys
from pathlib import Path
import psutil
from bot.service import open_application
from bot.chat.client import EaselClient
from bot.settings import Settings

async def build():
    async with open_application(Settings(data_dir=Path(sys.argv[1]), workers=0)) as application:
        async with EaselClient(application.services, shard_count=1):
            print(psutil.Process().memory_info().rss)

asyncio.run(build())
"""
RESIDENT = "import bot.app, psutil; print(psutil.Process().memory_info().rss)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--runs", type=int, default=11)
    runs = parser.parse_args().runs
    timed(IMPORT)  # the first run of all compiles, and reads from the disk
    times = [timed(IMPORT) for _ in range(runs)]
    figures = {
        "machine": machine(),
        "commit": commit(),
        "runs": runs,
        "start_s": statistics.median(wall for wall, _ in times),
        "start_processor_s": statistics.median(processor for _, processor in times),
        "imported_mib": statistics.median(resident_mib(RESIDENT) for _ in range(runs)),
        "built_mib": statistics.median(resident_mib(BUILD) for _ in range(runs)),
    }
    print(json.dumps({key: round(x, 3) if isinstance(x, float) else x for key, x in figures.items()}))


def timed(code: str) -> tuple[float, float]:
    """Seconds from a process's start to its end, by the clock and of the processor."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def resident_mib(code: str) -> float:
    """What a process that runs `code`, which prints it, holds at its end."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", code, folder]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    return int(done.stdout.split()[-1]) / MIB


if __name__ == "__main__":
    main()
