"""What a child costs that reads, rates or edits one picture: started by itself, and forked by a server.

    python -m benchmarks.children [--runs N] [--edge PX]

The two take turns. Of the servers: what they have in memory, and how much of it no other process shares.
"""

import argparse
import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from importlib.util import find_spec
from typing import Any

import psutil

from benchmarks.crowd import MIB, picture
from benchmarks.machine import commit, machine
from bot.media.child import Ask, PictureEditor, ask_child
from bot.media.decode import clean
from bot.media.rating import PACKAGE, OpenNsfw
from bot.media.sandbox import DecodeLimits
from bot.media.warm_children import warm_children


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--edge", type=int, default=640, metavar="PX", help="long edge of the picture")
    options = parser.parse_args()
    figures = asyncio.run(measured(options.runs, options.edge))
    print(json.dumps({"machine": machine(), "commit": commit(), **vars(options), **figures}))


async def measured(runs: int, edge_px: int) -> dict[str, Any]:
    data = picture(0, edge_px).data
    file = (await clean(data, limits=DecodeLimits())).file
    figures: dict[str, Any] = {}
    async with warm_children("bot.media.reading", "bot.media.pixels") as ask:
        figures["read"] = await compared(lambda way: clean(data, limits=DecodeLimits(), ask=way), ask, runs)
        figures["thumbnail"] = await compared(
            lambda way: PictureEditor(ask=way).thumbnail(file, edge_px // 4), ask, runs
        )
        figures["server that reads, MiB"] = server_mib()
    if find_spec(PACKAGE):
        async with warm_children("bot.media.rating") as ask:
            figures["rate"] = await compared(lambda way: OpenNsfw(ask=way).rate(file), ask, runs)
            figures["server that rates, MiB"] = server_mib()
    return figures


async def compared(work: Callable[[Ask], Awaitable[Any]], forking: Ask, runs: int) -> dict[str, Any]:
    """Seconds in the mean, of the processor and by the clock. The first use of each is not counted."""
    spent: dict[str, list[float]] = {"by itself": [0.0, 0.0], "forked": [0.0, 0.0]}
    for number in range(runs + 1):
        for name, ask in (("by itself", ask_child), ("forked", forking)):
            before, started = processor_s(), time.perf_counter()
            await work(ask)
            if number:
                spent[name][0] += processor_s() - before
                spent[name][1] += time.perf_counter() - started
    return {name: [round(one / runs, 3) for one in both] for name, both in spent.items()}


def processor_s() -> float:
    """Of all children, and of those of the server."""
    me = psutil.Process()
    times = me.cpu_times()
    return times.children_user + times.children_system + sum(sum(one.cpu_times()[:4]) for one in servers())


def servers() -> list[psutil.Process]:
    return [one for one in psutil.Process().children() if "bot.media.fork_server" in one.cmdline()]


def server_mib() -> list[float]:
    """Resident, and its own alone; nothing where there is no server."""
    found = [one.memory_full_info() for one in servers()]
    return [round(value / MIB, 1) for one in found for value in (one.rss, one.uss)]


if __name__ == "__main__":
    main()
