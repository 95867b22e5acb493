"""Python modules as processes of their own that start quickly: forked, with other people's packages loaded.

What is started is the same as with `python -m`, but for its command line as the system shows it. Elsewhere
than on Linux it is `python -m`.
"""

import atexit
import functools
import json
import os
import secrets
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from testbed.fork_server import NUMBER, address

ROOT = Path(__file__).parents[1]
SERVER = Path(__file__).with_name("fork_server.py")


class Running(Protocol):
    """What `subprocess.Popen` says of a process, as far as it is needed."""

    pid: int

    @property
    def returncode(self) -> int | None: ...

    def poll(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int: ...

    def send_signal(self, sig: int) -> None: ...

    def kill(self) -> None: ...

    def terminate(self) -> None: ...


class ForkedProcess:
    """A child of the fork server, which waits for it and says how it ended."""

    def __init__(self, arguments: Sequence[str], line: socket.socket) -> None:
        self.args = arguments
        self._line = line
        self._code: int | None = None
        self.pid = self._number()

    def _number(self) -> int:
        answer = self._line.recv(NUMBER.size, socket.MSG_WAITALL)
        if not answer:
            raise RuntimeError("the fork server has ended")
        (number,) = NUMBER.unpack(answer)
        return int(number)

    @property
    def returncode(self) -> int | None:
        return self._code

    def poll(self) -> int | None:
        return self._told(0)

    def wait(self, timeout: float | None = None) -> int:
        code = self._told(timeout)
        if code is None:
            assert timeout is not None
            raise subprocess.TimeoutExpired(list(self.args), timeout)
        return code

    def _told(self, timeout_s: float | None) -> int | None:
        if self._code is None and select.select([self._line], [], [], timeout_s)[0]:
            self._code = self._number()
            self._line.close()
        return self._code

    def send_signal(self, sig: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, sig)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)


def start(
    module: str,
    *arguments: str,
    folder: Path,
    environment: Mapping[str, str],
    stdin: int,
    stdout: int,
    stderr: int,
    new_session: bool = True,
) -> Running:
    """`python -m MODULE ARGUMENTS` with three open files as its standard ones."""
    files = (stdin, stdout, stderr)
    if sys.platform != "linux":
        return subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            **dict(zip(("stdin", "stdout", "stderr"), files, strict=True)),
            cwd=folder,
            env=dict(environment),
            start_new_session=new_session,
        )
    request = {
        "module": module,
        "arguments": arguments,
        "folder": str(folder),
        "environment": dict(environment),
        "new_session": new_session,
    }
    text = json.dumps(request).encode()
    line = socket.socket(socket.AF_UNIX)
    line.connect(address(_server()))
    socket.send_fds(line, [NUMBER.pack(len(text))], files)
    line.sendall(text)
    return ForkedProcess((module, *arguments), line)


@functools.cache
def _server() -> str:
    """The name of this process's fork server, which ends with this process."""
    name = f"easel-fork-{secrets.token_hex(8)}"
    own = {"PYTHONPATH", "PYTHONUNBUFFERED"}  # of each process that is started
    clean = {key: value for key, value in os.environ.items() if key not in own}
    server = subprocess.Popen(
        [sys.executable, "-P", SERVER, name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env=clean,
        start_new_session=True,
    )
    assert server.stdout is not None
    if server.stdout.readline() != b"ready\n":
        raise RuntimeError("the fork server did not start")
    atexit.register(server.communicate)
    return name
