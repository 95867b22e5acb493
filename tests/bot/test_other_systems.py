"""The playground, and the child that reads pictures, without Unix's own modules and calls, as on Windows."""

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from bot.media.headers import is_lossless_webp
from bot.media.sandbox import DecodeLimits

ROOT = Path(__file__).parents[2]
STOPPED = """
import asyncio, signal
import bot.demo, bot.playground
import bot.worker.__main__ as worker
from bot.service import stop_on_signals

async def until_stopped():
    before = signal.getsignal(signal.SIGTERM)
    with stop_on_signals() as stop:
        signal.raise_signal(signal.SIGTERM)
        await asyncio.wait_for(stop.wait(), 30)
    assert signal.getsignal(signal.SIGTERM) is before

async def until_the_input_ends():
    ended = asyncio.Event()
    worker._at_end_of_input(asyncio.get_running_loop(), ended.set)
    await asyncio.wait_for(ended.wait(), 30)

asyncio.run(until_stopped())
asyncio.run(until_the_input_ends())
"""


def test_the_playground_is_there_and_stops_when_it_is_told_to() -> None:
    script = f"from tests.support.other_system import hide; hide()\n{STOPPED}"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_a_picture_is_read_where_no_limit_can_be_set() -> None:
    limits = json.dumps(asdict(DecodeLimits()))
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.other_system", "bot.media.reading", limits, "null", "false"],
        cwd=ROOT,
        input=(ROOT / "tests" / "pictures" / "chelsea.jpg").read_bytes(),
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert is_lossless_webp(done.stdout)
