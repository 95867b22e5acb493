"""Whether memory and open files stay flat over many jobs, from the click to the picture in the channel.

    python -m benchmarks.soak [--jobs N] [--at-once N] [--samples N]

`easel run` and a worker run as processes of their own on a stand-in Discord in this one: real gateway,
attachments, decoding children, submitter, engine, leases, card updater and uploads. Only the painter is
quick, for what is painted matters nothing here. The web part is scraped with each sample.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
import psutil
from PIL import Image
from rich.console import Console
from rich.table import Table

from benchmarks.machine import header
from testbed.bot_process import BotProcess
from testbed.discord.openapi import Description
from testbed.discord.server import DiscordServer
from testbed.discord.world import Upload
from testbed.easel import environment, finished
from testbed.ports import free_port

MIB = 1024 * 1024
ROOT = Path(__file__).parents[1]
PATIENCE_S = 300.0
FLAT_KIB_PER_JOB = 2.0
"""A job that leaves less behind than this, by the line through the last samples, leaves nothing: an
allocator's pages come and go by more. 2,000 jobs of it would be 4 MiB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One process after so many jobs."""

    jobs: int
    seconds: float
    resident_bytes: int
    handles: int
    threads: int


class ProcessSampler:
    """Looks at both processes after every so many jobs."""

    def __init__(self, processes: dict[str, psutil.Process], page: str) -> None:
        self._processes = processes
        self._page = page
        self._started = time.monotonic()
        self.samples: dict[str, list[Sample]] = {name: [] for name in processes}

    async def take(self, jobs: int) -> None:
        async with aiohttp.ClientSession() as session, session.get(f"{self._page}/metrics") as answer:
            answer.raise_for_status()
            await answer.read()
        for name, process in self._processes.items():
            with process.oneshot():
                sample = Sample(
                    jobs=jobs,
                    seconds=round(time.monotonic() - self._started, 1),
                    resident_bytes=process.memory_info().rss,
                    handles=process.num_fds(),
                    threads=process.num_threads(),
                )
            self.samples[name].append(sample)


def kib_per_job(samples: Sequence[Sample]) -> float:
    """The slope of memory over jobs in the last quarter.

    Before, caches fill: SQLite keeps 2 MiB of pages for each of five connections, as much as some 1,500 jobs.
    """
    last = samples[-max(2, len(samples) // 4) :]
    if len({sample.jobs for sample in last}) < 2:
        return 0.0
    jobs = [float(sample.jobs) for sample in last]
    memory = [sample.resident_bytes / 1024 for sample in last]
    return statistics.linear_regression(jobs, memory).slope


def handles_grown(samples: Sequence[Sample]) -> int:
    """How many more open files the last quarter shows at its least than the second one did."""
    quarter = max(1, len(samples) // 4)
    before, after = samples[quarter : 2 * quarter] or samples, samples[-quarter:]
    return min(sample.handles for sample in after) - min(sample.handles for sample in before)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--jobs", type=int, default=200, help="pictures in all")
    parser.add_argument("--at-once", type=int, default=4, help="people who wait at the same time")
    parser.add_argument("--samples", type=int, default=40, help="how often the processes are looked at")
    options = parser.parse_args()
    samples, seconds = asyncio.run(soak(options.jobs, options.at_once, options.samples))
    figures = {
        name: {
            "kib_per_job": round(kib_per_job(found), 3),
            "handles_grown": handles_grown(found),
            "flat": kib_per_job(found) < FLAT_KIB_PER_JOB and handles_grown(found) <= 0,
            "samples": [asdict(sample) for sample in found],
        }
        for name, found in samples.items()
    }
    show(samples)
    whole = {"jobs": options.jobs, "at_once": options.at_once, "seconds": round(seconds, 1)}
    print(json.dumps({**header("cpu"), **whole, "processes": figures}))
    if not all(one["flat"] for one in figures.values()):
        sys.exit("Something grows: see kib_per_job and handles_grown.")


def show(samples: dict[str, list[Sample]]) -> None:
    table = Table("process", "jobs", "memory", "open files", "threads", title="After so many jobs")
    for name, found in samples.items():
        for sample in found[:: max(1, len(found) // 8)] + found[-1:]:
            memory = f"{sample.resident_bytes / MIB:.1f} MiB"
            table.add_row(name, str(sample.jobs), memory, str(sample.handles), str(sample.threads))
        table.add_row(name, "growth", f"{kib_per_job(found):+.2f} KiB a job", f"{handles_grown(found):+d}")
        table.add_section()
    Console(stderr=True).print(table)


async def soak(jobs: int, at_once: int, samples: int) -> tuple[dict[str, list[Sample]], float]:
    """Brings so many jobs to their end; each picture must be on its card, and nothing else."""
    description = Description.load()
    with tempfile.TemporaryDirectory(prefix="easel-soak-") as name:
        async with (
            DiscordServer(description=description) as discord,
            _service(discord, Path(name)) as sampler,
        ):
            started, every = time.monotonic(), max(1, jobs // max(1, samples))
            await sampler.take(0)
            for begun in range(0, jobs, every):
                batch = min(every, jobs - begun)
                await _people(discord, batch, at_once, first=begun)
                await sampler.take(begun + batch)
            seconds = time.monotonic() - started
            assert discord.violations == [], discord.violations
    return sampler.samples, seconds


async def _people(discord: DiscordServer, jobs: int, at_once: int, *, first: int) -> None:
    turns = asyncio.Semaphore(at_once)

    async def ask(number: int) -> None:
        async with turns:
            people = (discord.world.alice, discord.world.bob)
            asked = await discord.slash(
                people[number % len(people)],
                "stylize",
                content=picture(number),
                preset="Starry Night",
            )
            await discord.until(
                lambda: finished(asked.original), f"picture {number} on its card", timeout_s=PATIENCE_S
            )

    async with asyncio.TaskGroup() as group:
        for number in range(first, first + jobs):
            group.create_task(ask(number))


def picture(number: int) -> Upload:
    """A small one, different from all others."""
    out = BytesIO()
    Image.new("RGB", (96, 64), (number % 256, number // 256 % 256, 90)).save(out, "PNG")
    return Upload(filename=f"{number}.png", data=out.getvalue(), content_type="image/png")


@asynccontextmanager
async def _service(discord: DiscordServer, folder: Path) -> AsyncIterator[ProcessSampler]:
    port = free_port()
    given = environment(discord, folder) | {
        "EASEL_JOBS_PER_USER": "1000",
        "EASEL_REQUESTS_PER_MINUTE": "10000",
        "EASEL_REQUESTS_PER_MINUTE_OF_SERVER": "10000",
        "EASEL_WEB_PORT": str(port),
        "EASEL_WORKERS": "0",
        "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))),
    }
    gateway = BotProcess(["-m", "bot.cli", "run"], discord, folder, given)
    try:
        await gateway.start()
        async with _worker(discord, folder, given) as worker:
            found = {"gateway": psutil.Process(gateway.pid), "worker": psutil.Process(worker)}
            yield ProcessSampler(found, f"http://127.0.0.1:{port}")
        assert await gateway.stop() == 0, gateway.log
    finally:
        await gateway.close()


@asynccontextmanager
async def _worker(discord: DiscordServer, folder: Path, given: dict[str, str]) -> AsyncIterator[int]:
    """The worker's pid; whoever waits for the world to change hears of its death at once."""
    secretless: dict[str, Any] = {key: value for key, value in given.items() if key != "DISCORD_TOKEN"}
    with (folder / "worker.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "benchmarks.soak_worker"), cwd=folder, env=secretless, stderr=log
        )

    def must_live() -> None:
        if process.returncode not in {None, 0}:
            raise AssertionError(f"the worker has died\n{(folder / 'worker.log').read_text()[-4000:]}")

    discord.changes.alarms.append(must_live)
    try:
        yield process.pid
        process.terminate()
        assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


if __name__ == "__main__":
    main()
