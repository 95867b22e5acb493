"""How long the bot takes to answer while a worker paints on every core, against an idle machine.

    python -m benchmarks.answers [--answers N]

The answers are `/queue` commands through discord.py against a simulated Discord in one process, so the figure
is the service's own time; Discord's limit for it is 3 s.
"""

import argparse
import asyncio
import json
import statistics
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.machine import header
from bot.domain.jobs import model
from bot.domain.jobs.model import State
from bot.playground import Stage, stage
from bot.settings import Settings

CONTENT = Path(__file__).parents[1] / "bot" / "samples" / "chelsea.png"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--answers", type=int, default=40, help="how many answers are timed in each state")
    options = parser.parse_args()
    figures = asyncio.run(measure(options.answers))
    above = header("cpu")
    table = Table("state of the machine", "median", "95 %", "longest", title=above["machine"])
    for state, times in figures.items():
        table.add_row(state, *(f"{1000 * times[key]:.0f} ms" for key in ("median_s", "p95_s", "longest_s")))
    Console(stderr=True).print(table)
    print(json.dumps({**above, **figures}))


async def measure(answers: int) -> dict[str, dict[str, float]]:
    """Times in seconds: first idle, then beside a painting worker, in one run."""
    async with stage(Settings(DISCORD_TOKEN=None, EASEL_DEFAULT_SIZE_PX=768)) as one:
        idle = await _time(one, answers)
        await one.members[0].slash(
            one.channel,
            "stylize",
            content=(CONTENT.name, CONTENT.read_bytes()),
            preset="Starry Night",
            quality="high",
        )
        await _until_running(one)
        await asyncio.sleep(5)  # the first seconds are loading, not painting
        painting = await _time(one, answers)
        still = await _state(one)
    if still is not State.RUNNING:
        raise SystemExit("The painting ended before the answers were timed: ask for fewer answers.")
    return {"idle": idle, "painting": painting}


async def _until_running(one: Stage) -> None:
    for _ in range(600):
        if await _state(one) is State.RUNNING:
            return
        await asyncio.sleep(0.1)
    raise SystemExit("No worker took the job within a minute.")


async def _state(one: Stage) -> State:
    async with one.services.database.read() as connection:
        job = await model.newest(connection)
    if job is None:
        raise SystemExit("No job was accepted.")
    return job.state


async def _time(one: Stage, answers: int) -> dict[str, float]:
    times: list[float] = []
    for _ in range(answers):
        started = time.perf_counter()
        asked: Any = await one.members[1].slash(one.channel, "queue")
        times.append(time.perf_counter() - started)
        if not asked.response or "The whole line" not in asked.response.content:
            raise SystemExit("The bot gave no answer.")
        await asyncio.sleep(0.05)
    times.sort()
    return {
        "median_s": statistics.median(times),
        "p95_s": times[int(0.95 * (len(times) - 1))],
        "longest_s": times[-1],
    }


if __name__ == "__main__":
    main()
