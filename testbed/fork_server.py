"""Starts Python modules by forking: `python -P testbed/fork_server.py NAME`. Ends with its standard input.

It has loaded what others have written, which is most of the time of a start. Our own modules are loaded by
each process anew, with the environment, the folder and the clock that it was started with. It starts no
thread, for a fork would lose it; `testbed.forked` is its other side.
"""

import gc
import json
import os
import runpy
import selectors
import socket
import struct
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any, Final

PACKAGES: Final = (
    *(
        "aiohttp.web",
        "aiolimiter",
        "aiosqlite",
        "alembic.command",
        "alembic.runtime.migration",
        "babel.dates",
    ),
    *("cyclopts", "discord.app_commands", "obstore.store", "platformdirs", "procrastinate"),
    *(
        "prometheus_client",
        "psutil",
        "psycopg",
        "psycopg_pool",
        "pydantic_settings",
        "pynvml",
        "rich.console",
    ),
    *("sqlalchemy.dialects.postgresql.psycopg", "sqlalchemy.dialects.sqlite.aiosqlite"),
    *("sqlalchemy.ext.asyncio", "stamina", "structlog"),
)
NUMBER: Final = struct.Struct("!i")


def address(name: str) -> str:
    """Of a socket that is no file, and needs no folder."""
    return f"\0{name}"


def load() -> None:
    for name in PACKAGES:
        try:
            import_module(name)
        except ModuleNotFoundError:  # the process itself says what is missing
            continue
    gc.collect()
    gc.freeze()


class Server:
    """Forks for each request, and tells who asked for it the process's number and how it ended."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._selector = selectors.DefaultSelector()
        self._selector.register(listener, selectors.EVENT_READ)
        self._selector.register(0, selectors.EVENT_READ)
        self._running: dict[int, tuple[int, socket.socket]] = {}

    def serve(self) -> dict[str, Any] | None:
        """Returns in each child what that shall run, and at the end nothing."""
        while True:
            for key, _ in self._selector.select():
                if key.fd == 0:
                    return None
                if key.fd in self._running:
                    self._end(key.fd)
                    continue
                line = self._listener.accept()[0]
                request, files = received(line)
                pid = os.fork()
                if not pid:
                    self._let_go(line)
                    put_in_place(files)
                    return request
                for file in files:
                    os.close(file)
                self._begin(pid, line)

    def _begin(self, pid: int, line: socket.socket) -> None:
        line.sendall(NUMBER.pack(pid))
        watched = os.pidfd_open(pid)
        self._selector.register(watched, selectors.EVENT_READ)
        self._running[watched] = pid, line

    def _end(self, watched: int) -> None:
        pid, line = self._running.pop(watched)
        self._selector.unregister(watched)
        os.close(watched)
        _, status = os.waitpid(pid, 0)
        with line, suppress(OSError):  # nobody may ask any more
            line.sendall(NUMBER.pack(os.waitstatus_to_exitcode(status)))

    def _let_go(self, line: socket.socket) -> None:
        """In a child: nothing of the server stays open."""
        line.close()
        self._selector.close()
        self._listener.close()
        for watched, (_, other) in self._running.items():
            os.close(watched)
            other.close()


def received(line: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """What is to be run, and its standard input, output and error."""
    head, files, _, _ = socket.recv_fds(line, NUMBER.size, 3)
    (left,) = NUMBER.unpack(head)
    request: dict[str, Any] = json.loads(line.recv(left, socket.MSG_WAITALL))
    return request, files


def put_in_place(files: list[int]) -> None:
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)


def prepare(request: dict[str, Any], path: list[str]) -> None:
    """Makes this process what `python -m` would have made it."""
    if request["new_session"]:
        os.setsid()
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    added = os.environ.get("PYTHONPATH", "")
    sys.path[:] = [str(Path.cwd()), *filter(None, added.split(os.pathsep)), *path]
    sys.argv[:] = [request["module"], *request["arguments"]]
    if os.environ.get("PYTHONUNBUFFERED"):
        for stream in (sys.stdout, sys.stderr):
            stream.reconfigure(write_through=True)  # type: ignore[union-attr]  # they are files here


def main() -> None:
    own = list(sys.path)
    load()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address(sys.argv[1]))
        listener.listen()
        assert len(list(Path("/proc/self/task").iterdir())) == 1, "a package has started a thread"
        os.write(1, b"ready\n")
        request = Server(listener).serve()
    if request is not None:
        prepare(request, own)
        runpy.run_module(request["module"], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
