"""Where the time of one job goes, from the interaction to the delivered card, cold and warm.

    python -m benchmarks.job_profile [--sizes PX ...] [--jobs N]

`easel run` and a worker that really paints run as processes of their own on a stand-in Discord in this one,
with clocks around their parts. The first job of a size is cold: the worker has loaded no network. Of the warm
ones, which are of the same style, the median of each stage counts. On a busy machine the processor's time
says more than the clock, and OMP_NUM_THREADS=1 keeps threads from waiting for each other; what runs beside
the painting counts for the stage that it runs beside.
"""

import argparse
import asyncio
import itertools
import json
import os
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.machine import header
from benchmarks.pictures import CONTENTS
from bot.db import Database
from bot.domain.jobs import model
from bot.domain.jobs.model import Job
from testbed.bot_process import BotProcess
from testbed.discord.openapi import Description
from testbed.discord.server import DiscordServer
from testbed.discord.world import Upload
from testbed.easel import environment, finished

ROOT = Path(__file__).parents[1]
PATIENCE_S = 900.0
PAINTING = {"sizes"}
LARGE = 0.03
"""What takes more of a job than this and is not painting is worth looking at."""

WHOLE = "job"
"""Is only looked at for the processor's time at its start and its end."""

Profile = dict[str, float]
"""Seconds by stage."""
Phase = tuple[str, float, float]
"""What nothing else is said of between two moments, in the order of a job."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stage in a process: when it began and ended, in seconds since the epoch and of the process's own."""

    role: str
    stage: str
    start: float
    cpu_start: float
    end: float
    cpu_end: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One job, by the clock and by the processor's time."""

    clock: Profile
    cpu: Profile


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[256, 512], metavar="PX", help="long edges")
    parser.add_argument("--jobs", type=int, default=3, help="of each size; the first is the cold one")
    options = parser.parse_args()
    console, found = Console(stderr=True), {}
    for size_px in options.sizes:
        cold, *warm = asyncio.run(measured(size_px, options.jobs))
        shown = {
            "cold": cold.clock,
            "warm": middle([one.clock for one in warm]),
            "cold, processor": cold.cpu,
            "warm, processor": middle([one.cpu for one in warm]),
        }
        found[size_px] = shown
        console.print(table(f"{size_px} px", shown))
    print(json.dumps({**header(), "jobs": options.jobs, "stages": found}))


def innermost(spans: Sequence[Span], phases: Sequence[Phase]) -> Profile:
    """By the clock: each moment belongs to the stage that began last within its phase, or to the phase."""
    seconds: defaultdict[str, float] = defaultdict(float)
    for name, start, end in phases:
        inner = [span for span in spans if span.start >= start]
        times = {start, end, *(t for span in inner for t in (span.start, span.end) if start < t < end)}
        for before, after in itertools.pairwise(sorted(times)):
            seconds[_stage_at(inner, before, after) or name] += after - before
    return dict(seconds)


def cpu(spans: Sequence[Span], phases: Sequence[Phase]) -> Profile:
    """The processor's time between two looks at a process belongs to its innermost stage, or to the phase."""
    seconds: defaultdict[str, float] = defaultdict(float)
    for role in {span.role for span in spans}:
        own = [span for span in spans if span.role == role]
        looks = sorted(
            {*((one.start, one.cpu_start) for one in own), *((one.end, one.cpu_end) for one in own)}
        )
        for (before, spent), (after, later) in itertools.pairwise(looks):
            phase = next((name for name, _start, end in phases if before < end), phases[-1][0])
            seconds[_stage_at(own, before, after) or phase] += later - spent
    return dict(seconds)


def _stage_at(spans: Sequence[Span], before: float, after: float) -> str | None:
    around = [span for span in spans if span.start <= before and after <= span.end and span.stage != WHOLE]
    return max(around, key=lambda span: (span.start, -span.end)).stage if around else None


def middle(profiles: Sequence[Profile]) -> Profile:
    """The median of each stage."""
    names = dict.fromkeys(name for profile in profiles for name in profile)
    return {name: statistics.median(profile.get(name, 0.0) for profile in profiles) for name in names}


def table(title: str, profiles: Mapping[str, Profile]) -> Table:
    shown = Table("stage", title=title, caption=f"*: more than {LARGE:.0%}, and no painting")
    for name in profiles:
        shown.add_column(name, justify="right")
        shown.add_column("share", justify="right")
    totals = [sum(one.values()) for one in profiles.values()]
    for name in dict.fromkeys(name for one in profiles.values() for name in one):
        cells = []
        for one, total in zip(profiles.values(), totals, strict=True):
            share = one.get(name, 0.0) / total if total else 0.0
            mark = " *" if share > LARGE and name not in PAINTING else ""
            cells += [f"{one.get(name, 0.0):.2f} s", f"{share:.1%}{mark}"]
        shown.add_row(name, *cells)
    shown.add_section()
    shown.add_row("in all", *(cell for total in totals for cell in (f"{total:.2f} s", "")))
    return shown


async def measured(size_px: int, jobs: int) -> list[Measured]:
    """So many jobs, one after another."""
    with tempfile.TemporaryDirectory(prefix="easel-profile-") as name:
        folder = Path(name)
        async with (
            DiscordServer(description=Description.load()) as discord,
            _service(discord, folder, size_px),
        ):
            return [await _one(discord, folder, number) for number in range(jobs)]


async def _one(discord: DiscordServer, folder: Path, number: int) -> Measured:
    spans_file = folder / "spans"
    spans_file.write_text("")
    data = CONTENTS["chelsea"].read_bytes()
    content = Upload(filename=f"{number}.png", data=data, content_type="image/png")
    started = time.time()
    asked = await discord.slash(discord.world.alice, "stylize", content=content, preset="Starry Night")
    await discord.until(lambda: finished(asked.original), "the picture on its card", timeout_s=PATIENCE_S)
    ended = time.time()
    names = [field.name for field in fields(Span)]
    lines = spans_file.read_text().splitlines()
    spans = [Span(**dict(zip(names, json.loads(line), strict=True))) for line in lines]
    job = await _newest(folder)
    assert job.started_at is not None
    assert job.ended_at is not None
    painting = next(span.start for span in spans if span.stage == "read")
    painted = max(span.end for span in spans if span.stage in {"encode", "time-lapse"})
    phases = (
        ("accept", started, job.created_at),
        ("queue", job.created_at, job.started_at),
        ("claim", job.started_at, painting),
        ("paint, the rest", painting, painted),
        ("store", painted, job.ended_at),
        ("deliver", job.ended_at, ended),
    )
    return Measured(clock=innermost(spans, phases), cpu=cpu(spans, phases))


async def _newest(folder: Path) -> Job:
    database = Database(f"sqlite+aiosqlite:///{folder / 'data' / 'easel.db'}")
    async with database.read() as connection:
        job = await model.newest(connection)
    await database.dispose()
    assert job is not None
    return job


@asynccontextmanager
async def _service(discord: DiscordServer, folder: Path, size_px: int) -> AsyncIterator[None]:
    given = environment(discord, folder) | {
        "EASEL_DEFAULT_SIZE_PX": str(size_px),
        "EASEL_LEASE_S": "60",
        "EASEL_WORKERS": "0",
        "JOB_PROFILE_SPANS": str(folder / "spans"),
        "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))),
    }
    given.pop("OMP_NUM_THREADS")
    given |= {name: value for name, value in os.environ.items() if name.startswith("OMP_")}
    gateway = BotProcess(["-m", "benchmarks.job_profile_process", "gateway"], discord, folder, given)
    try:
        await gateway.start()
        async with _worker(folder, given):
            yield
        assert await gateway.stop() == 0, gateway.log
    finally:
        await gateway.close()


@asynccontextmanager
async def _worker(folder: Path, given: dict[str, str]) -> AsyncIterator[None]:
    """A worker, once it says that it is ready."""
    secretless = {key: value for key, value in given.items() if key != "DISCORD_TOKEN"}
    command = (sys.executable, "-m", "benchmarks.job_profile_process", "worker")
    with (folder / "worker.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(*command, cwd=folder, env=secretless, stderr=log)
    try:
        while b"worker ready" not in (folder / "worker.log").read_bytes():
            if process.returncode is not None:
                raise SystemExit((folder / "worker.log").read_text()[-4000:])
            await asyncio.sleep(0.1)
        yield
    finally:
        process.terminate()
        await process.wait()


if __name__ == "__main__":
    main()
