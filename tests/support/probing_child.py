"""A child that says what it finds around itself, and ends as it is told to.

    python -I -m tests.support.probing_child OPERATION [ARGUMENT]

It is started like `bot.media.reading`: by itself, or by a fork server.
"""

import ctypes
import mmap
import os
import resource
import signal
import socket
import sys
import time
from collections.abc import Callable
from json import dumps, loads
from pathlib import Path
from typing import Final

from bot.media.sandbox import MIB, confine

NEXT: Final = bytes((value + 1) % 256 for value in range(256))
"""Each byte's successor: a text that is looked for is told by that, or it would be found in the question."""
ATTACH: Final = 16
"""To `ptrace`."""


def load_libraries() -> None:
    """It has none."""


def tell(*_arguments: str) -> str:
    data = sys.stdin.buffer.read()
    return dumps(
        {
            "environment": dict(os.environ),
            "folder": os.getcwd(),  # noqa: PTH109 - as the system says it
            "process": os.getpid(),
            "parent": os.getppid(),
            "session": os.getsid(0),
            "files": open_files(),
            "arguments": sys.argv[1:],
            "received": len(data),
        }
    )


def open_files() -> list[int]:
    """Their numbers, but for that of the folder which lists them."""
    numbers = [int(name) for name in os.listdir("/proc/self/fd")]  # noqa: PTH208 - names
    return sorted(number for number in numbers if Path(f"/proc/self/fd/{number}").exists())


def search(successors: str) -> str:
    """Whether something is in this process's memory, of which the successor of each byte is given."""
    wanted, found = successors.encode(), False
    sys.stdin.buffer.read()
    spans = [
        line.split()[:2] for line in Path("/proc/self/maps").read_text().splitlines() if "[v" not in line
    ]
    with Path("/proc/self/mem").open("rb", buffering=0) as memory:
        for span, rights in spans:
            if "r" in rights:
                start, end = (int(one, 16) for one in span.split("-"))
                memory.seek(start)
                while memory.tell() < end:
                    part = memory.read(min(MIB, end - memory.tell()))
                    found = found or wanted in part.translate(NEXT)
    return dumps(found)


def attempt() -> str:
    """How each of the statements ends that come instead of a file: "done", or the name of an error."""
    confine(memory_bytes=512 * MIB, cpu_s=5)
    names = {"mmap": mmap, "os": os, "resource": resource, "socket": socket, "trace": trace}
    told = {}
    for name, statement in loads(sys.stdin.buffer.read()).items():
        try:
            exec(statement, names)
            told[name] = "done"
        except (OSError, MemoryError, ValueError) as error:
            told[name] = type(error).__name__
    return dumps(told)


def trace(pid: int) -> None:
    if ctypes.CDLL(None).ptrace(ATTACH, pid, 0, 0) != 0:
        raise OSError("it cannot be traced")


def compute() -> str:
    confine(memory_bytes=2048 * MIB, cpu_s=1)
    return dumps(sum(range(1000)))


def burn() -> str:
    confine(memory_bytes=2048 * MIB, cpu_s=1)
    while True:
        continue


def echo(*_arguments: str) -> bytes:
    return sys.stdin.buffer.read()


def wait(note: str) -> str:
    Path(note).write_text(str(os.getpid()))
    time.sleep(600)
    return ""


def crash(name: str) -> str:
    os.kill(os.getpid(), getattr(signal, name))
    return ""


def end(status: str) -> str:
    sys.stderr.write("as I was told to")
    sys.stderr.flush()
    os._exit(int(status))


def fail() -> str:
    raise ValueError("as I was told to")


OPERATIONS: Final[dict[str, Callable[..., bytes | str]]] = {
    "tell": tell,
    "search": search,
    "attempt": attempt,
    "compute": compute,
    "burn": burn,
    "echo": echo,
    "wait": wait,
    "crash": crash,
    "end": end,
    "fail": fail,
}


def main() -> None:
    answer = OPERATIONS[sys.argv[1]](*sys.argv[2:])
    sys.stdout.buffer.write(answer if isinstance(answer, bytes) else answer.encode())
    sys.stdout.buffer.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
