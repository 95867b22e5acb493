"""One process of the service: started, frozen, killed; its log kept."""

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path

from testbed import forked

END_TIMEOUT_S = 30.0


class Process:
    """A Python module's process, forked, whose standard input is open as long as we live."""

    def __init__(
        self, arguments: Sequence[str], *, folder: Path, log: Path, environment: Mapping[str, str]
    ) -> None:
        self._log = log
        reading, writing = os.pipe()
        self._stdin = os.fdopen(writing, "wb")
        with log.open("ab") as sink:
            self._process = forked.start(
                *arguments,
                folder=folder,
                environment=environment,
                stdin=reading,
                stdout=sink.fileno(),
                stderr=sink.fileno(),
            )
        os.close(reading)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    @property
    def code(self) -> int | None:
        return self._process.poll()

    def freeze(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    async def kill(self) -> None:
        """Kill -9."""
        self._process.kill()
        await self.ended()

    async def stop(self) -> int:
        """SIGTERM; its exit code."""
        self._process.terminate()
        return await self.ended()

    async def ended(self) -> int:
        """Waits for the process to end.

        Raises:
            TimeoutError: it does not, and was killed.
        """
        try:
            async with asyncio.timeout(END_TIMEOUT_S):
                while self._process.poll() is None:  # noqa: ASYNC110 - a process tells nobody
                    await asyncio.sleep(0.01)
        except TimeoutError:
            self._process.kill()
            self._process.wait()
            raise
        self._stdin.close()
        code = self._process.returncode
        assert code is not None
        return code

    def tail(self, chars: int = 4000) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")[-chars:] if self._log.exists() else ""
