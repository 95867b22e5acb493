"""What a crowd does to the gateway: many people who all ask for a picture within seconds.

    python -m benchmarks.crowd [--people N] [--each N] [--within S] [--edge PX]

Each request brings two attachments of its own, a content and a style. `easel run` is a process of its own on
a stand-in Discord in this one, without workers: what is timed is the way to the first card, with its place in
the queue. The processor's time is that of the gateway, and of the children that read and rate the pictures,
with the fork servers that start them.
"""

import argparse
import asyncio
import itertools
import json
import os
import random
import statistics
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import psutil
from PIL import Image
from rich.console import Console
from rich.table import Table

from benchmarks.machine import commit, machine
from benchmarks.pictures import CONTENTS
from testbed.bot_process import BotProcess
from testbed.discord.openapi import Description
from testbed.discord.server import DiscordServer
from testbed.discord.world import Interaction, Person, Upload
from testbed.easel import environment, said

ROOT = Path(__file__).parents[1]
MIB = 1024 * 1024
PATIENCE_S = 400.0
LOOK_EVERY_S = 0.2


@dataclass(slots=True, kw_only=True)
class Asked:
    """One request: when it was sent, acknowledged and settled, in seconds; refused: in which words."""

    sent: float
    acknowledged: float | None = None
    settled: float | None = None
    refused: str | None = None


class Watch:
    """The gateway's memory at its most, and the processor's time of it and its children."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._before = self._cpu_s()
        self.peak_bytes = 0

    async def run(self) -> None:
        while True:
            self.peak_bytes = max(self.peak_bytes, self._process.memory_info().rss)
            await asyncio.sleep(LOOK_EVERY_S)

    def spent_s(self) -> tuple[float, float]:
        """Of the gateway; and of its fork servers, and all children that have ended."""
        own, children = (now - then for now, then in zip(self._cpu_s(), self._before, strict=True))
        return own, children

    def servers_bytes(self) -> int:
        """What the fork servers that run now have in memory."""
        return sum(one.memory_info().rss for one in self._process.children())

    def _cpu_s(self) -> tuple[float, float]:
        times = self._process.cpu_times()
        ended = times.children_user + times.children_system
        running = (sum(one.cpu_times()[:4]) for one in self._process.children())
        return times.user + times.system, ended + sum(running)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--people", type=int, default=100)
    parser.add_argument("--each", type=int, default=2, help="requests of each person")
    parser.add_argument("--within", type=float, default=5.0, metavar="S", help="of all requests")
    parser.add_argument("--edge", type=int, default=640, metavar="PX", help="long edge of the attachments")
    options = parser.parse_args()
    figures = asyncio.run(crowd(options.people, options.each, options.within, options.edge))
    table = Table("figure", "", title=machine())
    for name, value in figures.items():
        table.add_row(name, str(value))
    Console(stderr=True).print(table)
    print(json.dumps({"machine": machine(), "commit": commit(), **vars(options), **figures}))


async def crowd(people: int, each: int, within_s: float, edge_px: int) -> dict[str, Any]:
    # Before anything is connected: the stand-in answers no heartbeat meanwhile.
    pairs = [[picture(2 * number + one, edge_px) for one in range(2)] for number in range(people * each)]
    with tempfile.TemporaryDirectory(prefix="easel-crowd-") as name:
        async with DiscordServer(description=Description.load()) as discord:
            given = environment(discord, Path(name)) | {
                "EASEL_JOBS_PER_USER": str(each),
                "EASEL_JOBS_QUEUED": str(10 * people * each),
                "EASEL_REQUESTS_PER_MINUTE_OF_SERVER": "100000",
                "EASEL_WORKERS": "0",
                "MALLOC_ARENA_MAX": "2",
                "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))),
            }
            gateway = BotProcess(["-m", "bot.cli", "run"], discord, Path(name), given)
            try:
                await gateway.start()
                return await _measured(discord, gateway.pid, people, pairs, within_s)
            finally:
                await gateway.close()


async def _measured(
    discord: DiscordServer, pid: int, people: int, pairs: list[list[Upload]], within_s: float
) -> dict[str, Any]:
    somebody = [Person(id=discord.world.snowflake(), name=f"person{number}") for number in range(people)]
    discord.world.people |= {person.id: person for person in somebody}
    watch, order = Watch(pid), itertools.islice(itertools.cycle(somebody), len(pairs))
    looking = asyncio.create_task(watch.run())
    requests: list[Asked] = []
    try:
        async with asyncio.TaskGroup() as group:
            for number, person in enumerate(order):
                requests.append(Asked(sent=time.monotonic()))
                group.create_task(_ask(discord, person, pairs[number], requests[-1]))
                await asyncio.sleep(within_s / len(pairs))
    finally:
        looking.cancel()
        with suppress(asyncio.CancelledError):
            await looking
    return figures_of(requests, watch.peak_bytes, *watch.spent_s()) | {
        "fork servers' memory": f"{watch.servers_bytes() / MIB:.0f} MiB"
    }


async def _ask(discord: DiscordServer, person: Person, files: list[Upload], asked: Asked) -> None:
    seen = await discord.slash(person, "stylize", content=files[0], style=files[1])
    await discord.until(lambda: seen.answer, "an acknowledgement", timeout_s=PATIENCE_S)
    asked.acknowledged = time.monotonic()
    await discord.until(lambda: _is_settled(seen), "a card or a refusal", timeout_s=PATIENCE_S)
    asked.settled = time.monotonic()
    message = said(seen)
    if message is not None and "Cancel" not in message.buttons:
        asked.refused = message.text


def _is_settled(seen: Interaction) -> bool:
    return said(seen) is not None


def figures_of(requests: list[Asked], peak_bytes: int, gateway_s: float, children_s: float) -> dict[str, Any]:
    accepted = [one for one in requests if one.settled and not one.refused]
    waits = sorted((one.settled or 0.0) - one.sent for one in accepted)
    return {
        "accepted": f"{len(accepted)} of {len(requests)}",
        "refused": dict(Counter(one.refused for one in requests if one.refused)),
        "acknowledged, longest": f"{max((one.acknowledged or 0.0) - one.sent for one in requests):.2f} s",
        "first card, median": f"{statistics.median(waits):.1f} s" if waits else "none",
        "first card, longest": f"{waits[-1]:.1f} s" if waits else "none",
        "gateway's memory, most": f"{peak_bytes / MIB:.0f} MiB",
        "processor, gateway": f"{gateway_s:.1f} s",
        "processor, reading": f"{children_s:.1f} s",
    }


def picture(number: int, edge_px: int) -> Upload:
    """A photograph, in another crop each time, so that no two files are the same."""
    with Image.open(CONTENTS["chelsea"]) as whole:
        left, top = random.Random(number).choices(range(60), k=2)
        part = whole.convert("RGB").crop((left, top, whole.width - 60 + left, whole.height - 60 + top))
        part = part.resize((edge_px, round(edge_px * part.height / part.width)))
    part.putpixel((0, 0), (number % 256, number // 256, 0))
    out = BytesIO()
    part.save(out, "PNG")
    return Upload(filename=f"{number}.png", data=out.getvalue(), content_type="image/png")


if __name__ == "__main__":
    main()
