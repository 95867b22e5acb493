"""Worker processes on this machine: started, replaced when they die or freeze, and stopped gracefully."""

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
TICK_S = 1.0
START_S = 300.0
"""How long a worker may be silent as it starts: PyTorch is loaded from a slow disk, a GPU is woken."""
MIN_SILENCE_S, MAX_SILENCE_S = 5.0, 20.0
"""A worker that freezes in a transaction holds SQLite's lock, for which others wait `bot.db.LOCK_S`."""
# Threads that spin while they wait for each other lose the cores that they share: measured 2 to 5 times
# slower beside busy processes, against a tenth gained on an idle machine.
WORKER_DEFAULTS = {"OMP_WAIT_POLICY": "PASSIVE"}


class Supervisor:
    """Keeps one worker process per device running until cancelled. pids: of those that run, by name.

    A worker beats every second (`bot.worker.heartbeat`). One that is silent for longer than its lease is
    killed.
    """

    def __init__(
        self,
        *,
        engine: JobEngine,
        devices: list[str],
        stop_timeout_s: float,
        lease_s: float,
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
        self._silence_s = min(max(lease_s, MIN_SILENCE_S), MAX_SILENCE_S)
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
            stdout=subprocess.PIPE,
            env=_environment(device, self._environment),
            start_new_session=True,  # Ctrl-C in a terminal is meant only for the supervisor
        )
        self.pids[name] = process.pid
        log.info("worker started", worker=name, device=device, pid=process.pid)
        try:
            async with asyncio.TaskGroup() as group:
                watching = group.create_task(self._kill_when_silent(process, name))
                code = await process.wait()
                watching.cancel()
            return code
        finally:
            del self.pids[name]
            if process.returncode is None:
                await self._stop(process, name)

    async def _kill_when_silent(self, process: asyncio.subprocess.Process, name: str) -> None:
        """Counts seconds without a beat while this process runs: if both froze, the worker gets its time."""
        assert process.stdout is not None
        silent_s, limit_s = 0.0, START_S
        while silent_s < limit_s:
            try:
                async with asyncio.timeout(TICK_S):
                    if not await process.stdout.read(1024):
                        return  # it ends
                silent_s, limit_s = 0.0, self._silence_s
            except TimeoutError:
                silent_s += TICK_S
        log.error("worker is frozen, killing it", worker=name, silent_s=silent_s)
        process.kill()

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
