"""A newcomer's first hour, from an empty clone and an empty environment: `python -m benchmarks.first_hour`.

Each step runs as README and CONTRIBUTING name it, in a clone of what is committed here. The last one, a bot
that logs in to the loopback Discord, is run by the clone's own environment, with `--login`.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Final

from benchmarks.machine import commit, machine

ROOT: Final = Path(__file__).parents[1]
TIMEOUT_S: Final = 1200.0


def run(*command: str | Path, cwd: Path) -> None:
    """Raises `CalledProcessError` with the output, if it fails."""
    plain = {key: value for key, value in os.environ.items() if not key.startswith(("EASEL_", "DISCORD_"))}
    subprocess.run(
        command,
        cwd=cwd,
        env=plain,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        timeout=TIMEOUT_S,
    )


def playground(clone: Path) -> None:
    """Until its page answers."""
    command = ["env", "PYTHONUNBUFFERED=1", str(clone / "scripts" / "run"), "try"]
    with subprocess.Popen(command, cwd=clone, stdout=subprocess.PIPE, text=True) as started:
        assert started.stdout is not None
        address = next(
            word for line in started.stdout for word in line.split() if word.startswith("http://127.")
        )
        with urllib.request.urlopen(address.partition("#")[0], timeout=60) as page:
            assert page.status == 200
        started.terminate()


def wheel(clone: Path) -> None:
    """Built, and a picture painted by it; what it needs is lent by the clone's environment."""
    run(clone / ".venv/bin/python", "-m", "hatchling", "build", "--target", "wheel", cwd=clone)
    (file,) = (clone / "dist").glob("*.whl")
    place = clone / "dist" / "environment"
    run(clone / ".venv/bin/python", "-m", "venv", place, cwd=clone)
    run(place / "bin/pip", "install", "--quiet", "--no-deps", "--no-index", file, cwd=clone)
    (packages,) = place.glob("lib/python*/site-packages")
    (lent,) = clone.glob(".venv/lib/python*/site-packages")
    (packages / "lent.pth").write_text(str(lent), encoding="utf-8")
    content, style = clone / "bot/samples/chelsea.png", clone / "bot/paintings/starry_night.jpg"
    options = ("--out", clone / "dist/cat.png", "--size", "256", "--quality", "draft")
    run(place / "bin/nst", "stylize", content, style, *options, cwd=clone)


def log_in(clone: Path) -> None:
    run(clone / ".venv/bin/python", "-m", "benchmarks.first_hour", "--login", cwd=clone)


STEPS: Final[dict[str, Callable[[Path], None]]] = {
    "clone": lambda clone: run("git", "clone", "--quiet", ROOT, clone, cwd=ROOT),
    "set up": lambda clone: run("./scripts/setup", "bot,playground", cwd=clone),
    "./scripts/run demo, set up": lambda clone: run("./scripts/run", "demo", cwd=clone),
    "playground, until its page answers": playground,
    "wheel built, installed, and a draft of 256 px": wheel,
    "set up for the checks": lambda clone: run("./scripts/setup", "bot,playground,test", cwd=clone),
    "./scripts/test --fast, set up": lambda clone: run("./scripts/test", "--fast", cwd=clone),
    "bot logged in, its commands there": log_in,
}


async def _log_in() -> None:
    from testbed.bot_process import BotProcess  # noqa: PLC0415 - only the clone's environment has what it needs
    from testbed.discord.openapi import Description  # noqa: PLC0415
    from testbed.discord.server import DiscordServer  # noqa: PLC0415
    from testbed.easel import environment  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with DiscordServer(description=Description.load()) as server:
            bot = BotProcess(("-m", "bot.cli", "run"), server, folder, environment(server, folder))
            try:
                await bot.start()
            finally:
                await bot.close()


def main() -> None:
    """Prints a row of the table for each step."""
    if sys.argv[1:] == ["--login"]:
        asyncio.run(_log_in())
        return
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    print(f"{machine()}, commit {commit()}, load {load}; seconds by the clock, and of CPU time")
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "easel"
        for name, step in STEPS.items():
            began, used = time.monotonic(), os.times()
            step(clone)
            now = os.times()
            spent = now.children_user + now.children_system - used.children_user - used.children_system
            print(f"| {name} | {time.monotonic() - began:.0f} s | {spent:.0f} s |", flush=True)


if __name__ == "__main__":
    main()
