"""Forks a child for each file: `python -I -m bot.media.fork_server IDLE_S MODULE...`. Linux only.

It has loaded what the modules need, which is most of a child's time. Its standard input is a socket. Each
message there brings three sockets for one child, and the message itself says nothing: what is to be done, and
with which file, comes to the child alone, so that no child finds a trace of another's file in its memory.

1. The child's standard input and output: a line of JSON, the module and its arguments; then the file.
2. Its standard error.
3. The line: the exit status goes out on it, and where its other end is closed the child is killed.

It ends with its input, with its parent, or where nothing was asked for in IDLE_S; and its children with it.
`bot.media.warm_children` is its other side.
"""

import gc
import os
import selectors
import signal
import socket
import struct
import sys
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from json import loads
from types import ModuleType
from typing import Final

from bot.media.sandbox import die_with_parent

STATUS: Final = struct.Struct("=i")
"""An exit status as the line tells it; negative for a signal."""
SOCKETS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Running:
    """A child. It is waited for only here, so until then its number is nobody else's."""

    pid: int
    watched: int
    line: socket.socket


class Server:
    """The loop. It starts no thread, for a fork would lose it."""

    def __init__(self, control: socket.socket, *, idle_s: float) -> None:
        self._control = control
        self._idle_s = idle_s
        self._selector = selectors.DefaultSelector()
        self._selector.register(control, selectors.EVENT_READ)
        self._running: dict[int, Running] = {}
        self._by_line: dict[int, Running] = {}

    def serve(self) -> list[int] | None:
        """Returns in each child its sockets, of which two are its standard ones; at the end None."""
        while True:
            ready = {key.fd for key, _events in self._selector.select(self._patience_s())}
            if not ready and not self._running:
                return None
            for number in ready & self._running.keys():
                self._end(self._running[number])
            for number in ready & self._by_line.keys():
                self._kill(self._by_line[number])
            # Last, for a new child's files may get the numbers of closed ones.
            if self._control.fileno() in ready:
                sockets = self._received()
                if sockets is None:
                    self._stop()
                    return None
                if self._fork(sockets):
                    return sockets

    def _patience_s(self) -> float | None:
        return None if self._running else self._idle_s

    def _received(self) -> list[int] | None:
        """None at the end of the input."""
        try:
            said, sockets, _flags, _address = socket.recv_fds(self._control, 1, SOCKETS)
        except ConnectionResetError:
            return None
        return sockets if said else None

    def _fork(self, sockets: list[int]) -> bool:
        """Whether this is the child. Where there can be none, the line is closed without a status."""
        if len(sockets) < SOCKETS:  # no more files can be opened
            for number in sockets:
                os.close(number)
            return False
        own = os.getpid()
        try:
            pid = os.fork()
        except OSError:
            pid = -1
        if pid == 0:
            self._let_go()
            begin(sockets, parent=own)
            return True
        line = socket.socket(fileno=sockets[-1])
        for number in sockets[:-1]:
            os.close(number)
        if pid > 0:
            self._watch(pid, line)
        else:
            line.close()
        return False

    def _watch(self, pid: int, line: socket.socket) -> None:
        try:
            watched = os.pidfd_open(pid)
        except OSError:  # no more files can be opened
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            line.close()
            return
        child = Running(pid=pid, watched=watched, line=line)
        self._running[watched] = self._by_line[line.fileno()] = child
        self._selector.register(watched, selectors.EVENT_READ)
        self._selector.register(line, selectors.EVENT_READ)

    def _kill(self, child: Running) -> None:
        """The other end of its line is closed: nobody waits for it any more."""
        self._selector.unregister(child.line)
        del self._by_line[child.line.fileno()]
        os.kill(child.pid, signal.SIGKILL)

    def _end(self, child: Running) -> None:
        _pid, status = os.waitpid(child.pid, 0)
        del self._running[child.watched]
        self._selector.unregister(child.watched)
        os.close(child.watched)
        if self._by_line.pop(child.line.fileno(), None):
            self._selector.unregister(child.line)
        with child.line, suppress(OSError):  # nobody may wait for it any more
            child.line.sendall(STATUS.pack(os.waitstatus_to_exitcode(status)))

    def _stop(self) -> None:
        for child in list(self._running.values()):
            os.kill(child.pid, signal.SIGKILL)
            self._end(child)

    def _let_go(self) -> None:
        """In a child: closes what belongs to the server and to other children."""
        self._selector.close()
        self._control.close()
        for child in self._running.values():
            os.close(child.watched)
            child.line.close()


def begin(sockets: list[int], *, parent: int) -> None:
    """Makes this process a child like one that was started by itself, with three open files."""
    die_with_parent()
    if os.getppid() != parent:  # it has ended before
        os._exit(1)
    os.setsid()
    talk, complaint, _line = sockets
    for number, file in enumerate((talk, talk, complaint)):
        os.dup2(file, number)
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - names
        if int(name) > 2:
            with suppress(OSError):  # that of the folder is closed already
                os.close(int(name))


def run(modules: dict[str, ModuleType]) -> None:
    """In a child: what its input asks for. An error ends it as it ends any Python."""
    try:
        with open(0, "rb", buffering=0, closefd=False) as talk:  # not a byte of the file is taken along
            name, *arguments = loads(talk.readline())
        sys.argv[:] = [name, *arguments]
        modules[name].main()
    except BaseException:  # noqa: BLE001 - the process's own end
        sys.excepthook(*sys.exc_info())
    os._exit(1)


def main() -> None:
    die_with_parent()
    control = socket.socket(fileno=os.dup(0))
    idle_s, names = float(sys.argv[1]), sys.argv[2:]
    modules = {name: import_module(name) for name in names}
    for module in modules.values():
        module.load_libraries()
    gc.collect()
    gc.freeze()  # or each child's own collections would copy all of it
    threads = os.listdir("/proc/self/task")  # noqa: PTH208 - their names
    if len(threads) > 1:
        sys.exit("a library has started a thread, which a fork would lose")
    if Server(control, idle_s=idle_s).serve() is not None:
        run(modules)


if __name__ == "__main__":
    main()
