"""What a process that reads hostile bytes may cost and do: compute, read what is open, write what is open.

It is confined after all imports, because nothing can be opened afterwards. Each limit is set where the
system has it: Linux has all, macOS refuses the one on memory, and Windows has none. The filter of system
calls is for Linux, on the machines listed here. There is no RLIMIT_NPROC: it counts all of a user's
processes, and would take away the thread that HEIC needs; the filter refuses new processes instead.

This module imports nothing of ours: the decoder and its child share it, but not what each of them loads.

`python -m bot.media.sandbox` confines itself and prints what holds, as JSON.
"""

import ctypes
import errno
import os
import platform
import signal
import struct
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from json import dumps
from typing import Final

try:
    import resource
except ModuleNotFoundError:  # Windows
    resource = None  # type: ignore[assignment] # then it has no limits: see `_refused`

MIB: Final = 1024 * 1024
REFUSED: Final = 3
"""The child's exit status for a file that it refuses."""

_SET_DEATH_SIGNAL, _SET_DUMPABLE, _SET_SECCOMP, _SET_NO_NEW_PRIVILEGES = 1, 4, 22, 38
_FILTER: Final = 2

_ALLOW: Final = 0x7FFF0000
_REFUSE: Final = 0x00050000 | errno.EPERM
_UNKNOWN: Final = 0x00050000 | errno.ENOSYS
_KILL: Final = 0x80000000
_LOAD, _IF_EQUAL, _IF_ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06
_CALL_AT, _MACHINE_AT, _FIRST_AT, _THIRD_AT = 0, 4, 16, 32
_EXECUTABLE, _THREAD = 4, 0x10000

_MACHINES: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
# fmt: off
_MEMORY: Final = {"mmap": (9, 222), "mprotect": (10, 226)}
"""Allowed unless they ask for memory that can be executed."""
_CLONE, _CLONE3 = (56, 220), (435, 435)
"""The HEIC decoder starts a thread. clone3 hides its flags from a filter; the C library then takes clone."""
_CALLS: Final = {
    "read": (0, 63), "write": (1, 64), "writev": (20, 66), "close": (3, 57), "fstat": (5, 80),
    "lseek": (8, 62),
    "munmap": (11, 215), "brk": (12, 214), "mremap": (25, 216), "madvise": (28, 233),
    "rt_sigaction": (13, 134), "rt_sigprocmask": (14, 135), "rt_sigreturn": (15, 139),
    "sigaltstack": (131, 132),
    "sched_yield": (24, 124), "sched_getaffinity": (204, 123), "futex": (202, 98), "sysinfo": (99, 179),
    "getpid": (39, 172), "gettid": (186, 178), "getrandom": (318, 278), "restart_syscall": (219, 128),
    "clock_gettime": (228, 113), "clock_nanosleep": (230, 115), "exit": (60, 93), "exit_group": (231, 94),
    "set_robust_list": (273, 99), "rseq": (334, 293),
}
# fmt: on
"""All that decoding needs: no file is opened, no process started, no socket made, nobody signalled.

Numbers on x86-64 and on 64-bit ARM. Source: Linux, arch/x86/entry/syscalls/syscall_64.tbl and
include/uapi/asm-generic/unistd.h.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodeLimits:
    """What one picture may be and cost. A picture with a longer edge than `max_edge_px` is scaled down.

    max_pixels: in a JPEG that is halved by its decoder, twice as many; see `nst_core.images.io`.
    max_scans: of a JPEG. Each pass goes over all of the picture; programs write ten or so.
    """

    max_pixels: int = 120_000_000
    max_edge_px: int = 2048
    min_edge_px: int = 16
    max_aspect: float = 20.0
    max_scans: int = 100
    memory_bytes: int = 2048 * MIB
    cpu_s: int = 8
    deadline_s: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipLimits:
    """What is kept of a moving picture. What has more frames is thinned; it is cut where the time is up.

    edge_px: of each frame; fps: frames a second; pixels, film_pixels: of all frames that are decoded, in the
    file's size, of pictures that move and of films.
    cpu_s, deadline_s: in place of those of a picture.
    """

    frames: int = 48
    seconds: float = 6.0
    edge_px: int = 256
    fps: float = 12.0
    pixels: int = 200_000_000
    film_pixels: int = 1_500_000_000
    cpu_s: int = 20
    deadline_s: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Confinement:
    """What holds in a process that has confined itself.

    missing: the limits that this system does not have, by the names of LIMITS.
    """

    filtered: bool
    missing: tuple[str, ...]


LIMITS: Final = {
    "core dumps": "RLIMIT_CORE",
    "written files": "RLIMIT_FSIZE",
    "opened files": "RLIMIT_NOFILE",
    "memory": "RLIMIT_AS",
    "processor time": "RLIMIT_CPU",
}


def confine(*, memory_bytes: int, cpu_s: int) -> Confinement:
    """Takes away from this process, for good, what it does not need.

    memory_bytes: of address space, the libraries' own included. At `cpu_s` seconds of processor time comes
    SIGXCPU, which differs from the SIGKILL of a machine that is out of memory.
    """
    missing = tuple(_refused(memory_bytes=memory_bytes, cpu_s=cpu_s))
    return Confinement(filtered=sys.platform == "linux" and _filter_calls(), missing=missing)


def _refused(*, memory_bytes: int, cpu_s: int) -> Iterator[str]:
    """Sets each limit by itself, and yields those that the system does not take."""
    most = {"memory": (memory_bytes, memory_bytes), "processor time": (cpu_s, cpu_s + 1)}
    for name, kind in LIMITS.items():
        try:
            resource.setrlimit(getattr(resource, kind), most.get(name, (0, 0)))
        except (AttributeError, ValueError, OSError):
            yield name


def lower_priority(niceness: int) -> None:
    """Lets other processes go first, where the system knows of niceness."""
    if hasattr(os, "nice"):
        os.nice(niceness)


def die_with_parent() -> None:
    """Has Linux kill this process where its parent ends first. That may have happened before."""
    _prctl()(_SET_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)


def _prctl() -> Callable[..., int]:
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    prctl.argtypes = [ctypes.c_int, *[ctypes.c_ulong] * 4]
    return prctl


def _filter_calls() -> bool:
    machine, prctl = platform.machine(), _prctl()
    die_with_parent()
    prctl(_SET_DUMPABLE, 0, 0, 0, 0)
    if machine not in _MACHINES or prctl(_SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0:
        return False
    code = program(machine)
    steps = ctypes.create_string_buffer(code, len(code))
    head = ctypes.create_string_buffer(struct.pack("HP", len(code) // 8, ctypes.addressof(steps)))
    return bool(prctl(_SET_SECCOMP, _FILTER, ctypes.addressof(head), 0, 0) == 0)


def program(machine: str) -> bytes:
    """The filter as classic BPF: any call that is not named is answered with EPERM.

    Source: Linux, Documentation/userspace-api/seccomp_filter.rst.
    """
    column = list(_MACHINES).index(machine)
    steps = [
        (_LOAD, 0, 0, _MACHINE_AT),
        (_IF_EQUAL, 1, 0, _MACHINES[machine]),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _CALL_AT),
    ]
    for numbers in _CALLS.values():
        steps += [(_IF_EQUAL, 0, 1, numbers[column]), (_RETURN, 0, 0, _ALLOW)]
    for numbers in _MEMORY.values():
        steps += [
            (_IF_EQUAL, 0, 4, numbers[column]),
            (_LOAD, 0, 0, _THIRD_AT),
            (_IF_ANY_BIT, 0, 1, _EXECUTABLE),
            (_RETURN, 0, 0, _REFUSE),
            (_RETURN, 0, 0, _ALLOW),
        ]
    steps += [
        (_IF_EQUAL, 0, 1, _CLONE3[column]),
        (_RETURN, 0, 0, _UNKNOWN),
        (_IF_EQUAL, 0, 3, _CLONE[column]),
        (_LOAD, 0, 0, _FIRST_AT),
        (_IF_ANY_BIT, 0, 1, _THREAD),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),
    ]
    return b"".join(struct.pack("HBBI", *step) for step in steps)


if __name__ == "__main__":
    sys.stdout.write(dumps(asdict(confine(memory_bytes=2**32, cpu_s=5))))
    sys.stdout.flush()
    os._exit(0)
