"""A bot as a process of its own: started, watched, stopped, killed; its log kept."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

import psutil

from testbed import forked
from testbed.discord.server import DiscordServer
from testbed.forked import Running

STOP_TIMEOUT_S = 60.0
LOG_TAIL_CHARS = 6000


class BotProcess:
    """One bot process at a time on one data folder, logged in to one stand-in Discord."""

    def __init__(
        self,
        command: Sequence[str],
        discord: DiscordServer,
        folder: Path,
        environment: dict[str, str],
        *,
        quick: bool = False,
    ) -> None:
        """command: what Python gets. quick: it is "-m" and a module, which is forked (`testbed.forked`)."""
        self._command = command
        self._quick = quick
        self._discord = discord
        self._folder = folder
        self.environment = environment
        self._process: Running | None = None
        self._family: set[psutil.Process] = set()
        self.log_path = folder / "bot.log"
        self.meant_to_live = False
        discord.changes.alarms.append(self._check)
        requests = discord.changes.account
        discord.changes.account = lambda: f"{requests()}\nthe bot's log:\n{self.log[-LOG_TAIL_CHARS:]}"

    @property
    def log(self) -> str:
        return self.log_path.read_text(encoding="utf-8", errors="replace") if self.log_path.exists() else ""

    @property
    def pid(self) -> int:
        self._must_live()
        assert self._process is not None
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    async def start(self) -> None:
        """Starts the process and waits until it is logged in and its commands are there."""
        known, synced = set(self._discord.gateway.sessions), self._syncs()
        with self.log_path.open("ab") as log:
            self._process = self._launch(log)
        self.meant_to_live = True
        try:
            await self._discord.until(
                lambda: self._discord.gateway.sessions.keys() - known and self._syncs() > synced,
                "the bot to log in and sync its commands",
            )
        except AssertionError:
            self.meant_to_live = False
            raise

    def _launch(self, log: IO[bytes]) -> Running:
        if self._quick:
            _, module, *arguments = self._command
            with Path(os.devnull).open("rb") as nothing:
                return forked.start(
                    module,
                    *arguments,
                    folder=self._folder,
                    environment=self.environment,
                    stdin=nothing.fileno(),
                    stdout=log.fileno(),
                    stderr=log.fileno(),
                )
        return subprocess.Popen(
            [sys.executable, *self._command],
            cwd=self._folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    @property
    def peers(self) -> set[str]:
        """The addresses that the process and its workers are connected to."""
        links = [link for member in self._relatives() for link in member.net_connections("tcp")]
        return {link.raddr.ip for link in links if link.status == psutil.CONN_ESTABLISHED}

    async def stop(self, stop_signal: signal.Signals = signal.SIGTERM) -> int:
        """Asks the process to end; its exit code."""
        process = self._prepare_end()
        process.send_signal(stop_signal)
        return await self._reap(process)

    async def kill(self, *, workers: bool = True) -> None:
        """Ends the process at once, and with it the worker processes unless they shall be left orphans."""
        process = self._prepare_end()
        process.kill()
        if workers:
            self.sweep()
        await self._reap(process)
        await self._discord.until(lambda: not self._discord.gateway.live, "the gateway to notice")

    def sweep(self) -> list[str]:
        """Ends what is left of the processes that this one started; says what that was."""
        left: dict[psutil.Process, str] = {}
        for member in self._family:
            with suppress(psutil.NoSuchProcess):  # it may end at any moment
                if member.status() != psutil.STATUS_ZOMBIE:
                    left[member] = " ".join(member.cmdline())
                    member.kill()
        psutil.wait_procs(left, timeout=STOP_TIMEOUT_S)
        return list(left.values())

    async def close(self) -> None:
        """Leaves nothing running, whatever the test did."""
        if self.running:
            await self.kill()
        self.sweep()

    def _prepare_end(self) -> Running:
        self._relatives()
        self.meant_to_live = False
        assert self._process is not None
        return self._process

    def _relatives(self) -> set[psutil.Process]:
        """The process and all that it has started; these are remembered, for they may outlive it."""
        self._must_live()
        assert self._process is not None
        bot = psutil.Process(self._process.pid)
        children = set(bot.children(recursive=True))
        self._family |= children
        return {bot, *children}

    async def _reap(self, process: Running) -> int:
        try:
            return await asyncio.to_thread(process.wait, STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"the bot did not end\n{self._discord.changes.account()}") from None

    def _check(self) -> None:
        if self.meant_to_live:
            self._must_live()

    def _must_live(self) -> None:
        if not self.running:
            code = None if self._process is None else self._process.returncode
            raise AssertionError(
                f"the bot does not run (exit code {code})\n{self._discord.changes.account()}"
            )

    def _syncs(self) -> int:
        return sum(call.method == "PUT" and call.path.endswith("/commands") for call in self._discord.calls)
