"""Worker processes on this machine: started, restarted when they die, and stopped gracefully."""

import asyncio
import itertools
import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping

import structlog

from bot.engines.protocol import EngineUnavailable, JobEngine

log = structlog.get_logger(__name__)

QUICK_DEATH_S = 10.0
MAX_PAUSE_S = 30.0
WORKER_MODULE = "bot.worker"
# Threads that spin while they wait for each other lose the cores that they share: measured 2 to 5 times
# slower beside busy processes, against a tenth gained on an idle machine.
WORKER_DEFAULTS = {"OMP_WAIT_POLICY": "PASSIVE"}


class Supervisor:
    """Keeps one worker process per device running until cancelled. pids: of those that run, by name."""

    def __init__(
        self,
        *,
        engine: JobEngine,
        devices: list[str],
        stop_timeout_s: float,
        environment: Mapping[str, str],
        worker_module: str = WORKER_MODULE,
        sweep_s: float = 5.0,
    ) -> None:
        """environment: added to our own for the workers; it carries this process's settings.

        worker_module: what Python runs as a worker.
        """
        self._engine = engine
        self._devices = devices
        self._stop_timeout_s = stop_timeout_s
        self._environment = environment
        self._worker_module = worker_module
        self._sweep_s = sweep_s
        self.pids: dict[str, int] = {}

    async def run(self) -> None:
        """Runs until cancelled; each worker then releases its job and ends, or is killed at the timeout."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._sweep_regularly())
            for number, device in enumerate(self._devices):
                group.create_task(self._keep(number, device))

    async def _sweep_regularly(self) -> None:
        while True:
            await asyncio.sleep(self._sweep_s)
            await self._sweep()

    async def _sweep(self, *, dead_worker: str | None = None) -> None:
        """A database that is briefly away must not end the supervisor: a later sweep makes up for it."""
        try:
            await self._engine.sweep(dead_worker=dead_worker)
        except EngineUnavailable as error:
            log.warning("jobs could not be swept", error=str(error), dead_worker=dead_worker)

    async def _keep(self, number: int, device: str) -> None:
        pause_s = 0.0
        for generation in itertools.count(1):
            name = f"{socket.gethostname()}-{os.getpid()}-{number}.{generation}"
            started = time.monotonic()
            code = await self._live(name, device)
            await self._sweep(dead_worker=name)
            quick = time.monotonic() - started < QUICK_DEATH_S
            pause_s = min(MAX_PAUSE_S, max(1.0, pause_s * 2)) if quick else 0.0
            log.error("worker ended, starting another", worker=name, exit_code=code, pause_s=pause_s)
            await asyncio.sleep(pause_s)

    async def _live(self, name: str, device: str) -> int:
        """Runs one worker process to its end; returns its exit code."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", self._worker_module, "--name", name, "--supervised"),
            stdin=subprocess.PIPE,
            env=_environment(device, self._environment),
            start_new_session=True,  # Ctrl-C in a terminal is meant only for the supervisor
        )
        self.pids[name] = process.pid
        log.info("worker started", worker=name, device=device, pid=process.pid)
        try:
            return await process.wait()
        finally:
            del self.pids[name]
            if process.returncode is None:
                await self._stop(process, name)

    async def _stop(self, process: asyncio.subprocess.Process, name: str) -> None:
        process.terminate()
        try:
            async with asyncio.timeout(self._stop_timeout_s):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
        if process.returncode != 0:
            await self._sweep(dead_worker=name)
        log.info("worker stopped", worker=name, exit_code=process.returncode)


def _environment(device: str, added: Mapping[str, str]) -> dict[str, str]:
    """Our environment, what is added, and the device; without the token, which only the gateway needs."""
    ours = {key: value for key, value in os.environ.items() if key.upper() != "DISCORD_TOKEN"}
    return {**WORKER_DEFAULTS, **ours, **added, "EASEL_DEVICE": device}
