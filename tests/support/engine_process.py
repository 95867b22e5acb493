"""A worker in a process of its own, without a picture to paint: `python -m tests.support.engine_process`.

`drain` claims and renders until nothing is left; `hold` claims one job and renders it when told to.
"""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from importlib import import_module
from pathlib import Path

from tests.support.rows import BLOB, NOW

ROOT = Path(__file__).parents[2]


class EngineProcess:
    """The process, seen from the test."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self.pid = process.pid

    async def line(self) -> str:
        assert self._process.stdout is not None
        return (await self._process.stdout.readline()).decode().strip()

    async def rest(self) -> list[str]:
        """Its lines until it has ended."""
        assert self._process.stdout is not None
        lines = (await self._process.stdout.read()).decode().splitlines()
        await self._process.wait()
        return lines

    async def go_on(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(b"\n")
        await self._process.stdin.drain()

    async def end(self) -> None:
        if self._process.returncode is None:
            self._process.kill()
        await self._process.communicate()


async def start(suite: str, url: str, task: str) -> EngineProcess:
    """`suite` is "module:class"; the process is a worker named as its task."""
    command = (sys.executable, "-m", "tests.support.engine_process", suite, url, task)
    return EngineProcess(await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, cwd=ROOT))


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
