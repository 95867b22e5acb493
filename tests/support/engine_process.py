"""A worker in a process of its own, without a picture to paint: `python -m tests.support.engine_process`.

`drain` claims and renders until nothing is left; `hold` claims one job and renders it when told to.
"""

import asyncio
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import IO

from testbed import forked
from testbed.forked import Running
from tests.support.rows import BLOB, NOW

ROOT = Path(__file__).parents[2]


class EngineProcess:
    """The process, forked, as seen from the test; its standard input and output."""

    def __init__(self, process: Running, told: IO[bytes], said: IO[bytes]) -> None:
        self._process = process
        self._told = told
        self._said = said
        self.pid = process.pid

    async def line(self) -> str:
        return (await asyncio.to_thread(self._said.readline)).decode().strip()

    async def rest(self) -> list[str]:
        """Its lines until it has ended."""
        lines = (await asyncio.to_thread(self._said.read)).decode().splitlines()
        await asyncio.to_thread(self._process.wait)
        return lines

    async def go_on(self) -> None:
        self._told.write(b"\n")
        self._told.flush()

    async def end(self) -> None:
        self._process.kill()
        await asyncio.to_thread(self._process.wait)
        self._told.close()
        self._said.close()


async def start(suite: str, url: str, task: str) -> EngineProcess:
    """`suite` is "module:class"; the process is a worker named as its task."""
    reading, told = os.pipe()
    said, writing = os.pipe()
    process = await asyncio.to_thread(
        forked.start,
        *(__name__, suite, url, task),
        folder=ROOT,
        environment=os.environ,
        stdin=reading,
        stdout=writing,
        stderr=2,
    )
    os.close(reading)
    os.close(writing)
    return EngineProcess(process, os.fdopen(told, "wb"), os.fdopen(said, "rb"))


async def main(suite: str, url: str, task: str) -> None:
    module, name = suite.split(":")
    async with getattr(import_module(module), name).open(url, lambda: NOW) as (_, engine):
        while (claim := await engine.claim(task)) is not None:
            job_id = claim.job.id
            if task == "hold":
                print(job_id, "claimed", flush=True)
                sys.stdin.readline()
            rendered = await engine.render(claim, result_blob=BLOB, figures={})
            print(job_id, "rendered" if rendered else "lost", flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
