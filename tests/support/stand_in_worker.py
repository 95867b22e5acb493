"""The root of a worker that is the real one but for its painter."""

import argparse
import asyncio

from bot.settings import Settings
from bot.worker.__main__ import work
from bot.worker.loop import Paint


def run_worker(painter: Paint, *, module: str, description: str | None) -> None:
    """Reads a worker's command line, and works until it is stopped."""
    parser = argparse.ArgumentParser(prog=f"python -m {module}", description=description)
    parser.add_argument("--name", required=True)
    parser.add_argument("--supervised", action="store_true")
    given = parser.parse_args()
    settings = Settings(DISCORD_TOKEN=None)
    asyncio.run(work(settings, name=given.name, supervised=given.supervised, paint=painter))
